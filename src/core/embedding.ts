/** The embedder of the store: a LangChain `Embeddings`, with its calls shared, its answers checked and cached. */
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Deadline } from "../concurrency/deadline.ts";
import { GroupCommit, type GroupWatch } from "../concurrency/group-commit.ts";
import { fulfilled } from "../concurrency/outcomes.ts";
import { embeddingFaultOf, toEmbeddingError, WRONG_ANSWER } from "../model/embedding-error.ts";
import { EmbeddingError } from "../model/errors.ts";
import type { Embedder, EmbeddingsLike } from "../ports/embedder.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import type { Vector } from "../ports/vector-index.ts";

/** Bounds of the calls to the provider and of the cache. */
export interface EmbeddingLimits {
  /** Most texts in one call. */
  readonly maxTextsPerCall: number;
  /** Most calls under way at once. */
  readonly maxCalls: number;
  /** Most texts that wait for the provider; beyond, a put or search is refused as unavailable. */
  readonly maxWaitingTexts: number;
  /** Memory for cached vectors, in bytes; 0 keeps none. */
  readonly cacheBytes: number;
}

/** Memory that one number of a cached vector takes. */
const BYTES_PER_NUMBER = 8;

/** What a text is embedded for; some models embed a question differently from a document. */
type Purpose = "document" | "query";

/** Who is told of the embedder's work. */
export interface EmbedderTold {
  readonly watch?: GroupWatch;
  readonly observer: Observer;
}

/** Embeds each distinct text once, in as few calls as the bounds allow. */
export class SharedEmbedder implements Embedder {
  readonly #embeddings: EmbeddingsLike;
  readonly #dims: number;
  readonly #observer: Observer;
  readonly #documents: GroupCommit<string, Vector>;
  readonly #cache: LRUCache<string, Vector> | null;
  /** Texts being embedded, so that the same one is not embedded again meanwhile. */
  readonly #underWay = new Map<string, Promise<Vector>>();

  constructor(embeddings: EmbeddingsLike, dims: number, limits: EmbeddingLimits, told: EmbedderTold = { observer: unobserved }) {
    this.#observer = told.observer;
    this.#embeddings = embeddings;
    this.#dims = dims;
    this.#documents = new GroupCommit((texts) => this.#embedDocuments(texts), {
      waitFor: "the embedding provider",
      maxGroup: limits.maxTextsPerCall,
      maxInFlight: limits.maxCalls,
      maxWaiting: limits.maxWaitingTexts,
      watch: told.watch,
      isInputFault: (reason) => embeddingFaultOf(reason) === "input",
    });
    this.#cache =
      limits.cacheBytes === 0
        ? null
        : new LRUCache({ maxSize: limits.cacheBytes, sizeCalculation: () => dims * BYTES_PER_NUMBER });
  }

  /** Texts in the cache. */
  get cached(): number {
    return this.#cache?.size ?? 0;
  }

  /** Takes over what another one has cached, of the same model. */
  takeCacheOf(other: SharedEmbedder): void {
    if (other.#cache !== null) this.#cache?.load(other.#cache.dump());
  }

  documents(texts: readonly string[], deadline?: Deadline): Promise<Vector[]> {
    const vectors = Promise.all(texts.map((text) => this.#once("document", text, () => this.#document(text))));
    return deadline === undefined ? vectors : deadline.wait("Embedding texts", vectors);
  }

  query(text: string, deadline?: Deadline): Promise<Vector> {
    const vector = this.#once("query", text, async () =>
      this.#checked(await this.#call(() => this.#embeddings.embedQuery(text))),
    );
    return deadline === undefined ? vector : deadline.wait("Embedding the query", vector);
  }

  /** The cached vector, or the one that is under way, or a new one. */
  #once(purpose: Purpose, text: string, embed: () => Promise<Vector>): Promise<Vector> {
    const key = cacheKey(purpose, text);
    const cached = this.#cache?.get(key);
    const underWay = cached === undefined ? this.#underWay.get(key) : undefined;
    this.#observer.embedded(purpose, cached !== undefined ? "cache" : underWay !== undefined ? "shared" : "provider");
    if (cached !== undefined) return Promise.resolve(cached);
    if (underWay !== undefined) return underWay;
    const vector = embed()
      .then((embedded) => {
        this.#cache?.set(key, embedded);
        return embedded;
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, vector);
    return vector;
  }

  async #document(text: string): Promise<Vector> {
    const [outcome] = await this.#documents.add([text]);
    if (outcome?.status === "fulfilled") return outcome.value;
    throw outcome?.reason;
  }

  async #embedDocuments(texts: readonly string[]): Promise<PromiseSettledResult<Vector>[]> {
    const embedded = await this.#call(() => this.#embeddings.embedDocuments([...texts]));
    if (!Array.isArray(embedded) || embedded.length !== texts.length) {
      throw new EmbeddingError(
        `The embedding provider was given ${texts.length} texts and answered with ` +
          `${Array.isArray(embedded) ? `${embedded.length} vectors` : "no list of vectors"}.`,
        { retryable: false, details: { fault: WRONG_ANSWER } },
      );
    }
    return embedded.map((vector) => fulfilled(this.#checked(vector)));
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw toEmbeddingError(error);
    }
  }

  #checked(vector: unknown): Vector {
    if (!Array.isArray(vector) || vector.length !== this.#dims) {
      throw new EmbeddingError(
        `The embedding provider answered with a vector of ${Array.isArray(vector) ? vector.length : "no"} numbers, ` +
          `but index.dims is ${this.#dims}: set it to what the model gives.`,
        { retryable: false, details: { fault: WRONG_ANSWER } },
      );
    }
    if (!vector.every(Number.isFinite)) {
      throw new EmbeddingError("The embedding provider answered with a number that is not finite.", {
        retryable: false,
        details: { fault: WRONG_ANSWER },
      });
    }
    return vector as number[];
  }
}

function cacheKey(purpose: Purpose, text: string): string {
  return hash("sha256", `${purpose}\0${text}`, "base64");
}
