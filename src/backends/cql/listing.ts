/** Reads a namespace in order of creation. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { type ItemId, type ItemRecord, isLive, type LiveRecord } from "../../model/item.ts";
import type { ListPage, ListPosition, ListQuery } from "../../ports/item-repository.ts";
import type { Buckets } from "./bucket-rules.ts";
import { type Entry, EntryReader } from "./entries.ts";
import { comparing, FEWEST_ENTRIES, NamespaceEntries } from "./namespace-entries.ts";
import type { CqlSession, Param, Row } from "./session.ts";
import type { Statements } from "./statements.ts";
import type { WindowPlans } from "./window-plan.ts";
import type { EntryRange } from "./windows.ts";
import { bigint, numberIn } from "./values.ts";

/** Dependencies of a listing. */
export interface ListingParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Partitions of the namespace. */
  readonly buckets: Buckets;
  readonly plans: WindowPlans;
  /** Bytes of the largest record of the namespace, as far as known. */
  readonly largestBytes: number;
  readonly get: (ids: readonly ItemId[]) => Promise<(ItemRecord | null)[]>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly deadline: Deadline | undefined;
}

/** Entries read per requested item: one in ten may be stale. A factor of two cost a quarter of a listing's CPU time. */
const ENTRIES_AN_ITEM = 1.1;

/** Most entries of the first read. */
const MOST_ENTRIES_FIRST = 550;

/** Growth and bound of a read after one in which most entries were expired. */
const GROWTH = 4;
const MOST_ENTRIES = 5_000;

/** Most records of the first read of a page, and bytes after which a page ends. */
const MOST_RECORDS_FIRST = 64;
const MOST_BYTES_OF_PAGE = 8 * 1024 * 1024;

/** Entries after which a page ends, even with few live items, so that the caller can stop in between. */
const MOST_ENTRIES_OF_PAGE = 50_000;

/**
 * Reads a page: entries of the namespace in order, then their items. An entry counts only if its item is live and has the
 * creation time of the entry. Items that are expired according to their entry are not read.
 */
export async function listPage(query: ListQuery, parts: ListingParts): Promise<ListPage> {
  const entries = entriesOf(query, parts);
  const page = new PageOfItems(query, parts);
  for (let wanted = Math.min(Math.max(Math.ceil(ENTRIES_AN_ITEM * query.limit), FEWEST_ENTRIES), MOST_ENTRIES_FIRST); ; ) {
    const before = entries.read;
    const found = await entries.next(wanted);
    const examined = await page.add(found);
    if (examined < found.length) return page.upTo(found[examined - 1] ?? null);
    if (page.isFull || entries.isSpent || entries.read >= MOST_ENTRIES_OF_PAGE || entries.after === null) {
      return page.upTo(entries.after);
    }
    if (2 * found.length < entries.read - before) wanted = Math.min(GROWTH * wanted, MOST_ENTRIES);
  }
}

/** The live items of one page. */
class PageOfItems {
  readonly #query: ListQuery;
  readonly #parts: ListingParts;
  readonly #compare: (a: ListPosition, b: ListPosition) => number;
  readonly #records: LiveRecord[] = [];
  /** Live items with another creation time than their entry. */
  readonly #moved = new Map<string, LiveRecord>();
  #bytes = 0;

  constructor(query: ListQuery, parts: ListingParts) {
    this.#query = query;
    this.#parts = parts;
    this.#compare = comparing(query.order);
  }

  get isFull(): boolean {
    return this.#records.length >= this.#query.limit || this.#bytes > MOST_BYTES_OF_PAGE;
  }

  /**
   * Adds the live items of entries until the page is full.
   *
   * @returns the number of entries examined.
   */
  async add(entries: readonly Entry[]): Promise<number> {
    const { namespace, limit } = this.#query;
    const { get, now, largestBytes } = this.#parts;
    let examined = 0;
    // Reads the number of missing items, and more each time after a stale entry, because stale entries are often adjacent.
    // Bounded by the bytes of the page, assuming the size of the largest item so far.
    let size = Math.min(limit - this.#records.length, MOST_RECORDS_FIRST, recordsIn(largestBytes));
    while (examined < entries.length && !this.isFull) {
      const group = entries.slice(examined, examined + size);
      const items = await get(group.map(({ key }) => ({ namespace, key })));
      const time = now();
      const largest = items.reduce((most, item) => Math.max(most, item?.value?.bytes.byteLength ?? 0), 1);
      let live = 0;
      for (const [i, { created }] of group.entries()) {
        const item = items[i] ?? null;
        if (isLive(item, time)) {
          this.#bytes += item.value.bytes.byteLength;
          live += 1;
          if (item.created === created) this.#records.push(item);
          else this.#moved.set(item.key, item);
        }
        examined += 1;
        if (this.isFull) break;
      }
      const wanted = live === group.length ? limit - this.#records.length : GROWTH * size;
      size = Math.min(wanted, recordsIn(largest));
    }
    return examined;
  }

  /** Returns the page after all entries up to a position were examined; null means all entries. */
  upTo(place: ListPosition | null): ListPage {
    const met = new Set(this.#moved.size === 0 ? [] : this.#records.map(({ key }) => key));
    // Items that were re-created while the page was read: they existed all the time, under one entry or another, and no later
    // page would return them.
    const missed = [...this.#moved.values()].filter((record) => !met.has(record.key) && this.#isWithin(record, place));
    if (missed.length === 0) return { records: this.#records, next: place };
    const records = [...this.#records, ...missed].sort(this.#compare);
    const { limit } = this.#query;
    return records.length <= limit
      ? { records, next: place }
      : { records: records.slice(0, limit), next: positionOf(records[limit - 1] as LiveRecord) };
  }

  #isWithin(record: ListPosition, place: ListPosition | null): boolean {
    const { after } = this.#query;
    return (after === null || this.#compare(record, after) > 0) && (place === null || this.#compare(record, place) <= 0);
  }
}

/** Returns how many records of this size fit into a page, at least one. */
function recordsIn(largestBytes: number): number {
  return Math.max(1, Math.floor(MOST_BYTES_OF_PAGE / largestBytes));
}

/** Returns the listing position of an item. */
export function positionOf({ created, key }: ListPosition): ListPosition {
  return { created, key };
}

/** Reads the entries of all partitions of the namespace, without those of expired items. */
function entriesOf({ namespace, order, after }: ListQuery, parts: ListingParts): NamespaceEntries {
  const now = parts.now();
  const readers = Array.from({ length: parts.buckets.count }, (_, i) => {
    const bucket = parts.buckets.base + i;
    const read = async (range: EntryRange, limit: number): Promise<Entry[]> => {
      const { session, statements } = parts;
      const params = [namespace, bucket, ...placesOf(range), limit];
      return (await session.rows(statements.entries[order], params, "read", parts.deadline)).map(toEntry);
    };
    return new EntryReader({ order, after, now, plan: parts.plans.of(namespace, bucket, order), read });
  });
  return new NamespaceEntries(readers, order, ({ expiresAt }) => expiresAt === null || expiresAt > now);
}

function placesOf({ after, to }: EntryRange): Param[] {
  return [after, to].flatMap(({ created, key }) => [bigint(created), key]);
}

function toEntry(row: Row): Entry {
  return { created: numberIn(row, "created"), key: row["key"] as string, expiresAt: expiryIn(row) };
}

/** Returns the expiry in a row of an entry; null without one. */
export function expiryIn(row: Row): number | null {
  return (row["expires_at"] ?? null) === null ? null : numberIn(row, "expires_at");
}
