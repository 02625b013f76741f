/** The embedder of the store: a LangChain `Embeddings` whose calls are shared, and whose vectors are checked and cached. */
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Deadline } from "../concurrency/deadline.ts";
import { purgedRegularly } from "../concurrency/cache-expiry.ts";
import { GroupCommit, type GroupWatch } from "../concurrency/group-commit.ts";
import { fulfilled, rejected } from "../concurrency/outcomes.ts";
import { Slots } from "../concurrency/slots.ts";
import type { VectorShape } from "../model/distance-metric.ts";
import { embeddingFaultOf, toEmbeddingError, WRONG_ANSWER } from "../model/embedding-error.ts";
import { EmbeddingError, messageOf, TimeoutError } from "../model/errors.ts";
import type { Embedder, EmbeddingProvider } from "../ports/embedder.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import type { Vector } from "../ports/vector-index.ts";
import { toVector } from "./provided-vector.ts";

/** Limits of the calls to the provider, and of the cache. */
export interface EmbeddingLimits {
  /** Most texts in one call. */
  readonly maxTextsPerCall: number;
  /** Most calls in flight. */
  readonly maxCalls: number;
  /** Most texts that wait for the provider; a put or search beyond this fails as unavailable. */
  readonly maxWaitingTexts: number;
  /** Memory for cached vectors, bytes; 0 disables the cache. */
  readonly cacheBytes: number;
  /** How long a vector is cached after it was computed, minutes. */
  readonly cacheMinutes: number;
}

/** Memory per component of a cached vector. */
const BYTES_PER_NUMBER = 8;

/** Memory for recently rejected texts, bytes. */
const REJECTION_BYTES = 1_048_576;

/** How long a rejected text is not sent again, milliseconds. */
const REJECTED_MS = 60_000;

/** How long a text is not sent again if it is only suspected to be the cause of a failure, milliseconds. */
const SUSPECTED_MS = 5_000;

/** Resolution of the age of a cached vector, milliseconds. */
const RESOLUTION_MS = 1_000;

/** Characters of a rejection's message that are remembered. */
const MESSAGE_CHARS = 1_000;

/** What a text is embedded for; some models embed queries differently from documents. */
type Purpose = "document" | "query";

/** Observers of the embedder. */
export interface EmbedderObservers {
  readonly watch?: GroupWatch;
  readonly observer: Observer;
}

