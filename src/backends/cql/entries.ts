/** Reads the listing entries of one partition in order of creation, also past many tombstones. */
import type { StoreError } from "../../model/errors.ts";
import type { ListPosition } from "../../ports/item-repository.ts";
import { isReadAborted } from "./errors.ts";
import { type EntryRange, Windows, type WindowsOptions } from "./windows.ts";

/** A listing entry: position of an item, and its expiry. */
export interface Entry extends ListPosition {
  /** Milliseconds; 0 for the marker of a delete; null without expiry. */
  readonly expiresAt: number | null;
}

/** Options of an entry reader. */
export interface EntryReaderOptions extends WindowsOptions {
  /** Null starts at the first. */
  readonly after: ListPosition | null;
  /** Reads the first `limit` entries of a range, in the direction of the listing. */
  readonly read: (range: EntryRange, limit: number) => Promise<readonly Entry[]>;
}

/** Bounds of all positions: versions are microseconds since the epoch. */
const FIRST: ListPosition = { created: -1, key: "" };
const LAST: ListPosition = { created: Number.MAX_SAFE_INTEGER, key: "" };

/**
 * Reads one partition from a position.
 *
 * An expired entry leaves a tombstone for an hour. Cassandra aborts a read of more than 100,000 tombstones
 * (`tombstone_failure_threshold`), and the session aborts it on ScyllaDB, which returns empty pages instead
 * (`page-budget.ts`). After such an abort the partition is read in windows.
 */
export class EntryReader {
  readonly #options: EntryReaderOptions;
  readonly #end: ListPosition;
  #after: ListPosition;
  #isAtEnd = false;
  #isSpent = false;
  /** Null while the entire rest is read at once. */
  #windows: Windows | null = null;

  constructor(options: EntryReaderOptions) {
    const [start, end] = options.order === "oldest" ? [FIRST, LAST] : [LAST, FIRST];
    this.#options = options;
    this.#after = options.after ?? start;
    this.#end = end;
    if (!options.plan.isEmpty) this.#windows = new Windows(options, this.#after, end);
  }

  /** Position of the last entry that was read. */
  get after(): ListPosition {
    return this.#after;
  }

  /** Whether there are no more. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** Whether the time budget is spent; another reader continues at {@link after}. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /**
   * Reads the next entries: at most `limit`, and at least one unless the end is reached or the time budget is spent.
   *
   * @throws {StoreError} when the server aborts even the narrowest window or a window spends the time budget, and for failures
   *   other than tombstones.
   */
  async next(limit: number): Promise<readonly Entry[]> {
    while (!this.#isAtEnd && !this.#isSpent) {
      const to = this.#windows?.endOf(this.#after) ?? this.#end;
      const found = await this.#attempt({ after: this.#after, to }, limit);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** Reads the entries of a range; returns none when the server aborted, so that a smaller range is tried. */
  async #attempt(range: EntryRange, limit: number): Promise<readonly Entry[]> {
    const begunAt = performance.now();
    try {
      const found = await this.#options.read(range, limit);
      const last = found.length < limit ? null : (found.at(-1) ?? null);
      this.#after = last ?? range.to;
      this.#isAtEnd = last === null && range.to === this.#end;
      if (last === null) this.#windows?.succeed(range, performance.now() - begunAt);
      this.#isSpent = this.#windows?.isSpent() ?? false;
      return found;
    } catch (error) {
      if (!isReadAborted(error)) throw error;
      this.#narrow(range, error);
      return [];
    }
  }

  #narrow(range: EntryRange, error: StoreError): void {
    if (this.#windows === null) {
      this.#windows = new Windows(this.#options, range.after, this.#end);
      return;
    }
    this.#isSpent = this.#windows.isSpent();
    const isStuck = this.#isSpent && range.after === this.#windows.start;
    if (isStuck || !this.#windows.fail(range)) throw error;
  }
}
