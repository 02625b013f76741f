/** Records, as the repositories keep them, and the items that LangGraph sees. */
import { randomBytes } from "node:crypto";
import type { Item, SearchItem } from "@langchain/langgraph-checkpoint";
import { toLabels } from "./namespace.ts";
import { decodeValue, type EncodedValue } from "./value-codec.ts";

/** Where an item lives. Two items are the same exactly when both parts are equal. */
export interface ItemId {
  /** Path of the namespace, see `namespace.ts`. */
  readonly namespace: string;
  /** Any well-formed text. */
  readonly key: string;
}

/** How the put of an item asked for it to be indexed: `undefined` leaves it to the configuration. */
export type IndexOverride = false | readonly string[] | undefined;

/**
 * All that is known of one key, written and read as a whole. A record without a value is the marker of a delete: it
 * is a write like any other, so that a later put by a slower clock still finds a version to go above.
 */
export interface ItemRecord extends ItemId {
  /** Version of the put that made the item, after the last delete if there was one. Microseconds. */
  readonly created: number;
  /** Version of this write. Microseconds. */
  readonly version: number;
  /** When the item was last updated, where an import kept that of its source, microseconds; absent: {@link version}. */
  readonly updated?: number;
  /** Random identity of this write: tells two writes of one version apart, and which write a vector belongs to. */
  readonly writeId: string;
  readonly index: IndexOverride;
  /** Number of vectors that this write has; 0 for an item that is not indexed. */
  readonly vectors: number;
  /** Milliseconds since the epoch after which the item is gone; null if it stays. */
  readonly expiresAt: number | null;
  /** Milliseconds that the item lives after it was written or refreshed; null if it has no end or an absolute one. */
  readonly ttlMs: number | null;
  /** The stored value, decoded only where it is needed; null for the marker of a delete. */
  readonly value: EncodedValue | null;
}

/** A record that holds an item. */
export type LiveRecord = ItemRecord & { readonly value: EncodedValue };

/** An item's value as the caller gave it: a copy. */
export type Value = Record<string, unknown>;

/** Whether the record holds an item at the time `now` (milliseconds). */
export function isLive(record: ItemRecord | null, now: number): record is LiveRecord {
  return record !== null && record.value !== null && (record.expiresAt === null || record.expiresAt > now);
}

/** When the item was last updated, microseconds. */
export function updatedOf({ updated, version }: Pick<ItemRecord, "updated" | "version">): number {
  return updated ?? version;
}

const WRITE_ID_BYTES = 12;

/** Random bytes for many write ids: asking the system for each took a twentieth of the time of a put. */
const randomPool = { bytes: Buffer.alloc(0), used: 0 };

/** Draws the identity of a write: 96 random bits. */
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

/** An injective text for an id: the length of the path says where the key starts. */
export function idText({ namespace, key }: ItemId): string {
  return `${namespace.length}:${namespace}${key}`;
}

/**
 * The item that LangGraph sees.
 *
 * @param depth - how many leading labels belong to the view that asks, and are left out
 * @param value - the decoded value, where it is at hand
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

/** The search result that LangGraph sees; `score` is undefined for what was not ranked. */
export function toSearchItem(
  record: LiveRecord,
  depth: number,
  value: Value | undefined,
  score: number | undefined,
): SearchItem {
  return { ...toItem(record, depth, value), score };
}
