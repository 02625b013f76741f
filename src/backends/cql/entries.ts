/** Reads the entries of one partition in order of creation, also past graveyards. */
import type { StoreError } from "../../model/errors.ts";
import type { ListPosition } from "../../ports/item-repository.ts";
import { isReadAborted } from "./errors.ts";
import { type Stretch, Windows, type WindowsOptions } from "./windows.ts";

/** The place of an item in the listing, and what its entry tells of its end. */
export interface Entry extends ListPosition {
  /** Milliseconds; 0 for the marker of a delete; null where the entry does not say. */
  readonly endsAt: number | null;
}

/** What is read, and how. */
export interface EntryReaderOptions extends WindowsOptions {
  /** Null starts at the first. */
  readonly after: ListPosition | null;
  /** Reads the first `limit` entries of a stretch, in the direction of the listing. */
  readonly read: (stretch: Stretch, limit: number) => Promise<readonly Entry[]>;
}

/** Versions are microseconds since the epoch, so none lies outside. */
const FIRST: ListPosition = { created: -1, key: "" };
const LAST: ListPosition = { created: Number.MAX_SAFE_INTEGER, key: "" };

/**
 * Reads one partition, from a place on.
 *
 * An entry that has expired leaves a tombstone, for an hour. A read passes over tombstones one by one. Cassandra aborts it
 * beyond 100,000 of them (`tombstone_failure_threshold`), and the session after as many on ScyllaDB, which returns empty
 * pages instead (`page-budget.ts`). From there on the partition is read in windows.
 */
export class EntryReader {
  readonly #options: EntryReaderOptions;
  readonly #end: ListPosition;
  #after: ListPosition;
  #isAtEnd = false;
  #isSpent = false;
  /** Null where the whole rest can be asked for. */
  #windows: Windows | null = null;

  constructor(options: EntryReaderOptions) {
    const [start, end] = options.order === "oldest" ? [FIRST, LAST] : [LAST, FIRST];
    this.#options = options;
    this.#after = options.after ?? start;
    this.#end = end;
    if (!options.plan.isEmpty) this.#windows = new Windows(options, this.#after, end);
  }

  /** All entries up to here have been read. */
  get after(): ListPosition {
    return this.#after;
  }

  /** Whether there are no more. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** Whether the time is spent; what there may be behind {@link after} is for another reader. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /**
   * Reads on: at most `limit` entries, and at least one unless the end is reached or the time is spent.
   *
   * @throws {StoreError} when the server gives up even the narrowest window, or the time is spent on one; or for
   *   another reason than tombstones.
   */
  async next(limit: number): Promise<readonly Entry[]> {
    while (!this.#isAtEnd && !this.#isSpent) {
      const to = this.#windows?.endOf(this.#after) ?? this.#end;
      const found = await this.#attempt({ after: this.#after, to }, limit);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** The entries of a stretch; none where the server gave up, and less of it is to be tried. */
  async #attempt(stretch: Stretch, limit: number): Promise<readonly Entry[]> {
    const begunAt = performance.now();
    try {
      const found = await this.#options.read(stretch, limit);
      const last = found.length < limit ? null : (found.at(-1) ?? null);
      this.#after = last ?? stretch.to;
      this.#isAtEnd = last === null && stretch.to === this.#end;
      if (last === null) this.#windows?.succeed(stretch, performance.now() - begunAt);
      this.#isSpent = this.#windows?.isOver() ?? false;
      return found;
    } catch (error) {
      if (!isReadAborted(error)) throw error;
      this.#giveWay(stretch, error);
      return [];
    }
  }

  #giveWay(stretch: Stretch, error: StoreError): void {
    if (this.#windows === null) {
      this.#windows = new Windows(this.#options, stretch.after, this.#end);
      return;
    }
    this.#isSpent = this.#windows.isOver();
    const isStuck = this.#isSpent && stretch.after === this.#windows.begun;
    if (isStuck || !this.#windows.fail(stretch)) throw error;
  }
}
