/** Copies the records of one partition into another layout, and compares the copies. */
import { mapBounded } from "../../concurrency/bounded.ts";
import { isStoreError } from "../../model/errors.ts";
import { toBuffer } from "../../model/bytes.ts";
import type { ItemRecord } from "../../model/item.ts";
import { isBytes } from "../../model/realms.ts";
import { decodeRecord } from "../../model/record-codec.ts";
import type { BucketRules } from "./bucket-rules.ts";
import { isReadAborted } from "./errors.ts";
import { inChunks, KEYS_PER_READ } from "./key-chunks.ts";
import { FIRST_KEY, type KeyPlace, afterWindow, splitWindow } from "./key-windows.ts";
import { expiryIn } from "./listing.ts";
import { fitsBatch, recordBatch, recordWrites } from "./record-writes.ts";
import { RowLimit } from "./row-limit.ts";
import type { CqlSession, Row } from "./session.ts";
import type { Statements } from "./statements.ts";
import { entryExpiryOf } from "./time-to-live.ts";
import { bigint, numberIn } from "./values.ts";

/** Dependencies of a copy. */
export interface PartitionCopyParts {
  readonly session: CqlSession;
  readonly statements: Statements;
}

/** A page of a partition. */
export interface PartitionPage {
  readonly rows: readonly Row[];
  /** Place of the next page; null at the end. */
  readonly next: KeyPlace | null;
}

/** What was done with a page. */
export interface CopyCounts {
  readonly records: number;
  /** Records that were written. */
  readonly written: number;
  readonly unreadable: number;
}

/** Most rows of a page of keys. */
const MOST_ROWS = 500;
/** Most rows of a page of records: as many of the largest values may follow small ones. */
const MOST_CELLS = 64;

const REQUESTS_AT_ONCE = 32;

/** Tolerated difference of native TTLs of one record in two layouts, seconds: they are rounded, and copies end earlier. */
const TTL_TOLERANCE_SECONDS = 5;

/** A record with the cells of its row. */
interface CopiedRow {
  readonly key: string;
  readonly cell: Buffer;
  readonly head: Buffer;
  readonly timestamp: number;
  /** Native TTL when the row was read, seconds; null for none. */
  readonly ttl: number | null;
  /** Null if it cannot be decoded. */
  readonly record: ItemRecord | null;
}

/** Copies the records of one namespace from the buckets of one layout to the buckets of another. */
export class PartitionCopy {
  readonly #parts: PartitionCopyParts;
  readonly #namespace: string;
  readonly #target: BucketRules;
  readonly #rows = new RowLimit(MOST_CELLS);

  /** @param target - the layout to copy to */
  constructor(parts: PartitionCopyParts, namespace: string, target: BucketRules) {
    this.#parts = parts;
    this.#namespace = namespace;
    this.#target = target;
  }

  /** Counts the rows of the next page of a bucket. */
  async count(bucket: number, place: KeyPlace | null): Promise<{ counts: CopyCounts; next: KeyPlace | null }> {
    const { rows, next } = await this.#page("keys", bucket, place ?? FIRST_KEY, MOST_ROWS);
    return { counts: { records: rows.length, written: 0, unreadable: 0 }, next };
  }