/** Embeds each distinct text once, in as few calls as the limits allow. */
export class SharedEmbedder implements Embedder {
  readonly #provider: EmbeddingProvider;
  readonly #shape: VectorShape;
  readonly #observer: Observer;
  readonly #documents: GroupCommit<string, Vector>;
  /** Packed vectors, whose numbers are outside of the heap: collections of the young generation would copy arrays of numbers twice. */
  readonly #cache: LRUCache<string, Float64Array> | null;
  /** Rejections of the last minute: a text that is retried is not sent, and billed, again. */
  readonly #rejections = purgedRegularly(
    new LRUCache<string, EmbeddingError>({ maxSize: REJECTION_BYTES, sizeCalculation: ({ message }) => 512 + 2 * message.length }),
  );
  /** Texts that are being embedded, and the slots of their vectors; calls for the same text share the result. */
  readonly #pending = new Map<string, number>();
  readonly #vectors = new Slots<Promise<Vector>>();

  constructor(provider: EmbeddingProvider, shape: VectorShape, limits: EmbeddingLimits, observers: EmbedderObservers = { observer: unobserved }) {
    this.#observer = observers.observer;
    this.#provider = provider;
    this.#shape = shape;
    this.#documents = new GroupCommit((texts) => this.#embedDocuments(texts), {
      waitFor: "the embedding provider",
      maxGroup: limits.maxTextsPerCall,
      maxInFlight: limits.maxCalls,
      maxWaiting: limits.maxWaitingTexts,
      watch: observers.watch,
    });
    this.#cache =
      limits.cacheBytes === 0
        ? null
        : purgedRegularly(
            new LRUCache<string, Float64Array>({
              maxSize: limits.cacheBytes,
              sizeCalculation: () => shape.dims * BYTES_PER_NUMBER,
              ttl: limits.cacheMinutes * 60_000,
              ttlResolution: RESOLUTION_MS,
            }),
          );
  }

  /** Number of texts in the cache. */
  get cached(): number {
    return this.#cache?.size ?? 0;
  }

  /** Copies the cache of another embedder with the same model. */
  copyCacheOf(other: SharedEmbedder): void {
    if (other.#cache !== null) this.#cache?.load(other.#cache.dump());
  }

  documents(texts: readonly string[], deadline?: Deadline): Promise<Vector[]> {
    const vectors = Promise.all(texts.map((text) => this.#once("document", text, () => this.#document(text))));
    return deadline === undefined ? vectors : this.#within(deadline, "Embedding texts", vectors);
  }

  forgetRejections(texts: readonly string[]): void {
    if (this.#rejections.size > 0) for (const text of texts) this.#rejections.delete(cacheKey("document", text));
  }

  query(text: string, deadline?: Deadline): Promise<Vector> {
    const vector = this.#once("query", text, async () =>
      toVector(await this.#call(() => this.#provider.embedQuery(text)), this.#shape),
    );
    return deadline === undefined ? vector : this.#within(deadline, "Embedding the query", vector);
  }

  /** Waits until the deadline, and then reports the last failure of the provider rather than the timeout alone. */
  async #within<T>(deadline: Deadline, what: string, task: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await deadline.wait(what, task);
    } catch (error) {
      const failure = error instanceof TimeoutError ? (this.#provider.failureSince?.(startedAt) ?? null) : null;
      if (failure === null) throw error;
      const { message, retryable, details } = failure;
      // Without the cause of the failure, which may come from another caller's call and quote its text.
      throw new EmbeddingError(`${message} ${messageOf(error)}`, { cause: error, retryable, details });
    }
  }

  /** Returns the cached vector, or the one that is being embedded, or a new one. */
  #once(purpose: Purpose, text: string, embed: () => Promise<Vector>): Promise<Vector> {
    const key = cacheKey(purpose, text);
    const cached = this.#cache?.get(key);
    const pending = cached === undefined ? this.#vectors.at(this.#pending.get(key) ?? -1) : null;
    this.#observer.embedded(purpose, cached !== undefined ? "cache" : pending !== null ? "shared" : "provider");
    if (cached !== undefined) return Promise.resolve(unpacked(cached));
    if (pending !== null) return pending;
    const rejection = this.#rejections.get(key);
    if (rejection !== undefined) return Promise.reject(rejection);
    const vector = embed()
      .then(
        (embedded) => {
          this.#cache?.set(key, new Float64Array(embedded));
          return embedded;
        },
        (error: unknown) => {
          this.#remember(key, error);
          throw error;
        },
      )
      .finally(() => {
        this.#pending.delete(key);
        this.#vectors.free(slot);
      });
    const slot = this.#vectors.add(vector);
    this.#pending.set(key, slot);
    return vector;
  }

  #remember(key: string, error: unknown): void {
    if (!(error instanceof EmbeddingError)) return;
    const { message, retryable, details } = error;
    const fault = embeddingFaultOf(error);
    // A wrong answer for one text has its length; one for every text ends as soon as the provider or the configuration is corrected.
    const isOfText = fault === "input" || fault === "suspect-input" || (fault === WRONG_ANSWER && details["characters"] !== undefined);
    if (!isOfText) return;
    // Without its cause, which may contain the text.
    const kept = new EmbeddingError(message.slice(0, MESSAGE_CHARS), { retryable, details });
    this.#rejections.set(key, kept, { ttl: fault === "input" ? REJECTED_MS : SUSPECTED_MS });
  }

  async #document(text: string): Promise<Vector> {
    const [outcome] = await this.#documents.add([text]);
    if (outcome?.status === "fulfilled") return outcome.value;
    throw outcome?.reason;
  }

  async #embedDocuments(texts: readonly string[]): Promise<PromiseSettledResult<Vector>[]> {
    const outcomes = await this.#call(() => this.#provider.embedDocuments(texts));
    return outcomes.map((outcome) => (outcome.status === "fulfilled" ? this.#outcomeOf(outcome.value) : outcome));
  }

  /** Checks one vector: a text with an invalid vector fails alone. */
  #outcomeOf(vector: unknown): PromiseSettledResult<Vector> {
    try {
      return fulfilled(toVector(vector, this.#shape));
    } catch (error) {
      return rejected(error);
    }
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw toEmbeddingError(error);
    }
  }
}

/** A loop, because `Array.from` takes twenty times as long. */
function unpacked(packed: Float64Array): Vector {
  const vector = new Array<number>(packed.length);
  for (let i = 0; i < vector.length; i += 1) vector[i] = packed[i] as number;
  return vector;
}

function cacheKey(purpose: Purpose, text: string): string {
  return hash("sha256", `${purpose}\0${text}`, "base64");
}
