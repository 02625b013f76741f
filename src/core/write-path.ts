/**
 * The path of a put. At once, and before anything is written: the intent is noted, the record is read, the texts are
 * embedded; a failure of any leaves nothing behind. Then the record is written, then its vectors are brought in step
 * with it. A crash in between leaves the intent, by which any process finishes the job. A delete goes the same way: it
 * writes a marker and takes the vectors away.
 */
import { fulfilled, rejected, settleTogether } from "../concurrency/outcomes.ts";
import { isStoreError, TimeoutError, ValidationError, VectorSyncError } from "../model/errors.ts";
import { isLive, newWriteId, type ItemRecord, type Value } from "../model/item.ts";
import type { PutRequest } from "../model/operation.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { VersionClock } from "../model/version-clock.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import type { Intent } from "../ports/outbox.ts";
import type { UpsertOutcome, Vector, VectorIndex } from "../ports/vector-index.ts";
import type { Indexing } from "./indexing.ts";
import type { IntentLog, OpenIntent } from "./intent-log.ts";
import { reconcileItem } from "./reconcile-item.ts";
import type { TtlRules } from "./ttl-rules.ts";

/** What a put does when its vectors, or its texts' embedding, cannot be had. */
export interface SyncPolicy {
  /** `strict`: the put rejects, its record is stored and queued. `deferred`: it resolves, and the log says so. */
  readonly vectorSync: "strict" | "deferred";
  /** `fail`: the put rejects and nothing is saved. `store-unindexed`: the record is stored, and its indexing queued. */
  readonly embeddingFailure: "fail" | "store-unindexed";
}

/** What puts stand on. */
export interface WritePathOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly indexing: Indexing | null;
  readonly intents: IntentLog;
  readonly policy: SyncPolicy;
  readonly ttl: TtlRules;
  readonly clock: VersionClock;
  readonly logger: Logger;
}

/**
 * A write that has not drawn its version so long after it was noted, milliseconds, is given up: what a reconciler sees
 * above this bound is then surely newer.
 */
export const WRITE_BOUND_MS = 30_000;

/** Most vectors of one item. */
const MAX_VECTORS = 256;

/** The marker of a delete has no end of its own: its repository keeps it for as long as clocks may differ. */
const NO_END = { expiresAt: null, ttlMs: null };

/** A put on its way: what is written, and what it replaces. */
interface Write {
  readonly record: ItemRecord;
  readonly replaced: ItemRecord | null;
  readonly value: Value | null;
  /** Fewer than the record counts when the embedding failed and is left to the reconciler. */
  readonly vectors: readonly Vector[];
  readonly intent: OpenIntent;
}

/** The texts of a value, embedded. */
interface Embedded {
  readonly value: Value | null;
  readonly texts: number;
  readonly vectors: readonly Vector[];
}

/** Puts and deletes items. */
export class WritePath {
  readonly #options: WritePathOptions;

  constructor(options: WritePathOptions) {
    this.#options = options;
  }

