import type { Deadline } from "../concurrency/deadline.ts";
import type { EmbeddingError } from "../model/errors.ts";
import type { Vector } from "./vector-index.ts";

/** The two methods of a LangChain `Embeddings` that the store uses. Vectors may be typed arrays. */
export interface EmbeddingsLike {
  embedDocuments(texts: string[]): Promise<ArrayLike<number>[]>;
  embedQuery(text: string): Promise<ArrayLike<number>>;
  /**
   * Loads a model into this process. The store calls it when it starts, so that the first put or search does not spend its time
   * budget on it. If it fails, the first call that embeds a text reports the reason.
   */
  warmUp?(): Promise<unknown>;
}

/** An embedding provider with an outcome for each text. Rejects with an `EmbeddingError` when all texts failed. */
export interface EmbeddingProvider {
  /** Returns, at the position of each text, its vector or the reason of its rejection. */
  embedDocuments(texts: readonly string[]): Promise<PromiseSettledResult<ArrayLike<number>>[]>;
  embedQuery(text: string): Promise<ArrayLike<number>>;

  /**
   * Returns the last failure of the provider (not of a single text) at `since` or later, also of an attempt that is retried, or
   * the one with which it requested the current pause; null without one.
   *
   * @param since - by `performance.now()`
   */
  failureSince?(since: number): EmbeddingError | null;
}

/**
 * Embeds texts as vectors of the configured length. Rejects with an `EmbeddingError` when the provider fails or returns too
 * few vectors, a wrong length or a number that is not finite. Once its `deadline` is exceeded, a call rejects; the request
 * to the provider continues, because other callers may share it.
 */
export interface Embedder {
  /** Embeds texts to store; vectors are at the positions of their texts. */
  documents(texts: readonly string[], deadline?: Deadline): Promise<Vector[]>;

  /** Clears the recorded rejections of texts, so that they are sent again. */
  forgetRejections(texts: readonly string[]): void;

  /** Embeds a query. Some models embed queries differently from documents. */
  query(text: string, deadline?: Deadline): Promise<Vector>;
}