  /**
   * Copies the next page of a bucket. Copies keep their timestamps, so that they never replace a newer write.
   *
   * @param comparesFirst - whether to write only copies that are missing or older
   */
  async copy(bucket: number, place: KeyPlace | null, comparesFirst: boolean): Promise<{ counts: CopyCounts; next: KeyPlace | null }> {
    // Before the read, so that no copy outlives its original.
    const readAt = performance.now();
    const { rows, next } = await this.#page("cells", bucket, place ?? FIRST_KEY, this.#rows.rows);
    const copied = rows.flatMap((row) => this.#rowOf(row) ?? []);
    const missing = comparesFirst ? await this.#missing(copied, readAt) : copied;
    await mapBounded(missing, REQUESTS_AT_ONCE, (row) => this.#write(row, readAt));
    this.#rows.record(copied.reduce((most, { cell }) => Math.max(most, cell.byteLength), 0));
    const unreadable = copied.filter(({ record }) => record === null).length;
    return { counts: { records: copied.length, written: missing.length, unreadable }, next };
  }

  /** Reads a page; an aborted read is split into windows of keys. */
  async #page(kind: "keys" | "cells", bucket: number, place: KeyPlace, size: number): Promise<PartitionPage> {
    const { session, statements } = this.#parts;
    const { from, between } = statements.copied[kind];
    // The least key after a key is that key plus U+0000.
    const start = place.after === null ? "" : `${place.after}\0`;
    const end = place.ends.at(-1);
    try {
      const rows =
        end === undefined
          ? await session.rows(from, [this.#namespace, bucket, start, size], "copy")
          : await session.rows(between, [this.#namespace, bucket, start, end, size], "copy");
      const last = rows.length < size ? undefined : rows.at(-1);
      return { rows, next: last === undefined ? afterWindow(place) : { ...place, after: last["key"] as string } };
    } catch (error) {
      const narrowed = isReadAborted(error) ? splitWindow(place) : null;
      if (narrowed === null) throw error;
      return { rows: [], next: narrowed };
    }
  }

  /** Null for a row whose cell has expired, but whose marker has not yet. */
  #rowOf(row: Row): CopiedRow | null {
    const { record: cell, head } = row;
    if (!isBytes(cell) || !isBytes(head)) return null;
    const key = row["key"] as string;
    const ttl = typeof row["ttl"] === "number" ? row["ttl"] : null;
    return { key, cell: toBuffer(cell), head: toBuffer(head), timestamp: numberIn(row, "written"), ttl, record: this.#decoded(key, cell) };
  }

  #decoded(key: string, cell: Uint8Array): ItemRecord | null {
    try {
      return decodeRecord({ namespace: this.#namespace, key }, cell);
    } catch (error) {
      if (isStoreError(error) && error.code === "SCHEMA") return null;
      throw error;
    }
  }

  /** Writes a copy with the remaining time to live, rounded down. Without its entry if it cannot be decoded: then no listing returns it. */
  async #write({ key, cell, head, timestamp, ttl, record }: CopiedRow, readAt: number): Promise<void> {
    const { session, statements } = this.#parts;
    const remaining = ttl === null ? 0 : ttl - Math.ceil((performance.now() - readAt) / 1000);
    if (ttl !== null && remaining < 1) return;
    const bucket = this.#target.bucketOf(this.#namespace, key);
    const cells = { cell, head, timestamp, ttl: remaining };
    if (record === null) {
      await session.write({ query: statements.writeItem, params: [this.#namespace, bucket, key, cell, head, bigint(timestamp), remaining] });
      return;
    }
    const writes = recordWrites(statements, bucket, record, cells);
    if (fitsBatch(cell)) return session.write(recordBatch(statements, bucket, this.#namespace, writes));
    await session.write(writes.entry);
    await session.write(writes.item);
  }

  /**
   * The records whose copy is missing, older, or ends too early, or whose entry is. Entries are read first: a write that
   * changes an entry meanwhile has also replaced the copy by then, so that it counts as newer.
   */
  async #missing(rows: readonly CopiedRow[], readAt: number): Promise<CopiedRow[]> {
    const { session, statements } = this.#parts;
    const areListed = await mapBounded(rows, REQUESTS_AT_ONCE, (row) => this.#isListed(row));
    const chunks = [...Map.groupBy(rows, ({ key }) => this.#target.bucketOf(this.#namespace, key))].flatMap(([bucket, group]) =>
      inChunks(group, KEYS_PER_READ).map((chunk) => ({ bucket, keys: chunk.map(({ key }) => key) })),
    );
    const copies = await mapBounded(chunks, REQUESTS_AT_ONCE, ({ bucket, keys }) => session.rows(statements.copies, [this.#namespace, bucket, keys], "copy"));
    const byKey = new Map(copies.flat().map((row) => [row["key"] as string, row]));
    const elapsed = Math.ceil((performance.now() - readAt) / 1000);
    return rows.filter((row, i) => !isCopied(row, byKey.get(row.key), areListed[i] === true, elapsed));
  }

  async #isListed({ key, record }: CopiedRow): Promise<boolean> {
    // A delete needs no entry: an entry of a deleted item is ignored.
    if (record === null || record.value === null) return true;
    const { session, statements } = this.#parts;
    const place = [this.#namespace, this.#target.bucketOf(this.#namespace, key), bigint(record.created), key];
    const [entry] = await session.rows(statements.readEntry, place, "copy");
    return entry !== undefined && (expiryIn(entry) ?? Infinity) >= entryExpiryOf(record);
  }
}

/**
 * Whether a copy holds the record and is listed, or is newer.
 *
 * @param elapsed - seconds since the record was read
 */
function isCopied({ timestamp, ttl }: CopiedRow, copy: Row | undefined, isListed: boolean, elapsed: number): boolean {
  const hasEnded = ttl !== null && ttl <= elapsed + TTL_TOLERANCE_SECONDS;
  // An expired cell has neither a write time nor a TTL.
  if (copy === undefined || copy["written"] === null || copy["written"] === undefined) return hasEnded;
  const written = numberIn(copy, "written");
  if (written !== timestamp) return written > timestamp;
  const remaining = typeof copy["ttl"] === "number" ? copy["ttl"] : Infinity;
  return isListed && remaining + elapsed + TTL_TOLERANCE_SECONDS >= (ttl ?? Infinity);
}
