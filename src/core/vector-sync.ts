/** Synchronizes the vectors with records that were just written. */
import type { Deadline } from "../concurrency/deadline.ts";
import { fulfilled, rejected, settled, settleTogether } from "../concurrency/outcomes.ts";
import { isStoreError, messageOf, VectorSyncError } from "../model/errors.ts";
import type { ItemRecord, Value } from "../model/item.ts";
import type { TermWeights } from "../model/term-weights.ts";
import type { Events } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import type { UpsertOutcome, Vector, VectorPoint } from "../ports/vector-index.ts";
import type { Indexing } from "./indexing.ts";
import type { OpenIntent } from "./intent-log.ts";
import { ItemsOfCall } from "./items-of-call.ts";
import { ContestedError, reconcileItem } from "./reconcile-item.ts";

/** A put in progress: the new record, and the record that it replaces. */
export interface Write {
  readonly record: ItemRecord;
  readonly replaced: ItemRecord | null;
  readonly value: Value | null;
  /** Empty although the record has texts if embedding failed and is left to the reconciler. */
  readonly vectors: readonly Vector[];
  readonly terms: TermWeights | null;
  readonly intent: OpenIntent;
}

/** What synchronization depends on. */
export interface VectorSyncOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly indexing: Indexing | null;
  /** `strict`: a put whose vectors cannot be written rejects, although its record is stored. `deferred`: it resolves, with an event. */
  readonly policy: "strict" | "deferred";
  readonly events: Events;
  readonly logger: Logger;
  readonly observer?: Observer | undefined;
}

type Outcomes = Map<Write, PromiseSettledResult<void>>;

/** Share of the remaining time of a put for its vectors; the rest is for flagging them as pending. */
const SHARE = 0.8;

/** Writes and removes vectors after their records were written. */
export class VectorSync {
  readonly #options: VectorSyncOptions;

  constructor(options: VectorSyncOptions) {
    this.#options = options;
  }

  /** Synchronizes writes whose records are stored. The result has an outcome for each write that failed or changed vectors. */
  async sync(writes: readonly Write[], deadline: Deadline): Promise<Outcomes> {
    const outcomes: Outcomes = new Map();
    const { indexing } = this.#options;
    if (indexing === null || !writes.some(({ record, replaced }) => record.vectorCount > 0 || (replaced?.vectorCount ?? 0) > 0)) {
      for (const { intent } of writes) intent.settle(false);
      return outcomes;
    }
    const superseded = await this.#syncObserved(indexing, writes, deadline, outcomes);
    const failed = writes.filter((write) => outcomes.get(write)?.status === "rejected");
    const pending = writes.filter(({ record, vectors }) => record.vectorCount > 0 && vectors.length === 0);
    const open = new Set([...failed, ...pending, ...superseded]);
    for (const write of writes) if (!open.has(write)) write.intent.settle(write.record.vectorCount > 0);
    const unflagged = await this.#flagUnscored([...open], deadline);
    for (const write of failed) outcomes.set(write, this.#failure(outcomes.get(write) as PromiseRejectedResult));
    // Neither its vectors nor the flag lead a search to such an item until the reconciler was there.
    if (unflagged !== null) for (const write of [...pending, ...superseded]) outcomes.set(write, this.#failure(unflagged));
    return outcomes;
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
    const superseded = await observer.syncVectors(() => this.#syncVectors(indexing, writes, deadline.part(SHARE), outcomes));
    const synced = writes.filter((write) => write.vectors.length > 0 && outcomes.get(write)?.status === "fulfilled");
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
    const { vectors } = indexing;
    const items = new ItemsOfCall(this.#options.items, deadline);
    const superseded: Write[] = [];
    const within = <T>(task: Promise<T>): Promise<T> => deadline.wait("Writing the vectors", task);
    const indexed = writes.filter((write) => write.vectors.length > 0);
    const cleared = writes.filter(({ record, replaced }) => record.vectorCount === 0 && (replaced?.vectorCount ?? 0) > 0);
    const [upserts, removals] = await Promise.all([
      settleTogether(indexed.length, () => within(vectors.upsert(indexed.map(toPoint), undefined, deadline))),
      settleTogether(cleared.length, () => within(vectors.remove(cleared.map(({ record }) => record), deadline))),
    ]);
    await Promise.all(
      indexed.map(async (write, i) => {
        const outcome = upserts[i] as PromiseSettledResult<UpsertOutcome>;
        const isContested = outcome.status === "fulfilled" && outcome.value === "contested";
        // Of two writes with equal versions, only the record shows which one is stored.
        const final = isContested ? await settled(within(reconcileItem({ items, indexing }, write.record))) : outcome;
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

function toPoint({ record, vectors, terms, value }: Write): VectorPoint {
  const { namespace, key, version, writeId, expiresAt } = record;
  return { namespace, key, version, writeId, vectors, termWeights: terms, value: value ?? {}, expiresAt };
}
