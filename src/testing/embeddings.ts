import { Embeddings } from "@langchain/core/embeddings";

/** A vector model for tests that records every text, documents and queries separately. */
export abstract class RecordingEmbeddings extends Embeddings {
  /** Number of components of the vectors of this model. */
  readonly dims: number;
  /** Every text embedded as a document, in the order of arrival, repeats included. */
  readonly documentTexts: string[] = [];
  /** Every text embedded as a query, in the order of arrival, repeats included. */
  readonly queryTexts: string[] = [];
  /** Number of calls of `embedDocuments` and `embedQuery` together. */
  calls = 0;

  /** @param dims number of components of a vector */
  constructor(dims: number) {
    // One attempt, so that tests of failures do not wait for retries of the base class.
    super({ maxRetries: 0 });
    this.dims = dims;
  }

  /** Returns the vector of a text, or throws if the model has none. */
  protected abstract vectorOf(text: string): number[];

  /** Embeds texts that are stored. */
  override async embedDocuments(documents: string[]): Promise<number[][]> {
    this.calls += 1;
    this.documentTexts.push(...documents);
    return documents.map((text) => this.vectorOf(text));
  }

  /** Embeds a text that is searched for. */
  override async embedQuery(document: string): Promise<number[]> {
    this.calls += 1;
    this.queryTexts.push(document);
    return this.vectorOf(document);
  }
}

const WORD = /[\p{L}\p{N}]+/gu;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function hashOf(word: string): number {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(word)) {
    hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
  }
  return hash;
}

/**
 * Bag of words, hashed into a vector of length 1, so that texts with common words are similar. Deterministic in every
 * process. A text without words has the vector of the first axis.
 */
export class HashEmbeddings extends RecordingEmbeddings {
  /** @param options.dims number of components of a vector, 64 by default */
  constructor(options: { dims?: number } = {}) {
    super(options.dims ?? 64);
  }

  protected override vectorOf(text: string): number[] {
    const vector = new Array<number>(this.dims).fill(0);
    for (const [word] of text.toLowerCase().matchAll(WORD)) {
      const hash = hashOf(word);
      const axis = hash % this.dims;
      // The sign comes from bits that the axis does not use, so that colliding words cancel as often as they add.
      vector[axis] = (vector[axis] ?? 0) + (hash >>> 31 === 0 ? 1 : -1);
    }
    const length = Math.hypot(...vector);
    if (length === 0) return vector.map((_, axis) => (axis === 0 ? 1 : 0));
    return vector.map((component) => component / length);
  }
}

/** Returns the vector of a text from a table, unchanged; a missing text is an error. */
export class TableEmbeddings extends RecordingEmbeddings {
  readonly #table: ReadonlyMap<string, readonly number[] | Float32Array>;

  /**
   * @param options.dims number of components in the configuration of the store
   * @param options.table vector of each text; nothing is checked, so a wrong length can be given on purpose
   */
  constructor(options: { dims: number; table: Readonly<Record<string, readonly number[] | Float32Array>> }) {
    super(options.dims);
    this.#table = new Map(Object.entries(options.table));
  }

  protected override vectorOf(text: string): number[] {
    const vector = this.#table.get(text);
    if (vector === undefined) throw new Error(`TableEmbeddings holds no vector for the text ${JSON.stringify(text)}`);
    // LangChain's type has arrays only, but some libraries return typed arrays.
    return ArrayBuffer.isView(vector) ? (vector.slice() as unknown as number[]) : [...vector];
  }
}

/** Rejects every call, like a provider that is down. */
export class FailingEmbeddings extends RecordingEmbeddings {
  readonly #reason: Error;

  /**
   * @param options.dims number of components in the configuration of the store, 64 by default
   * @param options.reason the error that every call rejects with
   */
  constructor(options: { dims?: number; reason?: Error } = {}) {
    super(options.dims ?? 64);
    this.#reason = options.reason ?? new Error("The embedding provider is down");
  }

  protected override vectorOf(): number[] {
    throw this.#reason;
  }
}
