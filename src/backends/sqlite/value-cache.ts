import { FILE_VALUES_MS, purgedRegularly } from "../../concurrency/cache-expiry.ts";
import { isStoreError } from "../../model/errors.ts";
import type { Filter } from "../../model/filter.ts";
import { matchesFilter } from "../../model/filter-match.ts";
import type { ItemId, Value } from "../../model/item.ts";
import { decodeRecord } from "../../model/record-codec.ts";
import { decodeValue } from "../../model/value-codec.ts";
import type { ListPosition } from "../../ports/item-repository.ts";
import { bytesOf, textOf, type Connection, type Reader } from "./connection.ts";

/** Most bytes of cached values, by their JSON (decoded, they may take ten times as much), and the overhead of each item. */
const MAX_BYTES = 8 * 1024 * 1024;
const BYTES_PER_ITEM = 500;

/** Longer records are not cached. */
const MAX_RECORD_BYTES = 16 * 1024;

/** Ids are not part of a record's bytes, and a filter does not see them. */
const NO_ID: ItemId = { namespace: "", key: "" };

/** An item as of a write. */
export interface CachedItem {
  readonly writeId: string;
  readonly position: ListPosition;
  /** The decoded value; null for a record without one, undefined if it cannot be decoded here. */
  readonly value: Value | null | undefined;
}

/** Items with decoded values, on which a connection tests filters, by their rows. */
export class ValueCache {
  readonly #row: Reader;
  readonly #items = new Map<number, CachedItem>();
  #bytes = 0;
  /** When the first of the items was cached, milliseconds of `performance.now()`. */
  #filledAt = 0;
  /** Bytes of records that were decoded so far. */
  decodedBytes = 0;

  constructor(connection: Connection) {
    this.#row = connection.reader("SELECT created, key, record FROM items WHERE id = ?");
    purgedRegularly(this);
  }

  /** @param writeId - of the row: a record of the same write has the same value, also when its expiry was renewed */
  item(row: number, writeId: string): CachedItem {
    const known = this.#items.get(row);
    return known?.writeId === writeId ? known : this.#read(row, writeId);
  }

  #read(row: number, writeId: string): CachedItem {
    const [created, key, record] = this.#row.first([row]) ?? [];
    const cell = bytesOf(record);
    const item = { writeId, position: { created: Number(created), key: textOf(key) }, value: decoded(cell) };
    this.decodedBytes += cell.byteLength;
    if (cell.byteLength > MAX_RECORD_BYTES) {
      this.#items.delete(row);
      return item;
    }
    if (this.#items.size === 0) this.#filledAt = performance.now();
    if (this.#bytes > MAX_BYTES) this.#clear();
    this.#items.set(row, item);
    this.#bytes += cell.byteLength + BYTES_PER_ITEM;
    return item;
  }

  /** Forgets all items some time after the first was read: they may have been deleted since. */
  purgeStale(): void {
    if (this.#items.size > 0 && performance.now() - this.#filledAt >= FILE_VALUES_MS) this.#clear();
  }

  #clear(): void {
    this.#items.clear();
    this.#bytes = 0;
  }
}

/**
 * Returns whether an item matches a filter. Also true if its value cannot be decoded here, because a codec sealed it or a newer version wrote
 * it: the caller decodes and matches it, or reports it.
 */
export function mayMatch({ value }: CachedItem, filter: Filter): boolean {
  return value === undefined || (value !== null && matchesFilter(value, filter));
}

function decoded(cell: Uint8Array): CachedItem["value"] {
  try {
    const { value } = decodeRecord(NO_ID, cell);
    return value === null ? null : decodeValue(value);
  } catch (error) {
    if (isStoreError(error)) return undefined;
    throw error;
  }
}
