/**
 * The path of a put. First, concurrently: the intent is recorded, the replaced record is read and the texts are embedded; if any
 * of these fails, nothing is saved. Then the record is written, then its vectors are synchronized with it. After a crash in
 * between, any process completes the put from the intent. A delete takes the same path: it writes a marker and removes the
 * vectors. It writes the marker even if there is no record, so that an in-doubt put that arrives later finds a newer version.
 */
import { nextTurn } from "../concurrency/event-loop.ts";
import type { Deadline } from "../concurrency/deadline.ts";
import { fulfilled, rejected, settleTogether } from "../concurrency/outcomes.ts";
import { AbortError, isStoreError, TimeoutError } from "../model/errors.ts";
import { isLive, newWriteId, type ItemRecord } from "../model/item.ts";
import type { PutRequest } from "../model/request.ts";
import type { EncodedValue } from "../model/value-codec.ts";
import { WRITE_BOUND_MS } from "../model/write-bound.ts";
import type { VersionClock } from "../model/version-clock.ts";
import type { Events } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import type { Intent } from "../ports/outbox.ts";
import type { Observer } from "../ports/telemetry.ts";
import { importTimes, importVersion, keepsStored } from "./import-write.ts";
import type { Generations } from "./generations.ts";
import type { IntentLog, OpenIntent } from "./intent-log.ts";
import { ItemsOfCall } from "./items-of-call.ts";
import type { PagePositions } from "./page-positions.ts";
import { NOTHING_SAVED, PutEntries, type EntriesOfPut } from "./put-entries.ts";
import { readInParts } from "./read-budget.ts";
import type { TtlRules } from "./ttl-rules.ts";
import { VectorSync, type Write } from "./vector-sync.ts";

/** What a put does when its vectors cannot be written or its texts cannot be embedded. */
export interface SyncPolicy {
  /** `strict`: the put rejects; its record is stored, and the intent stays. `deferred`: the put resolves, with an event and a log line. */
  readonly vectorSync: "strict" | "deferred";
  /** `fail`: the put rejects and nothing is saved. `store-unindexed`: the record is stored, and the reconciler indexes it later. */
  readonly embeddingFailure: "fail" | "store-unindexed";
}

/** Stands for the value of a replaced record, of which only the existence matters. */
const OMITTED_VALUE: EncodedValue = { typed: false, bytes: new Uint8Array() };

/** What the write path depends on. */
export interface WritePathOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly generations: Generations | null;
  readonly intents: IntentLog;
  readonly policy: SyncPolicy;
  readonly ttl: TtlRules;
  readonly clock: VersionClock;
  readonly events: Events;
  readonly logger: Logger;
  /** Hints on where pages start; a write drops those that it may move. */
  readonly positions: PagePositions;
  readonly observer?: Observer | undefined;
}

/** The marker of a delete has no expiry: the repository keeps it for the tolerated clock skew. */
const NO_EXPIRY = { expiresAt: null, ttlMs: null };

const PERHAPS_SAVED = "It may or may not be stored; its vectors and listing entry will be consistent in either case.";

/** Requests that are started in one turn of the event loop; more would block it. */
const CHUNK_SIZE = 2_000;

/** Puts and deletes items. */
export class WritePath {
  readonly #options: WritePathOptions;
  readonly #entries: PutEntries;
  readonly #vectors: VectorSync;

  constructor(options: WritePathOptions) {
    this.#options = options;
    const { items, generations, policy, events, logger, observer } = options;
    this.#entries = new PutEntries({ generations, embeddingFailure: policy.embeddingFailure, events });
    this.#vectors = new VectorSync({ items, generations, policy: policy.vectorSync, events, logger, observer });
  }

