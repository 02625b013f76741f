/** The embedder of the store: a LangChain `Embeddings`, with its calls shared, its answers checked and cached. */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { EmbeddingError, isStoreError } from "../model/errors.ts";
import type { Embedder, EmbeddingsLike } from "../ports/embedder.ts";
import type { Vector } from "../ports/vector-index.ts";
import { GroupCommit } from "./group-commit.ts";
import { fulfilled } from "./settle.ts";

/** Bounds of the calls to the provider and of the cache. */
export interface EmbeddingLimits {
  /** Most texts in one call. */
  readonly maxTextsPerCall: number;
  /** Most calls under way at once. */
  readonly maxCalls: number;
  /** Memory for cached vectors, in bytes; 0 keeps none. */
  readonly cacheBytes: number;
}

/** Memory that one number of a cached vector takes. */
const BYTES_PER_NUMBER = 8;

/** Embeds each distinct text once, in as few calls as the bounds allow. */
export class SharedEmbedder implements Embedder {
  readonly #embeddings: EmbeddingsLike;
  readonly #dims: number;
  readonly #documents: GroupCommit<string, Vector>;
  readonly #cache: LRUCache<string, Vector> | null;
  /** Queries under way, so that the same question asked by many is embedded once. */
  readonly #queries = new Map<string, Promise<Vector>>();

  constructor(embeddings: EmbeddingsLike, dims: number, limits: EmbeddingLimits) {
    this.#embeddings = embeddings;
    this.#dims = dims;
    this.#documents = new GroupCommit((texts) => this.#embedDistinct(texts), {
      maxGroup: limits.maxTextsPerCall,
      maxInFlight: limits.maxCalls,
      isInputFault: (reason) => isStoreError(reason) && !reason.retryable,
    });
    this.#cache =
      limits.cacheBytes === 0
        ? null
        : new LRUCache({ maxSize: limits.cacheBytes, sizeCalculation: () => dims * BYTES_PER_NUMBER });
  }

  async documents(texts: readonly string[]): Promise<Vector[]> {
    const outcomes = await this.#documents.add(texts);
    return outcomes.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
  }

  query(text: string): Promise<Vector> {
    const key = cacheKey("query", text);
    const cached = this.#cache?.get(key);
    if (cached !== undefined) return Promise.resolve(cached);
    const underWay = this.#queries.get(key);
    if (underWay !== undefined) return underWay;
    const vector = this.#embedQuery(text, key).finally(() => this.#queries.delete(key));
    this.#queries.set(key, vector);
    return vector;
  }

  async #embedQuery(text: string, key: string): Promise<Vector> {
    const vector = this.#checked(await this.#call(() => this.#embeddings.embedQuery(text)));
    this.#cache?.set(key, vector);
    return vector;
  }

  async #embedDistinct(texts: readonly string[]): Promise<PromiseSettledResult<Vector>[]> {
    const vectors = new Map<string, Vector>();
    for (const text of texts) {
      const cached = this.#cache?.get(cacheKey("document", text));
      if (cached !== undefined) vectors.set(text, cached);
    }
    const missing = [...new Set(texts)].filter((text) => !vectors.has(text));
    if (missing.length > 0) {
      const embedded = await this.#call(() => this.#embeddings.embedDocuments(missing));
      if (!Array.isArray(embedded) || embedded.length !== missing.length) {
        throw new EmbeddingError(
          `The embedding provider was given ${missing.length} texts and answered with ` +
            `${Array.isArray(embedded) ? `${embedded.length} vectors` : "no list of vectors"}.`,
          { retryable: false },
        );
      }
      missing.forEach((text, i) => {
        const vector = this.#checked(embedded[i]);
        vectors.set(text, vector);
        this.#cache?.set(cacheKey("document", text), vector);
      });
    }
    return texts.map((text) => fulfilled(vectors.get(text) as Vector));
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new EmbeddingError(`The embedding provider failed: ${reason}`, { cause, retryable: !isRefusal(cause) });
    }
  }

  #checked(vector: unknown): Vector {
    if (!Array.isArray(vector) || vector.length !== this.#dims) {
      throw new EmbeddingError(
        `The embedding provider answered with a vector of ${Array.isArray(vector) ? vector.length : "no"} numbers, ` +
          `but index.dims is ${this.#dims}: set it to what the model gives.`,
        { retryable: false },
      );
    }
    if (!vector.every(Number.isFinite)) {
      throw new EmbeddingError("The embedding provider answered with a number that is not finite.", { retryable: false });
    }
    return vector as number[];
  }
}

function cacheKey(purpose: "document" | "query", text: string): string {
  return createHash("sha256").update(purpose).update("\0").update(text).digest("base64");
}

/** Whether the provider refused the request itself, by an HTTP status that trying again does not change. */
function isRefusal(error: unknown): boolean {
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
  return typeof status === "number" && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
