/**
 * An embedder that needs no key, no server and no network: the Universal Sentence Encoder (English, 512 dimensions),
 * run in a thread of this process. For trying things out and for tests; a hosted model finds better and does not use this
 * machine's CPU.
 */
import { Embeddings, type EmbeddingsParams } from "@langchain/core/embeddings";
import { EmbeddingError, kindOf, ValidationError } from "../model/errors.ts";
import { embedInThread } from "./model-thread.ts";

/** Numbers in a vector of the local model. */
export const LOCAL_EMBEDDINGS_DIMS = 512;

/** The model works on so many texts at once; calls of others come in between. */
const TEXTS_AT_ONCE = 8;

/**
 * Embeds English texts in a thread of this process. Its packages are optional: see the error for how to install them.
 *
 * The model reads the first 128 tokens of a text, about 450 characters of English; what follows has no influence on the
 * vector. An empty text is embedded as a space.
 */
export class LocalEmbeddings extends Embeddings {
  /** Stored beside the vectors, so that another model's are never compared with them. */
  readonly model = "universal-sentence-encoder-lite-en";

  constructor(params: EmbeddingsParams = {}) {
    // What fails here fails again: the model has no network that could recover.
    super({ maxRetries: 0, ...params });
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    if (!Array.isArray(texts)) throw new ValidationError(`embedDocuments takes an array of texts, but got ${kindOf(texts)}.`);
    texts.forEach(checkText);
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

/** The model's vectors, if there is one of the right length for each text. */
function checked(vectors: number[][], count: number): number[][] {
  if (vectors.length !== count || vectors.some((vector) => vector.length !== LOCAL_EMBEDDINGS_DIMS)) {
    throw new EmbeddingError(
      `The local model was given ${count} texts and answered with ${vectors.length} vectors of ` +
        `${[...new Set(vectors.map((vector) => vector.length))].join(" or ")} numbers instead of ${LOCAL_EMBEDDINGS_DIMS}.`,
      { retryable: false },
    );
  }
  return vectors;
}
