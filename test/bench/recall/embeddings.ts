/** The local embedder, each text embedded once: vectors are kept in a temporary folder from run to run. */
import { hash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LOCAL_EMBEDDINGS_DIMS, LocalEmbeddings } from "langgraph-store-scylladb/local-embeddings";

const FOLDER = join(tmpdir(), "bench-recall-vectors");

/** Texts embedded in one call. */
const GROUP = 64;

/** Keeps the vectors of all texts that it is given beforehand, and may be switched off. */
export class RecallEmbeddings extends LocalEmbeddings {
  /** Whether queries fail, as during an outage of the provider. */
  isDown = false;
  readonly #vectors = new Map<string, number[]>();

  /** Embeds texts, or reads what an earlier run has kept of them. */
  async prepare(texts: readonly string[], onProgress: (done: number) => void): Promise<void> {
    const file = join(FOLDER, `${hash("sha256", texts.join("\0"), "hex").slice(0, 24)}.f32`);
    const dims = LOCAL_EMBEDDINGS_DIMS;
    const kept = await readFile(file).catch(() => null);
    const numbers = kept === null ? new Float32Array(texts.length * dims) : new Float32Array(new Uint8Array(kept).buffer);
    for (let start = 0; kept === null && start < texts.length; start += GROUP) {
      const vectors = await super.embedDocuments(texts.slice(start, start + GROUP));
      for (const [i, vector] of vectors.entries()) numbers.set(vector, (start + i) * dims);
      onProgress(Math.min(texts.length, start + GROUP));
    }
    if (kept === null) {
      await mkdir(FOLDER, { recursive: true });
      await writeFile(file, new Uint8Array(numbers.buffer));
    }
    for (const [i, text] of texts.entries()) this.#vectors.set(text, Array.from(numbers.subarray(i * dims, (i + 1) * dims)));
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.#vectorOf(text)));
  }

  override async embedQuery(text: string): Promise<number[]> {
    if (this.isDown) throw new Error("the embedding provider is down");
    return this.#vectorOf(text);
  }

  /** A store may change texts before it embeds them. */
  async #vectorOf(text: string): Promise<number[]> {
    const known = this.#vectors.get(text);
    if (known !== undefined) return known;
    const vector = await super.embedQuery(text);
    this.#vectors.set(text, vector);
    return vector;
  }
}
