/** The index entries of a put: its texts, embedded for each generation of the index that this process can write. */
import { nextTurn } from "../concurrency/event-loop.ts";
import type { Deadline } from "../concurrency/deadline.ts";
import { toEmbeddingError } from "../model/embedding-error.ts";
import { EmbeddingError, isStoreError, messageOf, ValidationError } from "../model/errors.ts";
import type { Value } from "../model/item.ts";
import type { PutRequest } from "../model/request.ts";
import { decodeValue } from "../model/value-codec.ts";
import type { Events } from "../ports/events.ts";
import type { Generations } from "./generations.ts";
import { keywordWeightsOf, type IndexEntries, type Indexing } from "./indexing.ts";

/** See `SyncPolicy.embeddingFailure`. */
type OnFailure = "fail" | "store-unindexed";

/** What index entries depend on. */
export interface PutEntriesOptions {
  /** Null when the store has no index. */
  readonly generations: Generations | null;
  readonly embeddingFailure: OnFailure;
  readonly events: Events;
}

/** Consequence of a failure, for error messages. */
export const NOTHING_SAVED = "Nothing was saved.";

/** Bigger values are processed in several turns of the event loop. */
const BIG_BYTES = 256 * 1024;

/** Share of a put's time for embedding; the rest is for the writes. */
const PUT_EMBEDDING_SHARE = 0.5;

/** The index entries of a value that is not indexed. */
const WITHOUT_TEXTS: IndexEntries = { indexing: null, texts: 0, vectors: [], terms: null };

const NOT_INDEXED: EntriesOfPut = { value: null, entries: WITHOUT_TEXTS, other: null };

/** The index entries of a value, in each generation that is kept in sync. */
export interface EntriesOfPut {
  readonly value: Value | null;
  readonly entries: IndexEntries;
  /** In the other generation of the index; null for none. */
  readonly other: IndexEntries | null;
}

/** Embeds the texts of puts. */
export class PutEntries {
  readonly #options: PutEntriesOptions;

  constructor(options: PutEntriesOptions) {
    this.#options = options;
  }

  /** @throws {EmbeddingError} when the texts cannot be embedded for the active generation, and puts then fail. */
  async of(request: PutRequest, deadline: Deadline): Promise<EntriesOfPut> {
    const { generations } = this.#options;
    if (generations === null || request.value === null || request.index === false) return NOT_INDEXED;
    // Each step on a big value blocks the event loop for a while: other callers run in between.
    const isBig = request.value.bytes.byteLength > BIG_BYTES;
    if (isBig) await nextTurn();
    const value = decodeValue(request.value);
    if (isBig) await nextTurn();
    const { active, other } = generations;
    const { embeddingFailure } = this.#options;
    if (other === null) return { value, entries: await this.#entries(active, value, request, embeddingFailure, deadline), other: null };
    const [entries, others] = await Promise.all([
      this.#entries(active, value, request, embeddingFailure, deadline),
      // A put depends on the active generation only: the reconciler completes the other one.
      this.#entries(other, value, { ...request, origin: undefined }, "store-unindexed", deadline).catch((error: unknown) => this.#postponed(error)),
    ]);
    return { value, entries, other: others };
  }

  async #entries(indexing: Indexing, value: Value, request: PutRequest, onFailure: OnFailure, deadline: Deadline): Promise<IndexEntries> {
    const { texts, excess } = indexing.rules.collect(value, request.namespace, request.index);
    if (excess !== null) throw new ValidationError(`value has ${excess}: index fewer fields, or split the value.`);
    if (texts.length === 0) return { indexing, texts: 0, vectors: [], terms: null };
    const given = request.origin?.vectors;
    if (given?.length === texts.length) return { indexing, texts: texts.length, vectors: given, terms: await keywordWeightsOf(indexing, texts) };
    try {
      // The terms are computed while the provider works.
      const [vectors, terms] = await Promise.all([indexing.embedder.documents(texts, deadline.part(PUT_EMBEDDING_SHARE)), keywordWeightsOf(indexing, texts)]);
      return { indexing, texts: texts.length, vectors, terms };
    } catch (error) {
      if (isStoreError(error) && error.code === "ABORTED") throw error;
      if (onFailure === "fail") throw nothingSaved(toEmbeddingError(error));
      this.#postponed(error);
      return { indexing, texts: texts.length, vectors: [], terms: null };
    }
  }

  /** Emits an event for entries that are left to the reconciler. */
  #postponed(error: unknown): null {
    const isAborted = isStoreError(error) && error.code === "ABORTED";
    if (!isAborted) this.#options.events.emit({ type: "embedding-postponed", cause: messageOf(error) });
    return null;
  }
}

function nothingSaved(error: EmbeddingError): EmbeddingError {
  const { message, retryable, details } = error;
  return new EmbeddingError(`${message} ${NOTHING_SAVED}`, { cause: error.cause, retryable, details });
}
