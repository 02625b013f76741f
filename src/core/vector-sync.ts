/** Synchronizes the vectors with records that were just written. */
import type { Deadline } from "../concurrency/deadline.ts";
import { fulfilled, rejected, settled, settleTogether } from "../concurrency/outcomes.ts";
import { isStoreError, messageOf, VectorSyncError } from "../model/errors.ts";
import type { ItemRecord, Value } from "../model/item.ts";
import type { Events } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import type { UpsertOutcome, VectorPoint } from "../ports/vector-index.ts";
import { onlyGeneration, type Generations } from "./generations.ts";
import type { IndexEntries, Indexing } from "./indexing.ts";
import type { OpenIntent } from "./intent-log.ts";
import { ItemsOfCall } from "./items-of-call.ts";
import { ContestedError, reconcileItem } from "./reconcile-item.ts";

/** A put in progress: the new record, and the record that it replaces. */
export interface Write {
  readonly record: ItemRecord;
  readonly replaced: ItemRecord | null;
  readonly value: Value | null;
  readonly entries: IndexEntries;
  /** Entries in the other generation of the index; null if there was none when the texts were embedded. */
  readonly other: IndexEntries | null;
  readonly intent: OpenIntent;
}

/** What synchronization depends on. */
export interface VectorSyncOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly generations: Generations | null;
  /** `strict`: a put whose vectors cannot be written rejects, although its record is stored. `deferred`: it resolves, with an event. */
  readonly policy: "strict" | "deferred";
  readonly events: Events;
  readonly logger: Logger;
  readonly observer?: Observer | undefined;
}

type Outcomes = Map<Write, PromiseSettledResult<void>>;

/** Share of the remaining time of a put for its vectors; the rest is for flagging them as pending. */
const VECTORS_SHARE = 0.8;

/** Writes and removes vectors after their records were written. */
export class VectorSync {
  readonly #options: VectorSyncOptions;

  constructor(options: VectorSyncOptions) {
    this.#options = options;
  }

  /** Synchronizes writes whose records are stored. The result has an outcome for each write that failed or changed vectors. */
  async sync(writes: readonly Write[], deadline: Deadline): Promise<Outcomes> {
    const outcomes: Outcomes = new Map();
    const { generations } = this.#options;
    if (generations === null || (hasOneGeneration(generations) && !writes.some(({ record, replaced }) => record.vectorCount > 0 || (replaced?.vectorCount ?? 0) > 0))) {
      for (const { intent } of writes) intent.settle(false);
      return outcomes;
    }
    const { active, other } = generations;
    const syncingOther = other === null ? null : this.#syncOther(other, writes, deadline);
    const superseded = await this.#syncObserved(active, writes, deadline, outcomes);
    const failed = writes.filter((write) => outcomes.get(write)?.status === "rejected");
    const pending = writes.filter((write) => isPending(write, active));
    const unsynced = new Set([...failed, ...pending, ...superseded, ...((await syncingOther) ?? [])]);
    // Determined after the records were written: a reindex that begins later reads them.
    if (!generations.keepsIntents) for (const write of writes) if (!unsynced.has(write)) write.intent.settle(write.record.vectorCount > 0);
    const flagFailure = await this.#flagUnscored(hasOneGeneration(generations) ? [...unsynced] : writes.filter((write) => unsynced.has(write) || isUnscored(write, generations)), deadline);
    for (const write of failed) outcomes.set(write, this.#failure(outcomes.get(write) as PromiseRejectedResult));
    // Without vectors and flag, searches miss these items until the reconciler has processed them.
    if (flagFailure !== null) for (const write of [...pending, ...superseded]) outcomes.set(write, this.#failure(flagFailure));
    return outcomes;
  }

  /**
   * Writes vectors to the other generation, and returns the writes that are left to the reconciler. Never rejects, as puts depend on the
   * active generation only; a failure is an event.
   */
  async #syncOther(other: Indexing, writes: readonly Write[], deadline: Deadline): Promise<readonly Write[]> {
    const { indexed, cleared, upserts, removals } = await writeVectors(other, writes, deadline.part(VECTORS_SHARE), true);
    const failed = [...upserts, ...removals].find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) this.#options.events.emit({ type: "vector-sync-failed", cause: messageOf(failed.reason) });
    return [
      ...writes.filter((write) => isPending(write, other)),
      ...indexed.filter((_, i) => isUnsynced(upserts[i])),
      ...cleared.filter((_, i) => isUnsynced(removals[i])),
    ];
  }

