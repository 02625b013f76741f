/** Makes what is derived from one record right: its place in the listing, its namespace in the registry, its vectors. */
import { UnavailableError } from "../model/errors.ts";
import { isLive, type ItemId, type ItemRecord, type LiveRecord } from "../model/item.ts";
import { RENEWAL_LAG_MS } from "../model/ttl.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { StoredPoint } from "../ports/vector-index.ts";
import type { Indexing } from "./indexing.ts";

/** What reconciling stands on. */
export interface ReconcileDependencies {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly indexing: Indexing | null;
}

/** Other writes may come between, each time that vectors are written; in so many rounds they are no accident any more. */
const MOST_ROUNDS = 4;

/** An item could not be brought in step, as others write it all the time. */
export class ContestedError extends UnavailableError {
  /** What was written last, as far as was seen. */
  readonly record: ItemRecord | null;

  constructor(record: ItemRecord | null) {
    super("An item is being written again and again: its vectors could not be brought in step with it yet.");
    this.record = record;
  }
}

/** What was read of an item. */
export interface Seen {
  readonly point: StoredPoint | null;
  readonly record: ItemRecord | null;
}

/** Looks at items: at the point before the record, so that what is removed is never newer than what was seen. */
export async function readItems({ items, indexing }: ReconcileDependencies, ids: readonly ItemId[]): Promise<Seen[]> {
  const points = indexing === null ? [] : await indexing.vectors.stored(ids);
  const records = await items.get(ids);
  return ids.map((_, i) => ({ point: points[i] ?? null, record: records[i] ?? null }));
}

/**
 * Reconciles one item; may be run twice at once, and beside writers.
 *
 * @param seen - what was just read of it, together with others; by default it is read now
 * @throws {ContestedError} when others write it all the time.
 */
export async function reconcileItem(dependencies: ReconcileDependencies, id: ItemId, seen: Seen | null = null): Promise<Reconciled> {
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

/** An item whose derived data are right. */
export interface Reconciled {
  /** The record that they are in step with; null when there is none. */
  readonly record: ItemRecord | null;
  /** Whether vectors had to be written for it. */
  readonly wroteVectors: boolean;
}

/** What became of the vectors in one round; `contested`: another write came between, and it has to be looked at again. */
type Sync = "untouched" | "written" | "contested";

/** What one round came to. */
interface Round {
  readonly record: ItemRecord | null;
  readonly sync: Sync;
}

async function reconcileOnce(dependencies: ReconcileDependencies, id: ItemId, seen: Seen | null): Promise<Round> {
  const { items, indexing } = dependencies;
  const { point, record } = seen ?? ((await readItems(dependencies, [id]))[0] as Seen);
  if (record !== null) await only(items.put([record]));
  if (indexing === null) return { record, sync: "untouched" };
  if (isLive(record, Date.now() - RENEWAL_LAG_MS)) {
    const sync = await syncVectors(indexing, record, point);
    if (sync !== "written") return { record, sync };
    // A delete that came while the texts were embedded found nothing to remove, and what was written then is an orphan.
    const [after = null] = await items.get([id]);
    return after?.writeId === record.writeId ? { record, sync: "written" } : { record: after, sync: "contested" };
  }
  if (point !== null) await only(indexing.vectors.remove([{ ...id, ...point }]));
  return { record, sync: "untouched" };
}

async function syncVectors(indexing: Indexing, record: LiveRecord, stored: StoredPoint | null): Promise<Sync> {
  const { namespace, key, version, writeId, expiresAt } = record;
  const value = decodeValue(record.value);
  const texts = indexing.rules.textsOf(value, namespace, record.index);
  if (texts.length === 0) {
    if (stored !== null && stored.version <= version) await only(indexing.vectors.remove([{ namespace, key, ...stored }]));
    return "untouched";
  }
  if (stored?.writeId === writeId) return "untouched";
  // Its own pauses bound how often a rejected text is sent again; the operator may have changed the provider.
  indexing.embedder.forgetRejections(texts);
  const vectors = await indexing.embedder.documents(texts);
  const point = { namespace, key, version, writeId, vectors, value, expiresAt };
  return (await only(indexing.vectors.upsert([point], { overEqual: true }))) === "stored" ? "written" : "contested";
}

/** The outcome of a call for one. */
async function only<T>(outcomes: Promise<PromiseSettledResult<T>[]>): Promise<T | undefined> {
  const [outcome] = await outcomes;
  if (outcome?.status === "rejected") throw outcome.reason;
  return outcome?.value;
}
