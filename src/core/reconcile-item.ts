/** Reconciles the data derived from one record: its listing entry, its namespace in the registry and its vectors. */
import { UnavailableError } from "../model/errors.ts";
import { isLive, type ItemId, type ItemRecord, type LiveRecord } from "../model/item.ts";
import { RENEWAL_LAG_MS } from "../model/ttl.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { StoredPoint } from "../ports/vector-index.ts";
import type { Generations } from "./generations.ts";
import { keywordWeightsOf, type Indexing } from "./indexing.ts";

/** What reconciling depends on. */
export interface ReconcileDependencies {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly generations: Generations | null;
}

/** Records and one generation of the index. */
interface OneGeneration {
  readonly items: ItemRepository;
  readonly indexing: Indexing | null;
}

/** Most rounds. Concurrent writes can invalidate a round; after this many, the item is being written continuously. */
const MOST_ROUNDS = 4;

/** The vectors of an item could not be synchronized, as it is being written continuously. */
export class ContestedError extends UnavailableError {
  /** The last record that was read. */
  readonly record: ItemRecord | null;

  constructor(record: ItemRecord | null) {
    super("An item is being written continuously: its vectors could not be synchronized with it yet.");
    this.record = record;
  }
}

/** Record and point of an item, as read. */
export interface Seen {
  /** The generation of the point; null when the store has no index. */
  readonly indexing: Indexing | null;
  readonly point: StoredPoint | null;
  readonly record: ItemRecord | null;
}

/** Reads items. The points first, so that a removed point is never newer than the record that was read. */
export async function readItems({ items, generations }: ReconcileDependencies, ids: readonly ItemId[]): Promise<Seen[]> {
  return readItemsIn({ items, indexing: generations?.active ?? null }, ids);
}

async function readItemsIn({ items, indexing }: OneGeneration, ids: readonly ItemId[]): Promise<Seen[]> {
  const points = indexing === null ? [] : await indexing.vectors.stored(ids);
  const records = await items.get(ids);
  return ids.map((_, i) => ({ indexing, point: points[i] ?? null, record: records[i] ?? null }));
}

/**
 * Reconciles one item, in every generation that this process can write. Safe to run concurrently, and concurrently with writers.
 *
 * @param seen - record and point, if they were just read; otherwise they are read now
 * @throws {ContestedError} when the item is being written continuously.
 */
export async function reconcileItem({ items, generations }: ReconcileDependencies, id: ItemId, seen: Seen | null = null): Promise<Reconciled> {
  const active = generations?.active ?? null;
  const other = generations?.other ?? null;
  // The generations may have switched since the item was read.
  const reconciled = await reconcileIn({ items, indexing: active }, id, seen?.indexing === active ? seen : null);
  if (other === null) return reconciled;
  const { record, wroteVectors } = await reconcileIn({ items, indexing: other }, id, null);
  return { record, wroteVectors: wroteVectors || reconciled.wroteVectors };
}

async function reconcileIn(dependencies: OneGeneration, id: ItemId, seen: Seen | null): Promise<Reconciled> {
  let wroteVectors = false;
  let last: ItemRecord | null = null;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { record, sync } = await reconcileOnce(dependencies, id, round === 0 ? seen : null);
    wroteVectors ||= sync !== "untouched";
    if (sync !== "contested") return { record, wroteVectors };
    last = record;
  }
  throw new ContestedError(last);
}

/** An item whose derived data are consistent. */
export interface Reconciled {
  /** The record; null when there is none. */
  readonly record: ItemRecord | null;
  /** Whether vectors had to be written. */
  readonly wroteVectors: boolean;
}

/** Outcome of one round for the vectors; `contested`: a concurrent write requires another round. */
type RoundOutcome = "untouched" | "written" | "contested";

/** Result of one round. */
interface Round {
  readonly record: ItemRecord | null;
  readonly sync: RoundOutcome;
}

async function reconcileOnce(dependencies: OneGeneration, id: ItemId, seen: Seen | null): Promise<Round> {
  const { items, indexing } = dependencies;
  const { point, record } = seen ?? ((await readItemsIn(dependencies, [id]))[0] as Seen);
  if (record !== null) await only(items.put([record]));
  if (indexing === null) return { record, sync: "untouched" };
  if (isLive(record, Date.now() - RENEWAL_LAG_MS)) {
    const sync = await syncPoint(indexing, record, point);
    if (sync !== "written") return { record, sync };
    // A delete during the embedding found no point to remove; the point written after it would be an orphan.
    const [after = null] = await items.get([id]);
    return after?.writeId === record.writeId ? { record, sync: "written" } : { record: after, sync: "contested" };
  }
  if (point === null) return { record, sync: "untouched" };
  await only(indexing.vectors.remove([{ ...id, ...point }]));
  if (record === null || record.value === null || record.ttlMs === null) return { record, sync: "untouched" };
  // A read may have renewed the item after it was read here: its vectors are gone then.
  const [after = null] = await items.get([id]);
  return isLive(after, Date.now() - RENEWAL_LAG_MS) ? { record: after, sync: "contested" } : { record, sync: "untouched" };
}

/** Makes the point of a live record consistent with it. */
async function syncPoint(indexing: Indexing, record: LiveRecord, stored: StoredPoint | null): Promise<RoundOutcome> {
  const { namespace, key, version, writeId, expiresAt } = record;
  const value = decodeValue(record.value);
  const texts = indexing.rules.textsOf(value, namespace, record.index);
  if (texts.length === 0) {
    if (stored !== null && stored.version <= version) await only(indexing.vectors.remove([{ namespace, key, ...stored }]));
    return "untouched";
  }
  if (stored?.writeId === writeId) return "untouched";
  // Rejected texts are sent again, as the operator may have changed the provider; the pauses of the reconciler limit how often.
  indexing.embedder.forgetRejections(texts);
  const [vectors, termWeights] = await Promise.all([indexing.embedder.documents(texts), keywordWeightsOf(indexing, texts)]);
  const point = { namespace, key, version, writeId, vectors, termWeights, value, expiresAt };
  return (await only(indexing.vectors.upsert([point], { overEqual: true }))) === "stored" ? "written" : "contested";
}

/** Returns the only outcome of a call with one input. */
async function only<T>(outcomes: Promise<PromiseSettledResult<T>[]>): Promise<T | undefined> {
  const [outcome] = await outcomes;
  if (outcome?.status === "rejected") throw outcome.reason;
  return outcome?.value;
}
