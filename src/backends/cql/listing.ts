/** Reads a namespace in order of creation. */
import { type ItemId, type ItemRecord, isLive, type LiveRecord } from "../../model/item.ts";
import type { ListingOrder } from "../../model/operation.ts";
import type { ListPage, ListPosition, ListQuery } from "../../ports/item-repository.ts";
import { mapBounded } from "../../concurrency/bounded.ts";
import { bigint, type CqlSession, type Param, type Row } from "./session.ts";
import type { Statements } from "./statements.ts";

/** What a listing works with. */
export interface ListingParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Number of partitions of the namespace. */
  readonly buckets: number;
  readonly get: (ids: readonly ItemId[]) => Promise<(ItemRecord | null)[]>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Entries are small: reading some that turn out not to be needed is cheaper than another round trip. */
const FEWEST_ENTRIES = 20;
const MOST_ENTRIES = 500;

/** Buckets that are read at once. */
const BUCKETS_AT_ONCE = 16;

/**
 * Reads a page: entries of the namespace in order, then the items that they speak of. An entry counts only if its item is
 * live and was created when the entry says.
 */
export async function listPage(query: ListQuery, parts: ListingParts): Promise<ListPage> {
  const { namespace, limit } = query;
  const wanted = Math.min(Math.max(2 * limit, FEWEST_ENTRIES), MOST_ENTRIES);
  const entries = await readEntries(query, wanted, parts);
  const records: LiveRecord[] = [];
  let looked = 0;
  // As many items as are missing, and more each time: where entries are dead, many in a row are.
  for (let size = limit; looked < entries.length && records.length < limit; size *= 2) {
    const group = entries.slice(looked, looked + size);
    const items = await parts.get(group.map(({ key }) => ({ namespace, key })));
    const now = parts.now();
    for (const [i, { created }] of group.entries()) {
      const item = items[i] ?? null;
      if (isLive(item, now) && item.created === created) records.push(item);
      looked += 1;
      if (records.length === limit) break;
    }
  }
  const exhausted = looked === entries.length && entries.length < wanted;
  return { records, next: exhausted ? null : (entries[looked - 1] ?? null) };
}

/** The next `count` entries of the namespace, merged over its buckets; fewer only if there are no more. */
async function readEntries(query: ListQuery, count: number, parts: ListingParts): Promise<ListPosition[]> {
  const { session, statements } = parts;
  const { namespace, order, after } = query;
  const { first, after: following } = statements.entries[order];
  const position: readonly Param[] = after === null ? [] : [bigint(after.created), after.key];
  const buckets = Array.from({ length: parts.buckets }, (_, bucket) => bucket);
  const streams = await mapBounded(buckets, BUCKETS_AT_ONCE, (bucket) =>
    session.rows(after === null ? first : following, [namespace, bucket, ...position, count], "read"),
  );
  const entries = streams.flat().map(toPosition);
  return streams.length === 1 ? entries : entries.sort(comparing(order)).slice(0, count);
}

function toPosition(row: Row): ListPosition {
  // A Long or a BigInt, as the client is configured; both print as the number.
  return { created: Number(String(row["created"])), key: row["key"] as string };
}

/** Orders as CQL does: text by its UTF-8 bytes, which differs from JavaScript's order beyond the basic plane. */
function comparing(order: ListingOrder): (a: ListPosition, b: ListPosition) => number {
  const sign = order === "oldest" ? 1 : -1;
  return (a, b) => sign * (a.created - b.created || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}
