/** Reads one page of a walk: the matching records after an offset, up to a limit. */
import type { Deadline } from "../concurrency/deadline.ts";
import { TimeSlice } from "../concurrency/time-slice.ts";
import { ValidationError, StoreError } from "../model/errors.ts";
import type { LiveRecord, Value } from "../model/item.ts";
import type { Filter } from "../model/filter.ts";
import { matchesFilter, testsIn } from "../model/filter-match.ts";
import { isReadable, tryDecodeValue } from "../model/value-codec.ts";
import type { ItemRepository, NonMatching } from "../ports/item-repository.ts";
import type { Found } from "./found.ts";
import { neededFor, type MatchCounts } from "./match-rates.ts";
import { walk, type Walk, type WalkPlace, type WalkStep } from "./listing.ts";
import type { Reading } from "./read-budget.ts";

/** What to read. */
export interface PageRequest {
  readonly walk: Walk;
  readonly filter: Filter | null;
  /** Matching records to skip. */
  readonly offset: number;
  /** Of these, how many precede the place where the walk starts; none by default. */
  readonly preceding?: number;
  readonly limit: number;
  /** Most records that are read without being returned, including those skipped for the offset. */
  readonly maxScanned: number;
  /** Bytes of values after which the page is truncated; unlimited by default. */
  readonly maxBytes?: number;
  /** Most tests of fields by the filter, over all records; unlimited by default. */
  readonly maxTests?: number;
  /** Shortly before the deadline the page is truncated, so that the caller can continue with a cursor. */
  readonly deadline: Deadline;
  /** Counts the bytes of the records found. */
  readonly reading: Reading;
  /** Whether the page is truncated when the byte limit of reads is reached, instead of rejected. */
  readonly endsWhenFull?: boolean;
  /** Returns whether to omit a record, independent of the filter; a promise where the answer takes long. */
  readonly leaveOut?: (record: LiveRecord) => boolean | Promise<boolean>;
}

/** A page. */
export interface Page extends MatchCounts {
  readonly found: readonly Found[];
  /** The place before the first match of the page; null at the start of the walk. */
  readonly before: WalkPlace | null;
  /** Where the next page starts. */
  readonly last: WalkPlace | null;
  /** The first expiry of the matches that were skipped, and of all matches, milliseconds; Infinity without one. */
  readonly skippedExpire: number;
  readonly matchesExpire: number;
  readonly more: boolean;
  /** Whether reading stopped at a limit. */
  readonly truncated: boolean;
  /** Reasons why values could not be decoded; one for each omitted record. */
  readonly faults: readonly StoreError[];
}

/** A request without result, such as for a registered namespace without live items, counts as this many records. */
const RECORDS_AN_EMPTY_STEP = 10;

/** Share of the deadline after which a page is truncated. */
const READING_SHARE = 0.8;

/**
 * Reads a page.
 *
 * @throws {ValidationError} when the offset cannot be reached within the limits.
 */
export async function readPage(items: ItemRepository, request: PageRequest): Promise<Page> {
  const page = new PageBuilder(request);
  const walked = { ...request.walk, expectedMore: () => page.expectedMore() };
  // The repository leaves out what does not match, unless other records are to be omitted too: these are not tested.
  for (let filter = request.leaveOut === undefined ? request.filter : null; ; filter = null) {
    const end = await readSteps(page, walk(items, { ...walked, after: page.reached, filter }), request);
    // Where a limit is reached among records that were left out, these are read, to stop at the right one.
    if (end !== null) return end;
  }
}

/** Adds the records of a walk. Returns the page; null if a limit is reached among records that the repository left out. */
async function readSteps(page: PageBuilder, steps: AsyncIterable<WalkStep>, { leaveOut, reading }: PageRequest): Promise<Page | null> {
  const slice = new TimeSlice();
  for await (const { records, nonMatching, place } of steps) {
    reading.pageRead(records);
    for (let i = 0; i < records.length; i += 1) {
      const record = records[i] as LiveRecord;
      if (!page.passOver(nonMatching?.[i], record.namespace)) return null;
      const isLeftOut = leaveOut?.(record) ?? false;
      const end = page.add(record, typeof isLeftOut === "boolean" ? isLeftOut : await isLeftOut);
      if (end !== null) return end;
      const turn = slice.turn();
      if (turn !== null) await turn;
    }
    const others = nonMatching?.[records.length];
    if (!page.passOver(others, place.namespace)) return null;
    const end = page.endStep(place, records.length === 0 && (others ?? null) === null);
    if (end !== null) return end;
  }
  return page.end({ more: false, truncated: false });
}

/** Collects the records of a page. */
class PageBuilder {
  readonly #request: PageRequest;
  readonly #found: Found[] = [];
  readonly #faults: StoreError[] = [];
  #before: WalkPlace | null = null;
  #last: WalkPlace | null = null;
  /** Everything up to here was added. */
  #reached: WalkPlace | null;
  #skippedExpire = Infinity;
  #keptExpire = Infinity;
  readonly #preceding: number;
  #skipped: number;
  #passedOver = 0;
  #emptySteps = 0;
  #bytes = 0;
  /** Remaining tests of fields. */
  #tests: number;
  readonly #testsEach: number;
  readonly #maxBytes: number;

  constructor(request: PageRequest) {
    this.#request = request;
    this.#reached = request.walk.after;
    this.#preceding = request.preceding ?? 0;
    this.#skipped = this.#preceding;
    this.#tests = request.maxTests ?? Infinity;
    this.#maxBytes = request.maxBytes ?? Infinity;
    this.#testsEach = testsIn(request.filter);
  }