  /** Writes items of different ids; `result[i]` is what became of `requests[i]`, and one failing fails alone. */
  async put(requests: readonly PutRequest[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes = await this.#putTogether(requests);
    const [first] = outcomes;
    // One record that cannot be read, as a newer version wrote it, shall fail its own put only.
    const isUnreadable = first?.status === "rejected" && isStoreError(first.reason) && first.reason.code === "SCHEMA";
    if (!isUnreadable || requests.length === 1) return outcomes;
    return (await Promise.all(requests.map((request) => this.#putTogether([request])))).flat();
  }

  #putTogether(requests: readonly PutRequest[]): Promise<PromiseSettledResult<void>[]> {
    return settleTogether(requests.length, async () => {
      const notedAt = Date.now();
      const intents = requests.map(({ namespace, key }) => ({ namespace, key, writeId: newWriteId(), notedAt }));
      // The intent is durable before anything is written, and costs no round trip of its own.
      const [noted, replaced, embedded] = await Promise.all([
        this.#options.intents.note(intents),
        this.#options.items.get(requests.map(({ namespace, key }) => ({ namespace, key }))),
        Promise.allSettled(requests.map((request) => this.#embed(request))),
      ]);
      const drafts = requests.map((request, i) => {
        const intent = noted[i] as OpenIntent;
        const draft = this.#draft(request, intents[i] as Intent, replaced[i] ?? null, embedded[i]);
        // Nothing was written and nothing will be.
        if (!("record" in draft)) intent.settle(false);
        return "record" in draft ? { ...draft, intent } : draft;
      });
      return this.#write(drafts);
    });
  }

  async #embed(request: PutRequest): Promise<Embedded> {
    const { indexing, policy } = this.#options;
    if (indexing === null || request.value === null) return { value: null, texts: 0, vectors: [] };
    const value = decodeValue(request.value);
    const texts = indexing.rules.textsOf(value, request.namespace, request.index);
    if (texts.length === 0) return { value, texts: 0, vectors: [] };
    if (texts.length > MAX_VECTORS) {
      throw new ValidationError(
        `value has ${texts.length} texts to embed; an item may have ${MAX_VECTORS}: index fewer fields, or split it.`,
      );
    }
    try {
      return { value, texts: texts.length, vectors: await indexing.embedder.documents(texts) };
    } catch (error) {
      if (policy.embeddingFailure === "fail") throw error;
      this.#tell("an item is stored without vectors, as its texts could not be embedded; it is queued", error);
      return { value, texts: texts.length, vectors: [] };
    }
  }

  /** The write that a request comes to; an outcome where there is nothing to write. */
  #draft(
    request: PutRequest,
    { writeId, notedAt }: Intent,
    replaced: ItemRecord | null,
    embedded: PromiseSettledResult<Embedded> | undefined,
  ): Omit<Write, "intent"> | PromiseSettledResult<void> {
    if (embedded?.status !== "fulfilled") return rejected(embedded?.reason);
    const { value, texts, vectors } = embedded.value;
    if (request.value === null && (replaced === null || replaced.value === null)) return fulfilled(undefined);
    const now = Date.now();
    if (now - notedAt > WRITE_BOUND_MS) {
      return rejected(new TimeoutError(`The put was held up for more than ${WRITE_BOUND_MS} ms; nothing was saved.`));
    }
    const version = this.#options.clock.next(replaced?.version ?? 0);
    const continues = replaced !== null && (isLive(replaced, now) || request.value === null);
    const record: ItemRecord = {
      namespace: request.namespace,
      key: request.key,
      created: continues ? replaced.created : version,
      version,
      writeId,
      index: request.value === null ? undefined : request.index,
      vectors: texts,
      ...(request.value === null ? NO_END : this.#options.ttl.expiryOf(request.namespace, request.lifetime, now)),
      value: request.value,
    };
    return { record, replaced, value, vectors };
  }

  async #write(drafts: readonly (Write | PromiseSettledResult<void>)[]): Promise<PromiseSettledResult<void>[]> {
    const writes = drafts.filter((draft): draft is Write => "record" in draft);
    const records = writes.map(({ record }) => record);
    const stored = await settleTogether(writes.length, () => this.#options.items.put(records));
    const synced = await this.#syncVectors(writes.filter((_, i) => stored[i]?.status === "fulfilled"));
    let next = 0;
    return drafts.map((draft) => {
      if (!("record" in draft)) return draft;
      const outcome = stored[next] as PromiseSettledResult<void>;
      next += 1;
      // A write that failed may have been applied all the same: its intent stays, and is seen to.
      return outcome.status === "rejected" ? outcome : (synced.get(draft) ?? fulfilled(undefined));
    });
  }

  async #syncVectors(writes: readonly Write[]): Promise<Map<Write, PromiseSettledResult<void>>> {
    const { indexing, items } = this.#options;
    const outcomes = new Map<Write, PromiseSettledResult<void>>();
    const indexed = writes.filter(({ vectors }) => vectors.length > 0);
    const pending = writes.filter(({ record, vectors }) => record.vectors > 0 && vectors.length === 0);
    const cleared = writes.filter(({ record, replaced }) => record.vectors === 0 && (replaced?.vectors ?? 0) > 0);
    if (indexing !== null) {
      const { vectors } = indexing;
      const [upserts, removals] = await Promise.all([
        settleTogether(indexed.length, () => vectors.upsert(indexed.map(toPoint))),
        settleTogether(cleared.length, () => vectors.remove(cleared.map(({ record }) => record))),
      ]);
      await Promise.all(
        indexed.map(async (write, i) => {
          const outcome = upserts[i] as PromiseSettledResult<UpsertOutcome>;
          const isTied = outcome.status === "fulfilled" && outcome.value === "tied";
          // Which of two writes of one instant stands, the record alone knows.
          outcomes.set(write, isTied ? await settled(reconcileItem({ items, indexing }, write.record)) : done(outcome));
        }),
      );
      cleared.forEach((write, i) => outcomes.set(write, removals[i] as PromiseSettledResult<void>));
    }
    const failed = writes.filter((write) => outcomes.get(write)?.status === "rejected");
    const open = new Set([...failed, ...pending]);
    for (const write of writes) if (!open.has(write)) write.intent.settle(write.record.vectors > 0);
    await this.#flagUnscored([...open]);
    for (const write of failed) outcomes.set(write, this.#syncFailure(outcomes.get(write) as PromiseRejectedResult));
    return outcomes;
  }

  /** Items whose vectors are pending count as unscored, so that searches still show them. */
  async #flagUnscored(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    try {
      await this.#options.items.markUnscored(writes.map(({ record }) => record.namespace));
    } catch (error) {
      this.#tell("a namespace could not be flagged as holding items whose vectors are pending", error);
    }
  }

  #syncFailure({ reason }: PromiseRejectedResult): PromiseSettledResult<void> {
    const cause: unknown = reason;
    if (this.#options.policy.vectorSync === "deferred") {
      this.#tell("an item is stored, but its vectors could not be written; it is queued", cause);
      return fulfilled(undefined);
    }
    const text = cause instanceof Error ? cause.message : String(cause);
    const message = `The record is stored (or deleted), but its vectors are not in step with it yet; that is queued. ${text}`;
    return rejected(new VectorSyncError(message, { cause, retryable: !isStoreError(cause) || cause.retryable }));
  }

  #tell(message: string, error: unknown): void {
    this.#options.logger.warn({ cause: error instanceof Error ? error.message : String(error) }, message);
  }
}

/** An outcome without what it came to. */
function done(outcome: PromiseSettledResult<unknown>): PromiseSettledResult<void> {
  return outcome.status === "rejected" ? outcome : fulfilled(undefined);
}

async function settled(task: Promise<unknown>): Promise<PromiseSettledResult<void>> {
  const [outcome] = await Promise.allSettled([task]);
  return done(outcome);
}

function toPoint({ record, vectors, value }: Write): Parameters<VectorIndex["upsert"]>[0][number] {
  const { namespace, key, version, writeId } = record;
  return { namespace, key, version, writeId, vectors, value: value ?? {} };
}
