/** Reads one page of a walk: what matches, after an offset, up to a limit. */
import type { Deadline } from "../concurrency/deadline.ts";
import { TimeSlice } from "../concurrency/time-slice.ts";
import { ValidationError, StoreError } from "../model/errors.ts";
import type { LiveRecord, Value } from "../model/item.ts";
import type { Filter } from "../model/filter.ts";
import { matchesFilter, testsIn } from "../model/filter-match.ts";
import { isReadable, tryDecodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Found } from "./found.ts";
import { neededFor, type Met } from "./hit-rates.ts";
import { walk, type Walk, type WalkPlace } from "./listing.ts";
import type { Reading } from "./read-budget.ts";

/** What to read. */
export interface PageRequest {
  readonly walk: Walk;
  readonly filter: Filter | null;
  /** Matching records to leave out first. */
  readonly offset: number;
  readonly limit: number;
  /** Most records that are read without being returned; those skipped for the offset count too. */
  readonly maxScanned: number;
  /** Bytes of values after which the page ends, as it does at its bound; none by default. */
  readonly maxBytes?: number;
  /** Most tests of fields that the filter makes, over all records; no bound by default. */
  readonly maxTests?: number;
  /** When the answer is due: shortly before, the page ends as it does at its bound, so that its caller can continue. */
  readonly deadline: Deadline;
  /** Counts the bytes of what is found. */
  readonly reading: Reading;
  /** Whether the page ends where the bytes do not fit, as at a bound; by default that is an error. */
  readonly endsWhenFull?: boolean;
  /** Records that do not count, whatever the filter says. */
  readonly leaveOut?: (record: LiveRecord) => boolean;
}

/** What was read. */
export interface Page extends Met {
  readonly found: readonly Found[];
  /** The place after which the next page starts. */
  readonly last: WalkPlace | null;
  readonly more: boolean;
  /** Whether reading stopped at the bound. */
  readonly truncated: boolean;
  /** Why values of records could not be decoded, which were left out; one for each record. */
  readonly faults: readonly StoreError[];
}

/** A request that finds nothing, as of a registered namespace without live items, counts as so many records. */
const RECORDS_AN_EMPTY_STEP = 10;

/** Share of the time budget after which a page ends with what it has. */
const READING_SHARE = 0.8;

/**
 * Reads a page.
 *
 * @throws {ValidationError} when the offset cannot be reached within the bound.
 */
export async function readPage(items: ItemRepository, request: PageRequest): Promise<Page> {
  const page = new Collected(request);
  const slice = new TimeSlice();
  for await (const { records, place } of walk(items, { ...request.walk, expectedMore: () => page.expectedMore() })) {
    for (const record of records) {
      const end = page.add(record);
      if (end !== null) return end;
      const turn = slice.turn();
      if (turn !== null) await turn;
    }
    const end = records.length === 0 ? page.addEmpty(place) : null;
    if (end !== null) return end;
    if (page.isAtItsTime()) return page.stopAfter(place);
  }
  return page.end({ more: false, truncated: false });
}

/** What has been read of a page. */
class Collected {
  readonly #request: PageRequest;
  readonly #found: Found[] = [];
  readonly #faults: StoreError[] = [];
  #last: WalkPlace | null = null;
  #skipped = 0;
  #passedOver = 0;
  #emptySteps = 0;
  #bytes = 0;
  /** Tests of fields that may still be made. */
  #tests: number;
  readonly #testsEach: number;
  readonly #maxBytes: number;

  constructor(request: PageRequest) {
    this.#request = request;
    this.#tests = request.maxTests ?? Infinity;
    this.#maxBytes = request.maxBytes ?? Infinity;
    this.#testsEach = testsIn(request.filter);
  }

  /** Takes the next record of the walk; the page, once it is at its end. */
  add(record: LiveRecord): Page | null {
    const { filter, offset, limit, leaveOut } = this.#request;
    const isLeftOut = leaveOut?.(record) ?? false;
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
      if (this.#skipped < offset && this.#isAtBound()) return this.#stopAtBound(record);
    } else if (this.#found.length === limit) {
      return this.end({ more: true, truncated: false });
    } else if (!this.#keep(record, value)) {
      return this.end({ more: true, truncated: true });
    }
    if (this.#tests <= 0) return this.#stopAtBound(record);
    this.#last = record;
    return null;
  }

  /** The value where it is needed, or why it cannot be decoded. */
  #decoded({ value }: LiveRecord): Value | StoreError | undefined {
    // Without a filter a value is decoded only when it is returned; what a codec returned may be no value.
    const isNeeded = this.#request.filter !== null || value.stored !== undefined || !isReadable(value);
    return isNeeded ? tryDecodeValue(value) : undefined;
  }

  /** Adds a match; false where its bytes do not fit, and the page ends there. */
  #keep(record: LiveRecord, value: Value | undefined): boolean {
    const { reading, endsWhenFull = false } = this.#request;
    if (this.#bytes >= this.#maxBytes) return false;
    const fault = reading.take(record);
    if (fault !== null && !endsWhenFull) throw fault;
    if (fault !== null) return false;
    this.#found.push({ record, value, score: undefined });
    this.#bytes += record.value.bytes.byteLength;
    return true;
  }

  /** Takes a request that found no records; the page, once it is at its end. */
  addEmpty(place: WalkPlace): Page | null {
    this.#emptySteps += 1;
    return this.#isAtBound() ? this.#stopAtBound(place) : null;
  }

  /** Whether the time for reading is spent; an offset that was not reached yet is no place to stop at. */
  isAtItsTime(): boolean {
    const { deadline, offset } = this.#request;
    return this.#skipped >= offset && deadline.remainingMs < (1 - READING_SHARE) * deadline.budgetMs;
  }

  /** The page as it is, to be continued after a place. */
  stopAfter({ namespace, created, key }: WalkPlace): Page {
    this.#last = { namespace, created, key };
    return this.end({ more: true, truncated: true });
  }

  #isAtBound(): boolean {
    return this.#tests <= 0 || this.#skipped + this.#passedOver + RECORDS_AN_EMPTY_STEP * this.#emptySteps >= this.#request.maxScanned;
  }

  #stopAtBound(place: WalkPlace): Page {
    const { offset, maxScanned, maxTests = Infinity } = this.#request;
    if (this.#skipped < offset) {
      throw new ValidationError(
        `offset ${offset} cannot be reached: a search reads at most ${maxScanned} items that it does not return ` +
          `(limits.maxScannedItems) and evaluates at most ${maxTests} conditions (limits.maxFilterTests), and has skipped ` +
          `${this.#skipped} items by then. Use a smaller offset, and continue from there ` +
          "with `cursor`, given the text from `info.cursor` of the page before.",
      );
    }
    return this.stopAfter(place);
  }

  /** Records to read until the page is full, if matches go on as they came; null where none came. */
  expectedMore(): number | null {
    const { offset, limit } = this.#request;
    const met = this.#met();
    // One more than the page: it shows that there is more.
    return neededFor(offset + limit + 1 - met.matched, met);
  }

  #met(): Met {
    const matched = this.#skipped + this.#found.length;
    return { matched, seen: matched + this.#passedOver };
  }

  end(how: Pick<Page, "more" | "truncated">): Page {
    return { found: this.#found, last: this.#last, faults: this.#faults, ...this.#met(), ...how };
  }
}
