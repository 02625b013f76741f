/** Records, as repositories store them, and items, as LangGraph sees them. */
import { randomBytes } from "node:crypto";
import type { Item, SearchItem } from "@langchain/langgraph-checkpoint";
import { toLabels } from "./namespace.ts";
import { decodeValue, type EncodedValue } from "./value-codec.ts";

/** The identity of an item. */
export interface ItemId {
  /** Path of the namespace, see `namespace.ts`. */
  readonly namespace: string;
  /** Any well-formed text. */
  readonly key: string;
}

/** The `index` option of a put; `undefined` uses the configuration. */
export type IndexOverride = false | readonly string[] | undefined;

/**
 * The record of one key, written and read atomically. A record without a value is the marker of a delete; it has a version,
 * so that a later put by a slower clock still gets a higher version.
 */
export interface ItemRecord extends ItemId {
  /** Version of the put that created the item, microseconds. A put after a delete creates it again. */
  readonly created: number;
  /** Version of this write, microseconds. */
  readonly version: number;
  /** Time of the last update that an import took from its source, microseconds; by default {@link version}. */
  readonly updated?: number;
  /** Random id of this write: distinguishes writes with equal versions, and links vectors to their write. */
  readonly writeId: string;
  readonly index: IndexOverride;
  /** Number of texts of this write that are embedded; 0 for an item that is not indexed. Their vectors may still be pending. */
  readonly vectorCount: number;
  /** When the item expires, milliseconds since the epoch; null if it does not expire. */
  readonly expiresAt: number | null;
  /** Time to live after a write or refresh, milliseconds; null without expiry or with an absolute one. */
  readonly ttlMs: number | null;
  /** The encoded value; null for the marker of a delete. */
  readonly value: EncodedValue | null;
}

/** A record with a value. */
export type LiveRecord = ItemRecord & { readonly value: EncodedValue };

/** The value of an item; a copy of the caller's. */
export type Value = Record<string, unknown>;

/** Whether the record has a value that is not expired at `now` (milliseconds). */
export function isLive(record: ItemRecord | null, now: number): record is LiveRecord {
  return record !== null && record.value !== null && (record.expiresAt === null || record.expiresAt > now);
}

/** When the item was last updated, microseconds. */
export function updatedOf({ updated, version }: Pick<ItemRecord, "updated" | "version">): number {
  return updated ?? version;
}

const WRITE_ID_BYTES = 12;

/** Random bytes for many write ids: a system call for each cost a twentieth of a put. */
const randomPool = { bytes: Buffer.alloc(0), used: 0 };

/** Returns a new write id of 96 random bits. */
export function newWriteId(): string {
  if (randomPool.used + WRITE_ID_BYTES > randomPool.bytes.length) {
    randomPool.bytes = randomBytes(256 * WRITE_ID_BYTES);
    randomPool.used = 0;
  }
  const end = randomPool.used + WRITE_ID_BYTES;
  const id = randomPool.bytes.toString("base64url", randomPool.used, end);
  randomPool.used = end;
  return id;
}

/** Returns an injective text of an id; the length of the path marks the start of the key. */
export function idText({ namespace, key }: ItemId): string {
  return `${namespace.length}:${namespace}${key}`;
}

/** Returns the bytes of the values of records. */
export function bytesOfRecords(records: readonly (ItemRecord | null)[]): number {
  let bytes = 0;
  for (const record of records) bytes += record?.value?.bytes.byteLength ?? 0;
  return bytes;
}

/** Returns an injective text of one write of an item; ordered as {@link idText} is, for distinct items. */
export function writeText(write: ItemId & { readonly writeId: string }): string {
  // No write id contains the separator.
  return `${idText(write)}\0${write.writeId}`;
}

/**
 * Returns the item for LangGraph.
 *
 * @param depth - number of leading labels to remove: those of the view's root
 * @param value - the decoded value, if already available
 */
export function toItem(record: LiveRecord, depth: number, value: Value = decodeValue(record.value)): Item {
  return {
    namespace: toLabels(record.namespace).slice(depth),
    key: record.key,
    value,
    createdAt: new Date(Math.floor(record.created / 1000)),
    updatedAt: new Date(Math.floor(updatedOf(record) / 1000)),
  };
}

/** Returns the search result for LangGraph; `score` is undefined for an unranked item. */
export function toSearchItem(
  record: LiveRecord,
  depth: number,
  value: Value | undefined,
  score: number | undefined,
): SearchItem {
  return { ...toItem(record, depth, value), score };
}
