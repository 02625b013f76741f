/** Makes what is derived from one record right: its place in the listing, its namespace in the registry, its vectors. */
import { isLive, type ItemId, type ItemRecord, type LiveRecord } from "../model/item.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { StoredPoint } from "../ports/vector-index.ts";
import type { Indexing } from "./indexing.ts";

/** What reconciling stands on. */
export interface ReconcileGround {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly indexing: Indexing | null;
}

/**
 * Reconciles one item; may be run twice at once, and beside writers. The point's version is read before the record, so
 * that what is removed is never newer than what was seen.
 *
 * @returns the record that all is now in step with; null when there is none.
 */
export async function reconcileItem({ items, indexing }: ReconcileGround, id: ItemId): Promise<ItemRecord | null> {
  const [point = null] = indexing === null ? [] : await indexing.vectors.stored([id]);
  const [record = null] = await items.get([id]);
  if (record !== null) await only(items.put([record]));
  if (indexing === null) return record;
  if (isLive(record, Date.now())) await syncVectors(indexing, record, point);
  else if (point !== null) await only(indexing.vectors.remove([{ ...id, version: point.version }]));
  return record;
}

async function syncVectors(indexing: Indexing, record: LiveRecord, stored: StoredPoint | null): Promise<void> {
  const { namespace, key, version, writeId, expiresAt } = record;
  const value = decodeValue(record.value);
  const texts = indexing.rules.textsOf(value, namespace, record.index);
  if (texts.length === 0) {
    if (stored !== null && stored.version <= version) await only(indexing.vectors.remove([{ namespace, key, version }]));
    return;
  }
  if (stored?.writeId === writeId) return;
  const vectors = await indexing.embedder.documents(texts);
  const point = { namespace, key, version, writeId, vectors, value, expiresAt };
  await only(indexing.vectors.upsert([point], { overEqual: true }));
}

/** The outcome of a call for one. */
async function only(outcomes: Promise<PromiseSettledResult<unknown>[]>): Promise<void> {
  const [outcome] = await outcomes;
  if (outcome?.status === "rejected") throw outcome.reason;
}
