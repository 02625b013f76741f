/** Embeddings with a given vector for each text. */
export class FixedEmbeddings {
  readonly model = "fixed";
  readonly #vectors: Readonly<Record<string, readonly number[]>>;

  constructor(vectors: Readonly<Record<string, readonly number[]>>) {
    this.#vectors = vectors;
  }

  async embedDocuments(texts: string[]): Promise<number[][]> {
    return texts.map((text) => this.#of(text));
  }

  async embedQuery(text: string): Promise<number[]> {
    return this.#of(text);
  }

  #of(text: string): number[] {
    const vector = this.#vectors[text];
    if (vector === undefined) throw new Error(`There is no vector for ${JSON.stringify(text)}.`);
    return [...vector];
  }
}
