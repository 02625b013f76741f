/**
 * The path of a put. The record is read and its texts are embedded at once, before anything is written, so that a
 * failure of either leaves nothing behind; then the record is written, then its vectors are brought in step with it.
 * A delete goes the same way: it writes a marker and takes the vectors away.
 */
import { fulfilled, rejected, settleTogether } from "../concurrency/outcomes.ts";
import { VectorSyncError } from "../model/errors.ts";
import { isLive, newWriteId, type ItemRecord, type Value } from "../model/item.ts";
import type { PutRequest } from "../model/operation.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { VersionClock } from "../model/version-clock.ts";
import type { Embedder } from "../ports/embedder.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Vector, VectorIndex } from "../ports/vector-index.ts";
import type { IndexRules } from "./index-rules.ts";
import type { TtlRules } from "./ttl-rules.ts";

/** What makes vectors of values. */
export interface Indexing {
  readonly rules: IndexRules;
  readonly embedder: Embedder;
  readonly vectors: VectorIndex;
}

/** What puts stand on. */
export interface WritePathOptions {
  readonly items: ItemRepository;
  /** Null when the store has no index. */
  readonly indexing: Indexing | null;
  readonly ttl: TtlRules;
  readonly clock: VersionClock;
}

/** The marker of a delete has no end of its own: its repository keeps it for as long as clocks may differ. */
const NO_END = { expiresAt: null, ttlMs: null };

/** A put on its way: what is written, and what it replaces. */
interface Write {
  readonly record: ItemRecord;
  readonly replaced: ItemRecord | null;
  readonly value: Value | null;
  readonly vectors: readonly Vector[];
}

/** The texts of a value, embedded. */
interface Embedded {
  readonly value: Value | null;
  readonly vectors: readonly Vector[];
}

/** Puts and deletes items. */
export class WritePath {
  readonly #items: ItemRepository;
  readonly #indexing: Indexing | null;
  readonly #ttl: TtlRules;
  readonly #clock: VersionClock;

  constructor({ items, indexing, ttl, clock }: WritePathOptions) {
    this.#items = items;
    this.#indexing = indexing;
    this.#ttl = ttl;
    this.#clock = clock;
  }

  /** Writes items of different ids; `result[i]` is what became of `requests[i]`, and one failing fails alone. */
  put(requests: readonly PutRequest[]): Promise<PromiseSettledResult<void>[]> {
    return settleTogether(requests.length, async () => {
      const [replaced, embedded] = await Promise.all([
        this.#items.get(requests.map(({ namespace, key }) => ({ namespace, key }))),
        Promise.allSettled(requests.map((request) => this.#embed(request))),
      ]);
      const drafts = requests.map((request, i) => this.#draft(request, replaced[i] ?? null, embedded[i]));
      return this.#write(drafts);
    });
  }

  async #embed(request: PutRequest): Promise<Embedded> {
    if (this.#indexing === null || request.value === null) return { value: null, vectors: [] };
    const value = decodeValue(request.value);
    const texts = this.#indexing.rules.textsOf(value, request.namespace, request.index);
    return { value, vectors: texts.length === 0 ? [] : await this.#indexing.embedder.documents(texts) };
  }

  /** The write that a request comes to; an outcome where there is nothing to write. */
  #draft(
    request: PutRequest,
    replaced: ItemRecord | null,
    embedded: PromiseSettledResult<Embedded> | undefined,
  ): Write | PromiseSettledResult<void> {
    if (embedded?.status !== "fulfilled") return rejected(embedded?.reason);
    const { value, vectors } = embedded.value;
    if (request.value === null && (replaced === null || replaced.value === null)) return fulfilled(undefined);
    const version = this.#clock.next(replaced?.version ?? 0);
    const continues = replaced !== null && (isLive(replaced, Date.now()) || request.value === null);
    const record: ItemRecord = {
      namespace: request.namespace,
      key: request.key,
      created: continues ? replaced.created : version,
      version,
      writeId: newWriteId(),
      index: request.value === null ? undefined : request.index,
      vectors: vectors.length,
      ...(request.value === null ? NO_END : this.#ttl.expiryOf(request.namespace, request.lifetime, Date.now())),
      value: request.value,
    };
    return { record, replaced, value, vectors };
  }

  async #write(drafts: readonly (Write | PromiseSettledResult<void>)[]): Promise<PromiseSettledResult<void>[]> {
    const writes = drafts.filter((draft): draft is Write => "record" in draft);
    const stored = await settleTogether(writes.length, () => this.#items.put(writes.map(({ record }) => record)));
    const synced = await this.#syncVectors(writes.filter((_, i) => stored[i]?.status === "fulfilled"));
    let next = 0;
    return drafts.map((draft) => {
      if (!("record" in draft)) return draft;
      const outcome = stored[next] as PromiseSettledResult<void>;
      next += 1;
      return outcome.status === "rejected" ? outcome : (synced.get(draft) ?? fulfilled(undefined));
    });
  }

  async #syncVectors(writes: readonly Write[]): Promise<Map<Write, PromiseSettledResult<void>>> {
    const outcomes = new Map<Write, PromiseSettledResult<void>>();
    if (this.#indexing === null) return outcomes;
    const { vectors } = this.#indexing;
    const indexed = writes.filter((write) => write.vectors.length > 0);
    const cleared = writes.filter((write) => write.vectors.length === 0 && (write.replaced?.vectors ?? 0) > 0);
    const [upserts, removals] = await Promise.all([
      settleTogether(indexed.length, () => vectors.upsert(indexed.map(toPoint))),
      settleTogether(cleared.length, () => vectors.remove(cleared.map(({ record }) => record))),
    ]);
    indexed.forEach((write, i) => outcomes.set(write, asSyncOutcome(upserts[i])));
    cleared.forEach((write, i) => outcomes.set(write, asSyncOutcome(removals[i])));
    return outcomes;
  }
}

function toPoint({ record, vectors, value }: Write): Parameters<VectorIndex["upsert"]>[0][number] {
  const { namespace, key, version, writeId } = record;
  return { namespace, key, version, writeId, vectors, value: value ?? {} };
}

function asSyncOutcome(outcome: PromiseSettledResult<void> | undefined): PromiseSettledResult<void> {
  if (outcome?.status === "fulfilled") return outcome;
  const cause: unknown = outcome?.reason;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return rejected(
    new VectorSyncError(
      `The record is stored, but its vectors are not in step with it: ${reason} Put it again to index it.`,
      { cause },
    ),
  );
}
