/**
 * An embedder without key, server or network: the Universal Sentence Encoder (English, 512 dimensions) in a thread of this
 * process. For experiments and tests; a hosted model has better recall and does not use the local CPU.
 */
import { Embeddings, type EmbeddingsParams } from "@langchain/core/embeddings";
import { EmbeddingError, kindOf, ValidationError } from "../model/errors.ts";
import { embedInThread } from "./model-thread.ts";

/** Dimensions of the local model's vectors. */
export const LOCAL_EMBEDDINGS_DIMS = 512;

/** Texts per call of the model, so that concurrent callers interleave. */
const TEXTS_AT_ONCE = 8;

/**
 * Embeds English texts in a thread of this process. Its packages are optional; the error lists them when they are missing.
 *
 * The model reads the first 128 tokens of a text, about 450 characters of English, and ignores the rest. A text is cut
 * to 2,048 characters, before and after its Unicode normalization (NFKC). An empty text is embedded as a space.
 */
export class LocalEmbeddings extends Embeddings {
  /** Name of the model, stored with the vectors so that vectors of different models are never compared. */
  readonly model = "universal-sentence-encoder-lite-en";

  constructor(params: EmbeddingsParams = {}) {
    // A retry does not help: the model is deterministic and uses no network.
    super({ maxRetries: 0, ...params });
  }

  /** Loads the model. The store calls it when it starts. */
  async warmUp(): Promise<void> {
    await embedInThread([""]);
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    if (!Array.isArray(texts)) throw new ValidationError(`embedDocuments expects an array of texts, but got ${kindOf(texts)}.`);
    // Not with `forEach`, which skips holes.
    for (const text of texts) checkText(text);
    const vectors: number[][] = [];
    for (let start = 0; start < texts.length; start += TEXTS_AT_ONCE) {
      const part = texts.slice(start, start + TEXTS_AT_ONCE);
      vectors.push(...checked(await embedInThread(part), part.length));
    }
    return vectors;
  }

  override async embedQuery(text: string): Promise<number[]> {
    checkText(text);
    const [vector] = checked(await embedInThread([text]), 1);
    return vector ?? [];
  }
}

function checkText(text: unknown): void {
  if (typeof text !== "string") throw new ValidationError(`A text to embed must be a string, but got ${kindOf(text)}.`);
}

/** Verifies that the model returned one vector of the right length for each text. */
function checked(vectors: number[][], count: number): number[][] {
  if (vectors.length !== count || vectors.some((vector) => vector.length !== LOCAL_EMBEDDINGS_DIMS)) {
    throw new EmbeddingError(
      `The local model received ${count} texts and returned ${vectors.length} vectors of ` +
        `${[...new Set(vectors.map((vector) => vector.length))].join(" or ")} numbers instead of ${LOCAL_EMBEDDINGS_DIMS}.`,
      { retryable: false },
    );
  }
  return vectors;
}