  /** Adds the next record of the walk. Returns the page once it is complete. */
  add(record: LiveRecord, isLeftOut: boolean): Page | null {
    const { filter, offset, limit } = this.#request;
    const decoded = isLeftOut ? undefined : this.#decoded(record);
    const isUnreadable = decoded instanceof StoreError;
    if (isUnreadable) this.#faults.push(decoded);
    const value = isUnreadable || filter === null ? undefined : decoded;
    if (value !== undefined) this.#tests -= this.#testsEach;
    if (isLeftOut || isUnreadable || (value !== undefined && !matchesFilter(value, filter))) {
      this.#passedOver += 1;
      if (this.#isAtBound()) return this.#stopAtBound(record);
    } else if (this.#skipped < offset) {
      this.#skipped += 1;
      if (record.expiresAt !== null) this.#skippedExpire = Math.min(this.#skippedExpire, record.expiresAt);
      if (this.#skipped < offset && this.#isAtBound()) return this.#stopAtBound(record);
    } else if (this.#found.length === limit) {
      return this.end({ more: true, truncated: false });
    } else if (!this.#keep(record, value)) {
      return this.end({ more: true, truncated: true });
    }
    if (this.#tests <= 0) return this.#stopAtBound(record);
    this.#last = record;
    this.#reached = record;
    return null;
  }

  /** Counts records that the repository left out. Returns false, and counts none, if a limit is reached among them. */
  passOver(others: NonMatching | null | undefined, namespace: string): boolean {
    if (others === null || others === undefined) return true;
    const tests = others.count * this.#testsEach;
    this.#passedOver += others.count;
    this.#tests -= tests;
    if (this.#isAtBound()) {
      this.#passedOver -= others.count;
      this.#tests += tests;
      return false;
    }
    this.#last = { namespace, ...others.end };
    this.#reached = this.#last;
    return true;
  }

  /** Where the walk continues. */
  get reached(): WalkPlace | null {
    return this.#reached;
  }

  /** Ends a step of the walk. Returns the page once it is complete. */
  endStep(place: WalkPlace, isEmpty: boolean): Page | null {
    if (isEmpty) {
      this.#emptySteps += 1;
      if (this.#isAtBound()) return this.#stopAtBound(place);
    }
    if (this.#isOutOfTime()) return this.#stopAfter(place);
    this.#reached = place;
    return null;
  }

  /** Returns the value if it is needed, or the reason why it cannot be decoded. */
  #decoded({ value }: LiveRecord): Value | StoreError | undefined {
    // Without a filter, values are decoded later, when they are returned. Output of a codec is checked now: it may be invalid.
    const isNeeded = this.#request.filter !== null || value.stored !== undefined || !isReadable(value);
    return isNeeded ? tryDecodeValue(value) : undefined;
  }

  /** Adds a match. Returns false when its bytes do not fit and the page is truncated. */
  #keep(record: LiveRecord, value: Value | undefined): boolean {
    const { reading, endsWhenFull = false } = this.#request;
    if (this.#bytes >= this.#maxBytes) return false;
    const fault = reading.take(record);
    if (fault !== null && !endsWhenFull) throw fault;
    if (fault !== null) return false;
    if (this.#found.length === 0) this.#before = this.#last;
    if (record.expiresAt !== null) this.#keptExpire = Math.min(this.#keptExpire, record.expiresAt);
    this.#found.push({ record, value, score: undefined });
    this.#bytes += record.value.bytes.byteLength;
    return true;
  }

  /** Returns whether the time budget of reading is spent; a page cannot stop before its offset. */
  #isOutOfTime(): boolean {
    const { deadline, offset } = this.#request;
    return this.#skipped >= offset && deadline.remainingMs < (1 - READING_SHARE) * deadline.budgetMs;
  }

  /** Truncates the page after a place. */
  #stopAfter({ namespace, created, key }: WalkPlace): Page {
    this.#last = { namespace, created, key };
    return this.end({ more: true, truncated: true });
  }

  #isAtBound(): boolean {
    return this.#tests <= 0 || this.#skippedNow + this.#passedOver + RECORDS_AN_EMPTY_STEP * this.#emptySteps >= this.#request.maxScanned;
  }

  #stopAtBound(place: WalkPlace): Page {
    const { offset, maxScanned, maxTests = Infinity } = this.#request;
    if (this.#skipped < offset) {
      throw new ValidationError(
        `offset ${offset} cannot be reached: a search reads at most ${maxScanned} items that it does not return ` +
          `(limits.maxScannedItems) and evaluates at most ${maxTests} conditions (limits.maxFilterTests), and has skipped ` +
          `${this.#skippedNow} items by then. Use a smaller offset, and continue from there ` +
          "with `cursor`, given the text from `info.cursor` of the page before.",
      );
    }
    return this.#stopAfter(place);
  }

  /** Returns how many records to read until the page is full, at the current rate of matches; null without a match so far. */
  expectedMore(): number | null {
    const { offset, limit } = this.#request;
    const counts = this.#matchCounts();
    // One more than the page, to know whether there are more.
    return neededFor(offset - this.#preceding + limit + 1 - counts.matched, counts);
  }

  /** Matches that were read and skipped; without those before the start of the walk. */
  get #skippedNow(): number {
    return this.#skipped - this.#preceding;
  }

  #matchCounts(): MatchCounts {
    const matched = this.#skippedNow + this.#found.length;
    return { matched, seen: matched + this.#passedOver };
  }

  end(how: Pick<Page, "more" | "truncated">): Page {
    const skippedExpire = this.#skippedExpire;
    const matchesExpire = Math.min(skippedExpire, this.#keptExpire);
    return { found: this.#found, before: this.#before, last: this.#last, skippedExpire, matchesExpire, faults: this.#faults, ...this.#matchCounts(), ...how };
  }
}
