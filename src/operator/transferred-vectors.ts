/** Vectors in exports: which stored ones are exported, and which of a file an import uses instead of embedding texts again. */
import { hash } from "node:crypto";
import type { Generations } from "../core/generations.ts";
import type { Indexing } from "../core/indexing.ts";
import type { ModelIdentity } from "../core/model-identity.ts";
import { isStoreError } from "../model/errors.ts";
import type { LiveRecord } from "../model/item.ts";
import { tryDecodeValue } from "../model/value-codec.ts";
import type { StoredPoint, Vector } from "../ports/vector-index.ts";
import type { ImportedItem, ItemVectors } from "./export-format.ts";

/** What an import did with vectors. */
export interface ImportedVectors {
  /** Items that were written with vectors of the file; their texts were not embedded. */
  readonly used: number;
  /** Items whose vectors were not used; their texts were embedded. */
  readonly ignored: number;
  /** Why vectors were not used; null when all were. */
  readonly reason: string | null;
  /** Items that are stored without their vectors: the reconciler of any process writes them. */
  readonly pending: number;
  /** Why the first of these could not be written; null when there are none. */
  readonly pendingReason: string | null;
}

/** Returns the stored vectors of records, at their positions; null for those that are not indexed, or whose vectors are not in sync. */
export async function vectorsOfRecords({ vectors, rules }: Indexing, records: readonly LiveRecord[]): Promise<(ItemVectors | null)[]> {
  const indexed = records.filter((record) => record.vectorCount > 0);
  if (indexed.length === 0) return records.map(() => null);
  const ids = indexed.map(({ namespace, key }) => ({ namespace, key }));
  // Before and after: a point that a write replaced in between may have the vectors of another value.
  const before = await vectors.stored(ids);
  const stored = await vectors.vectorsOf(ids);
  const after = await vectors.stored(ids);
  const found = new Map<LiveRecord, ItemVectors>();
  indexed.forEach((record, i) => {
    const ofItem = stored[i] ?? null;
    if (ofItem === null || !isOf(before[i], record) || !isOf(after[i], record)) return;
    const value = tryDecodeValue(record.value);
    const texts = isStoreError(value) ? [] : rules.textsOf(value, record.namespace, record.index);
    // Qdrant may hold the last of two vectors twice.
    const own = texts.length === 2 && ofItem.length === 3 ? ofItem.slice(0, 2) : ofItem;
    if (texts.length > 0 && own.length === texts.length) found.set(record, { vectors: own, textsHash: textsHashOf(texts) });
  });
  return records.map((record) => found.get(record) ?? null);
}

function isOf(point: StoredPoint | null | undefined, { version, writeId }: LiveRecord): boolean {
  return point?.version === version && point.writeId === writeId;
}

/** Decides for each item whether its vectors fit this store, and counts. */
export class VectorsOfImport {
  readonly #generations: Generations | null;
  /** The generation that has the model. */
  readonly #indexing: Indexing | null;
  readonly #model: ModelIdentity | null;
  #used = 0;
  #ignored = 0;
  #reason: string | null = null;
  #pending = 0;
  #pendingReason: string | null = null;

  constructor(generations: Generations | null, model: ModelIdentity | null) {
    this.#generations = generations;
    this.#indexing = generations?.active ?? null;
    this.#model = model;
  }

  get report(): ImportedVectors {
    return { used: this.#used, ignored: this.#ignored, reason: this.#reason, pending: this.#pending, pendingReason: this.#pendingReason };
  }

  /** Returns the vectors to write; null to embed the texts. */
  usableOf(item: ImportedItem): readonly Vector[] | null {
    if (item.vectors === null) return null;
    const reason = this.#whyUnusable(item, item.vectors);
    if (reason === null) return item.vectors.vectors;
    this.#reason ??= reason;
    return null;
  }

  /** Counts an item that was written, or would be in a dry run. */
  count({ vectors }: ImportedItem, given: readonly Vector[] | null): void {
    if (vectors === null) return;
    if (given === null) this.#ignored += 1;
    else this.#used += 1;
  }

  /** Counts an item that was stored without its vectors. */
  countPending(reason: string): void {
    this.#pending += 1;
    this.#pendingReason ??= reason;
  }

  #whyUnusable({ value, namespace, index }: ImportedItem, { model, textsHash }: NonNullable<ImportedItem["vectors"]>): string | null {
    if (this.#indexing === null || this.#model === null) return "This store has no index.";
    if (nameOf(model) !== nameOf(this.#model)) {
      return `The vectors in the file were made by ${nameOf(model)}, but this store has ${nameOf(this.#model)}: texts are embedded again.`;
    }
    if (this.#generations?.active !== this.#indexing) return "Searches changed to another index during the import: texts are embedded again.";
    const decoded = tryDecodeValue(value);
    const texts = isStoreError(decoded) ? [] : this.#indexing.rules.textsOf(decoded, namespace, index);
    if (textsHashOf(texts) === textsHash) return null;
    return "This store indexes other texts of some items (index.fields or index.rules): they are embedded again.";
  }
}

function nameOf({ model, dims, metric }: ModelIdentity): string {
  return `${JSON.stringify(model)} (${dims} dims, ${metric})`;
}

function textsHashOf(texts: readonly string[]): string {
  return hash("sha256", JSON.stringify(texts), "base64url").slice(0, 22);
}
