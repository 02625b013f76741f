/** Reads one page of a walk: what matches, after an offset, up to a limit. */
import type { LiveRecord } from "../model/item.ts";
import type { Filter } from "../model/filter.ts";
import { matchesFilter } from "../model/filter-match.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Found } from "./found.ts";
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
  /** Records that do not count, whatever the filter says. */
  readonly leaveOut?: (record: LiveRecord) => boolean;
}

/** What was read. */
export interface Page {
  readonly found: readonly Found[];
  /** The last record that the next page need not look at again. */
  readonly last: LiveRecord | null;
  readonly more: boolean;
  /** Whether reading stopped at the bound. */
  readonly truncated: boolean;
}

/** Reads a page. */
export async function readPage(items: ItemRepository, request: PageRequest): Promise<Page> {
  const { filter, offset, limit, maxScanned, leaveOut } = request;
  const found: Found[] = [];
  let last: LiveRecord | null = null;
  let skipped = 0;
  let passedOver = 0;
  for await (const record of walk(items, request.walk)) {
    // Without a filter a value is decoded only when it is returned.
    const value = filter === null ? undefined : decodeValue(record.value);
    if (leaveOut?.(record) || (value !== undefined && !matchesFilter(value, filter))) {
      passedOver += 1;
      if (passedOver >= maxScanned) return { found, last: record, more: true, truncated: true };
    } else if (skipped < offset) {
      skipped += 1;
    } else if (found.length === limit) {
      return { found, last, more: true, truncated: false };
    } else {
      found.push({ record, value, score: undefined });
    }
    last = record;
  }
  return { found, last, more: false, truncated: false };
}
