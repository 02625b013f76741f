/** Reads one page of a walk: what matches, after an offset, up to a limit. */
import type { StoreError } from "../model/errors.ts";
import type { LiveRecord } from "../model/item.ts";
import type { Filter } from "../model/filter.ts";
import { matchesFilter } from "../model/filter-match.ts";
import { decodeValue, faultOf, isReadable } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Found } from "./found.ts";
import { neededFor, type Met } from "./hit-rates.ts";
import { walk, type Walk } from "./listing.ts";

/** What to read. */
export interface PageRequest {
  readonly walk: Walk;
  readonly filter: Filter | null;
  /** Matching records to leave out first. */
  readonly offset: number;
  readonly limit: number;
  /** Most records that are read without being returned. */
  readonly maxScanned: number;
  /** Bytes of values after which the page ends, as it does at its bound; none by default. */
  readonly maxBytes?: number;
  /** Records that do not count, whatever the filter says. */
  readonly leaveOut?: (record: LiveRecord) => boolean;
}

/** What was read. */
export interface Page extends Met {
  readonly found: readonly Found[];
  /** The last record that the next page need not look at again. */
  readonly last: LiveRecord | null;
  readonly more: boolean;
  /** Whether reading stopped at the bound. */
  readonly truncated: boolean;
  /** Why values of records could not be decoded, which were left out; one for each record. */
  readonly faults: readonly StoreError[];
}

/** Reads a page. */
export async function readPage(items: ItemRepository, request: PageRequest): Promise<Page> {
  const page = new Collected(request);
  for await (const records of walk(items, { ...request.walk, expectedMore: () => page.expectedMore() })) {
    for (const record of records) {
      const end = page.add(record);
      if (end !== null) return end;
    }
  }
  return page.end({ more: false, truncated: false });
}

/** What has been read of a page. */
class Collected {
  readonly #request: PageRequest;
  readonly #found: Found[] = [];
  readonly #faults: StoreError[] = [];
  #last: LiveRecord | null = null;
  #skipped = 0;
  #passedOver = 0;
  #bytes = 0;

  constructor(request: PageRequest) {
    this.#request = request;
  }

  /** Takes the next record of the walk; the page, once it is at its end. */
  add(record: LiveRecord): Page | null {
    const { filter, offset, limit, maxScanned, maxBytes = Infinity, leaveOut } = this.#request;
    const isLeftOut = leaveOut?.(record) ?? false;
    const isUnreadable = !isLeftOut && !isReadable(record.value);
    if (isUnreadable) this.#faults.push(faultOf(record.value));
    // Without a filter a value is decoded only when it is returned.
    const value = filter === null || isLeftOut || isUnreadable ? undefined : decodeValue(record.value);
    if (isLeftOut || isUnreadable || (value !== undefined && !matchesFilter(value, filter))) {
      this.#passedOver += 1;
      if (this.#passedOver >= maxScanned) {
        this.#last = record;
        return this.end({ more: true, truncated: true });
      }
    } else if (this.#skipped < offset) {
      this.#skipped += 1;
    } else if (this.#found.length === limit) {
      return this.end({ more: true, truncated: false });
    } else if (this.#bytes >= maxBytes) {
      return this.end({ more: true, truncated: true });
    } else {
      this.#found.push({ record, value, score: undefined });
      this.#bytes += record.value.bytes.byteLength;
    }
    this.#last = record;
    return null;
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