  /** As {@link #syncVectors}, with the duration reported to the observer. */
  async #syncObserved(
    indexing: Indexing,
    writes: readonly Write[],
    deadline: Deadline,
    outcomes: Outcomes,
  ): Promise<readonly Write[]> {
    const { observer = unobserved } = this.#options;
    const startedAt = performance.now();
    const superseded = await observer.syncVectors(() => this.#syncVectors(indexing, writes, deadline.part(VECTORS_SHARE), outcomes));
    const synced = writes.filter((write) => write.entries.vectors.length > 0 && outcomes.get(write)?.status === "fulfilled");
    if (synced.length > 0) observer.vectorsSynced("write", performance.now() - startedAt, synced.length);
    return superseded;
  }

  /** @returns superseded writes: newer writes of the same items are in progress, and will synchronize the vectors. */
  async #syncVectors(
    indexing: Indexing,
    writes: readonly Write[],
    deadline: Deadline,
    outcomes: Outcomes,
  ): Promise<readonly Write[]> {
    const items = new ItemsOfCall(this.#options.items, deadline);
    const superseded: Write[] = [];
    const { indexed, cleared, upserts, removals } = await writeVectors(indexing, writes, deadline, this.#options.generations?.other !== null);
    await Promise.all(
      indexed.map(async (write, i) => {
        const outcome = upserts[i] as PromiseSettledResult<UpsertOutcome>;
        const isContested = outcome.status === "fulfilled" && outcome.value === "contested";
        // Of two writes with equal versions, only the record shows which one is stored.
        const final = isContested ? await settled(deadline.wait(WRITING, reconcileItem({ items, generations: onlyGeneration(indexing) }, write.record))) : outcome;
        const isSuperseded = final.status === "rejected" && isOverwritten(write, final.reason);
        if (isSuperseded) superseded.push(write);
        outcomes.set(write, isSuperseded ? fulfilled(undefined) : done(final));
      }),
    );
    cleared.forEach((write, i) => outcomes.set(write, removals[i] as PromiseSettledResult<void>));
    return superseded;
  }

  /** Flags namespaces of items with pending vectors as unscored, so that searches still return these items. Returns a failure. */
  async #flagUnscored(writes: readonly Write[], deadline: Deadline): Promise<PromiseRejectedResult | null> {
    if (writes.length === 0) return null;
    try {
      const flagging = this.#options.items.markUnscored(writes.map(({ record }) => record.namespace), deadline);
      await deadline.wait("Flagging namespaces", flagging);
      return null;
    } catch (error) {
      this.#options.logger.warn(
        { cause: messageOf(error) },
        "a namespace could not be flagged as holding items whose vectors are pending",
      );
      return rejected(error);
    }
  }

  #failure({ reason }: PromiseRejectedResult): PromiseSettledResult<void> {
    const cause: unknown = reason;
    this.#options.events.emit({ type: "vector-sync-failed", cause: messageOf(cause) });
    if (this.#options.policy === "deferred") return fulfilled(undefined);
    const message =
      "The record is stored (or deleted), but its vectors are not in sync with it yet; the reconciler retries. " + messageOf(cause);
    return rejected(new VectorSyncError(message, { cause, retryable: !isStoreError(cause) || cause.retryable }));
  }
}

/** Returns whether vectors could not be synchronized because of newer writes of the same item. */
function isOverwritten({ record }: Write, reason: unknown): boolean {
  // Without a record there is no proof of a newer write.
  return reason instanceof ContestedError && reason.record !== null && reason.record.writeId !== record.writeId;
}

/** Returns an outcome without its value. */
function done(outcome: PromiseSettledResult<unknown>): PromiseSettledResult<void> {
  return outcome.status === "rejected" ? outcome : fulfilled(undefined);
}

/** Returns the vectors of a write in a generation; null when they are not known. */
function entriesOf({ entries, other }: Write, indexing: Indexing): IndexEntries | null {
  if (entries.indexing === null || entries.indexing === indexing) return entries;
  return other?.indexing === indexing ? other : null;
}

/** Returns whether the vectors of a write are left to the reconciler. */
function isPending(write: Write, indexing: Indexing): boolean {
  const entries = entriesOf(write, indexing);
  return entries === null || (entries.texts > 0 && entries.vectors.length === 0);
}

/** Returns whether vectors are not known to be in sync. */
function isUnsynced(outcome: PromiseSettledResult<UpsertOutcome | void> | undefined): boolean {
  return outcome?.status !== "fulfilled" || outcome.value === "contested";
}

function hasOneGeneration({ other, keepsIntents }: Generations): boolean {
  return other === null && !keepsIntents;
}

/** Returns whether an item may lack vectors in a generation, so that searches need the flag of its namespace to return it. */
function isUnscored(write: Write, { active, other, hasUnknown }: Generations): boolean {
  if (write.record.value === null) return false;
  return hasUnknown || [active, other].some((indexing) => indexing !== null && entriesOf(write, indexing)?.texts === 0);
}

/** The vectors of writes, as they were written to one generation. */
interface WrittenVectors {
  readonly indexed: readonly Write[];
  /** Outcomes of `indexed`. */
  readonly upserts: readonly PromiseSettledResult<UpsertOutcome>[];
  readonly cleared: readonly Write[];
  /** Outcomes of `cleared`. */
  readonly removals: readonly PromiseSettledResult<void>[];
}

const WRITING = "Writing the vectors";

/**
 * Writes and removes vectors in one generation.
 *
 * @param hasOthers - whether a replaced record may count the vectors of another generation, so that its number 0 proves nothing
 */
async function writeVectors(indexing: Indexing, writes: readonly Write[], deadline: Deadline, hasOthers: boolean): Promise<WrittenVectors> {
  const { vectors } = indexing;
  const indexed: Write[] = [];
  const points: VectorPoint[] = [];
  const cleared: Write[] = [];
  for (const write of writes) {
    const entries = entriesOf(write, indexing);
    if (entries === null) continue;
    if (entries.vectors.length > 0) {
      indexed.push(write);
      points.push(toPoint(write, entries));
    } else if (entries.texts === 0 && write.replaced !== null && (hasOthers || write.replaced.vectorCount > 0)) cleared.push(write);
  }
  const [upserts, removals] = await Promise.all([
    settleTogether(indexed.length, () => deadline.wait(WRITING, vectors.upsert(points, undefined, deadline))),
    settleTogether(cleared.length, () => deadline.wait(WRITING, vectors.remove(cleared.map(({ record }) => record), deadline))),
  ]);
  return { indexed, cleared, upserts, removals };
}

function toPoint({ record, value }: Write, { vectors, terms }: IndexEntries): VectorPoint {
  const { namespace, key, version, writeId, expiresAt } = record;
  return { namespace, key, version, writeId, vectors, termWeights: terms, value: value ?? {}, expiresAt };
}
