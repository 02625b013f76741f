/**
 * A record as one cell of bytes: a JSON header, a line feed, the value. One cell, because CQL merges cell by cell: two
 * writes of one timestamp over several cells were seen to merge into a record that nobody wrote. The header is read
 * without touching the value.
 */
import { toBuffer } from "./bytes.ts";
import { SchemaError } from "./errors.ts";
import type { IndexOverride, ItemId, ItemRecord } from "./item.ts";
import type { EncodedValue } from "./value-codec.ts";

/** Bumped when a reader of today could misread what is written. */
const FORMAT = 1;

/** Format of records whose values are sealed: a reader that knows no codec would take them for JSON. */
const SEALED = 2;
const LINE_FEED = 0x0a;

/** Short names: a header stands in every record. */
interface Header {
  /** Format of the record. */
  readonly r: typeof FORMAT | typeof SEALED;
  /** Created, microseconds. */
  readonly c: number;
  /** Version, microseconds. */
  readonly v: number;
  /** Write id. */
  readonly w: string;
  /** When the item was last updated, where an import kept that of its source, microseconds. */
  readonly u?: number;
  /** Index override of the put, if it had one. */
  readonly i?: false | readonly string[];
  /** Number of vectors. */
  readonly n: number;
  /** Time to live, milliseconds, if it has one that a read may renew. */
  readonly t?: number;
  /** Expiry, milliseconds, if it has one. Last but for the kind, so that of two records that differ only here the later is the greater. */
  readonly x?: number;
  /** Kind of the value: JSON, typed JSON, or none (the marker of a delete). */
  readonly k: "j" | "t" | "d";
}

/** Encodes all of a record but its id, which is the key of its row. */
export function encodeRecord(record: ItemRecord): Buffer {
  const bytes = record.value?.stored ?? record.value?.bytes ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from(`${JSON.stringify(headerOf(record, record.index))}\n`), bytes]);
}

/**
 * Encodes a record without its value and without its index override; {@link decodeRecord} reads it. It starts like the
 * cell of the record, up to the write id: of two writes, the greater of each is of the same write.
 */
export function encodeHead(record: ItemRecord): Buffer {
  return Buffer.from(`${JSON.stringify(headerOf(record, undefined))}\n`);
}

function headerOf(record: ItemRecord, index: IndexOverride): Header {
  return {
    r: record.value !== null && (record.value.isSealed || record.value.stored !== undefined) ? SEALED : FORMAT,
    c: record.created,
    v: record.version,
    w: record.writeId,
    ...(record.updated === undefined ? {} : { u: record.updated }),
    n: record.vectors,
    ...(index === undefined ? {} : { i: index }),
    ...(record.ttlMs === null ? {} : { t: record.ttlMs }),
    ...(record.expiresAt === null ? {} : { x: record.expiresAt }),
    k: record.value === null ? "d" : record.value.typed ? "t" : "j",
  };
}

/**
 * Decodes a cell.
 *
 * @throws {SchemaError} when the cell was written by a newer version, or by something else.
 */
export function decodeRecord(id: ItemId, cell: Uint8Array): ItemRecord {
  const bytes = toBuffer(cell);
  const end = bytes.indexOf(LINE_FEED);
  const header = parseHeader(bytes.toString("utf8", 0, end === -1 ? bytes.length : end));
  return {
    namespace: id.namespace,
    key: id.key,
    created: header.c,
    version: header.v,
    writeId: header.w,
    ...(header.u === undefined ? {} : { updated: header.u }),
    index: header.i,
    vectors: header.n,
    expiresAt: header.x ?? null,
    ttlMs: header.t ?? null,
    value: header.k === "d" ? null : valueOf(header, bytes.subarray(end + 1)),
  };
}

function valueOf({ r, k }: Header, bytes: Buffer): EncodedValue {
  return { typed: k === "t", bytes, ...(r === SEALED ? { isSealed: true } : {}) };
}

function parseHeader(text: string): Header {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new SchemaError("A record is not of this store's format: something else wrote to its table.", { cause });
  }
  // Only this store writes this table, so the format number alone tells a foreign record.
  if (typeof header === "object" && header !== null && "r" in header && (header.r === FORMAT || header.r === SEALED)) {
    return header as Header;
  }
  throw new SchemaError("A record was written in a newer format than this version reads: upgrade this process.");
}