  /**
   * Writes items with different ids; `result[i]` is the outcome of `requests[i]`: the version that was written, or an error that
   * concerns only this item.
   */
  async put(requests: readonly PutRequest[], deadline: Deadline): Promise<PromiseSettledResult<number>[]> {
    if (requests.length <= CHUNK_SIZE) return this.#putChunk(requests, deadline);
    const chunks: Promise<PromiseSettledResult<number>[]>[] = [];
    for (let start = 0; start < requests.length; start += CHUNK_SIZE) {
      if (start > 0) await nextTurn();
      chunks.push(this.#putChunk(requests.slice(start, start + CHUNK_SIZE), deadline));
    }
    return (await Promise.all(chunks)).flat();
  }

  /** Puts one chunk; again one by one if a replaced record is in a newer format, which must fail only its own put. */
  async #putChunk(requests: readonly PutRequest[], deadline: Deadline): Promise<PromiseSettledResult<number>[]> {
    const outcomes = await this.#putAtOnce(requests, deadline);
    const [first] = outcomes;
    const isUnreadable = first?.status === "rejected" && isStoreError(first.reason) && first.reason.code === "SCHEMA";
    if (!isUnreadable || requests.length === 1) return outcomes;
    return (await Promise.all(requests.map((request) => this.#putAtOnce([request], deadline)))).flat();
  }

  /** Puts items with shared round trips: a failure before the first write fails all of them. */
  #putAtOnce(requests: readonly PutRequest[], deadline: Deadline): Promise<PromiseSettledResult<number>[]> {
    return settleTogether(requests.length, async () => {
      const recordedAt = Date.now();
      const intents = requests.map(({ namespace, key }) => ({ namespace, key, writeId: newWriteId(), recordedAt }));
      // An abort ends the put before the record is written; after that, the put completes in the background.
      const { open, replaced, embedded } = await this.#prepare(requests, intents, deadline.abortedBy(requests));
      const drafts = requests.map((request, i) => {
        const intent = open[i] as OpenIntent;
        const draft = this.#draft(request, intents[i] as Intent, replaced[i] ?? null, embedded[i], deadline);
        // Nothing was written, and nothing will be.
        if (!("record" in draft)) intent.settle(false);
        return "record" in draft ? { ...draft, intent } : draft;
      });
      return this.#write(drafts, deadline);
    });
  }

  /** Runs the steps before the first write concurrently, so that recording the intent adds no round trip. */
  async #prepare(
    requests: readonly PutRequest[],
    intents: readonly Intent[],
    deadline: Deadline,
  ): Promise<{ open: OpenIntent[]; replaced: (ItemRecord | null)[]; embedded: PromiseSettledResult<EntriesOfPut>[] }> {
    const recording = this.#options.intents.record(intents, deadline);
    try {
      const steps = Promise.all([
        recording,
        this.#readReplaced(requests, deadline),
        Promise.allSettled(requests.map((request) => this.#entries.of(request, deadline))),
      ]);
      const [open, replaced, embedded] = await deadline.wait("The put", steps, NOTHING_SAVED);
      return { open, replaced, embedded };
    } catch (error) {
      // The intents are removed once recorded. A failure to record them has failed the put already, or does not matter now.
      void Promise.allSettled([recording]).then(([open]) => {
        if (open.status === "fulfilled") for (const intent of open.value) intent.settle(false);
      });
      throw error;
    }
  }

  /** Reads the replaced records. Of several, the values are dropped, so that many big values are not in memory together. */
  async #readReplaced(requests: readonly PutRequest[], deadline: Deadline): Promise<(ItemRecord | null)[]> {
    const ids = requests.map(({ namespace, key }) => ({ namespace, key }));
    if (ids.length === 1) return this.#options.items.get(ids, deadline);
    const replaced: (ItemRecord | null)[] = [];
    for await (const records of readInParts(new ItemsOfCall(this.#options.items, deadline), ids)) {
      for (const record of records) replaced.push(record === null || record.value === null ? record : { ...record, value: OMITTED_VALUE });
    }
    return replaced;
  }

  /** Returns the write for a request, or its outcome if nothing is to be written. */
  #draft(
    request: PutRequest,
    { writeId, recordedAt }: Intent,
    replaced: ItemRecord | null,
    embedded: PromiseSettledResult<EntriesOfPut> | undefined,
    deadline: Deadline,
  ): Omit<Write, "intent"> | PromiseSettledResult<number> {
    if (embedded?.status !== "fulfilled") return rejected(embedded?.reason);
    const { value, entries, other } = embedded.value;
    if (request.signal?.aborted) {
      const { reason: cause } = request.signal as { readonly reason: unknown };
      return rejected(new AbortError("The put was aborted by its caller. Nothing was saved.", { cause }));
    }
    if (deadline.isOver) return rejected(deadline.over("The put", NOTHING_SAVED));
    const now = Date.now();
    if (now - recordedAt > WRITE_BOUND_MS) {
      return rejected(new TimeoutError(`The put was delayed for more than ${WRITE_BOUND_MS} ms. ${NOTHING_SAVED}`));
    }
    const { origin } = request;
    if (origin !== undefined && keepsStored(origin, replaced, now)) return fulfilled(replaced.version);
    const record: ItemRecord = {
      namespace: request.namespace,
      key: request.key,
      writeId,
      index: request.value === null ? undefined : request.index,
      vectorCount: Math.max(entries.texts, other?.texts ?? 0),
      value: request.value,
      ...this.#times(request, replaced, now),
    };
    return { record, replaced, value, entries, other };
  }

  #times(request: PutRequest, replaced: ItemRecord | null, now: number): Pick<ItemRecord, "created" | "updated" | "version" | "expiresAt" | "ttlMs"> {
    const { namespace, value, lifetime, origin } = request;
    const { ttl, clock } = this.#options;
    if (origin !== undefined) {
      const version = importVersion(origin, replaced);
      return { version, ...importTimes(origin, replaced, version, now), ...(origin.expiry ?? ttl.expiryOf(namespace, lifetime, now)) };
    }
    const version = clock.next(replaced?.version ?? 0);
    const continues = replaced !== null && (isLive(replaced, now) || value === null);
    return { version, created: continues ? replaced.created : version, ...(value === null ? NO_EXPIRY : ttl.expiryOf(namespace, lifetime, now)) };
  }

  /** Writes records, and drops hints on pages that were read before or meanwhile, even if the deadline is exceeded before the write completes. */
  async #putRecords(records: readonly ItemRecord[], deadline: Deadline): Promise<PromiseSettledResult<void>[]> {
    this.#dropPositions(records);
    try {
      return await this.#options.items.put(records, deadline);
    } finally {
      this.#dropPositions(records);
    }
  }

  #dropPositions(records: readonly ItemRecord[]): void {
    const { positions } = this.#options;
    let last: string | null = null;
    for (const { namespace } of records) {
      if (namespace !== last) positions.drop(namespace);
      last = namespace;
    }
  }

  async #write(
    drafts: readonly (Write | PromiseSettledResult<number>)[],
    deadline: Deadline,
  ): Promise<PromiseSettledResult<number>[]> {
    const writes = drafts.filter((draft): draft is Write => "record" in draft);
    if (writes.length === 0) return drafts as PromiseSettledResult<number>[];
    const records = writes.map(({ record }) => record);
    const stored = await settleTogether(writes.length, () =>
      deadline.wait("The put", this.#putRecords(records, deadline), PERHAPS_SAVED),
    );
    const synced = await this.#vectors.sync(writes.filter((_, i) => stored[i]?.status === "fulfilled"), deadline);
    let next = 0;
    return drafts.map((draft) => {
      if (!("record" in draft)) return draft;
      const outcome = stored[next] as PromiseSettledResult<void>;
      next += 1;
      // A failed write may have been applied: its intent stays, and the reconciler checks it. When the codec failed, nothing was sent.
      if (outcome.status === "rejected" && isStoreError(outcome.reason) && outcome.reason.code === "CODEC") draft.intent.settle(false);
      const failed = outcome.status === "rejected" ? outcome : synced.get(draft);
      return failed?.status === "rejected" ? failed : fulfilled(draft.record.version);
    });
  }
}
