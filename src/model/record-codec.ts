/**
 * A record as one cell of bytes: a JSON header, a line feed, the value. One cell, because CQL merges cell by cell: two writes
 * with equal timestamps to several cells could merge into a mixed record. The header is read without decoding the value.
 */
import { toBuffer } from "./bytes.ts";
import { SchemaError } from "./errors.ts";
import type { IndexOverride, ItemId, ItemRecord } from "./item.ts";
import type { EncodedValue } from "./value-codec.ts";

/** Format number; increased when an older reader could misread a record. */
const FORMAT = 1;

/** Format of records with encoded values, so that a reader without a codec does not parse them as JSON. */
const SEALED = 2;
const LINE_FEED = 0x0a;

/** Stored form, with short names because every record has a header. */
interface Header {
  /** Format of the record. */
  readonly r: typeof FORMAT | typeof SEALED;
  /** Created, microseconds. */
  readonly c: number;
  /** Version, microseconds. */
  readonly v: number;
  /** Write id. */
  readonly w: string;
  /** Time of the last update, if an import took it from its source, microseconds. */
  readonly u?: number;
  /** Index override of the put, if any. */
  readonly i?: false | readonly string[];
  /** Number of vectors. */
  readonly n: number;
  /** Time to live that a read may refresh, milliseconds, if any. */
  readonly t?: number;
  /** Expiry, milliseconds, if any. Before the kind only, so that of two records that differ only here the later expiry compares greater. */
  readonly x?: number;
  /** Kind of the value: JSON, typed JSON, or none (the marker of a delete). */
  readonly k: "j" | "t" | "d";
}

/** Encodes a record without its id, which is the key of its row. */
export function encodeRecord(record: ItemRecord): Buffer {
  const bytes = record.value?.stored ?? record.value?.bytes ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from(`${JSON.stringify(headerOf(record, record.index))}\n`), bytes]);
}

/**
 * Encodes a record without its value and index override; {@link decodeRecord} reads it. It equals the cell up to the write id,
 * so that heads compare as cells do.
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
    n: record.vectorCount,
    ...(index === undefined ? {} : { i: index }),
    ...(record.ttlMs === null ? {} : { t: record.ttlMs }),
    ...(record.expiresAt === null ? {} : { x: record.expiresAt }),
    k: record.value === null ? "d" : record.value.typed ? "t" : "j",
  };
}

/**
 * Decodes a cell.
 *
 * @throws {SchemaError} when a newer version or another program wrote the cell.
 */
export function decodeRecord(id: ItemId, cell: Uint8Array): ItemRecord {
  const bytes = toBuffer(cell);
  const end = bytes.indexOf(LINE_FEED);
  const header = parseHeader(bytes.toString("utf8", 0, end === -1 ? bytes.length : end));
  const record: ItemRecord = {
    namespace: id.namespace,
    key: id.key,
    created: header.c,
    version: header.v,
    writeId: header.w,
    index: header.i,
    vectorCount: header.n,
    expiresAt: header.x ?? null,
    ttlMs: header.t ?? null,
    value: header.k === "d" ? null : valueOf(header, bytes.subarray(end + 1)),
  };
  return header.u === undefined ? record : { ...record, updated: header.u };
}

function valueOf({ r, k }: Header, bytes: Buffer): EncodedValue {
  const typed = k === "t";
  return r === SEALED ? { typed, bytes, isSealed: true } : { typed, bytes };
}

function parseHeader(text: string): Header {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new SchemaError("A record is not in the format of this store: another program wrote to its table.", { cause });
  }
  // Only this store writes this table, so the format number is sufficient to recognize a record.
  if (typeof header === "object" && header !== null && "r" in header && (header.r === FORMAT || header.r === SEALED)) {
    return header as Header;
  }
  throw new SchemaError("A record was written in a newer format than this version reads: upgrade this process.");
}
