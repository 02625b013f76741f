import type { Deadline } from "../concurrency/deadline.ts";
import type { EmbeddingError } from "../model/errors.ts";
import type { Vector } from "./vector-index.ts";

/** What the store needs of a LangChain `Embeddings`: exactly its two methods. Vectors may be typed arrays. */
export interface EmbeddingsLike {
  embedDocuments(texts: string[]): Promise<ArrayLike<number>[]>;
  embedQuery(text: string): Promise<ArrayLike<number>>;
}

/** An embedding provider whose texts fail one by one. Rejects with an `EmbeddingError` when it failed for all of them. */
export interface EmbeddingProvider {
  /** Vectors at the positions of their texts, or why a text was rejected. */
  embedDocuments(texts: readonly string[]): Promise<PromiseSettledResult<ArrayLike<number>>[]>;
  embedQuery(text: string): Promise<ArrayLike<number>>;

  /**
   * The last failure of the provider, not of one text, of an attempt that ended at `since` or later, also of one that is
   * retried, or one with which the provider asked for a pause that lasts; null where there is none.
   *
   * @param since - by `performance.now()`
   */
  failureSince?(since: number): EmbeddingError | null;
}

/**
 * Turns texts into vectors of the configured length. Rejects with an `EmbeddingError` when the provider fails, or
 * answers with too few vectors, a wrong length or a number that is not finite. Once its `deadline` is over, a wait ends
 * with what the deadline says; what the provider was asked for is shared with others and goes on.
 */
export interface Embedder {
  /** Vectors of texts to store, at their positions. */
  documents(texts: readonly string[], deadline?: Deadline): Promise<Vector[]>;

  /** Forgets that the provider rejected texts, so that they are sent again. */
  forgetRejections(texts: readonly string[]): void;

  /** Vector of a text to search for. Some models embed it differently from a document. */
  query(text: string, deadline?: Deadline): Promise<Vector>;
}
