/** A simple in-memory model of the store's contract, for comparison with the real store. */
import { expect } from "vitest";
import { matchesFilter } from "../../src/model/filter-match.ts";
import { parseFilter } from "../../src/model/filter.ts";
import { compareLabels, matchesPattern } from "../../src/model/namespace.ts";

/** A put, or a delete when its value is null. */
interface ModelPut {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: Record<string, unknown> | null;
  readonly index?: false | readonly string[];
}

/** A search. */
interface ModelSearch {
  readonly namespacePrefix: readonly string[];
  readonly query?: string;
  readonly filter?: Record<string, unknown>;
  readonly limit: number;
  readonly offset: number;
}

/** A listing of namespaces. */
interface ModelList {
  readonly matchConditions: readonly { readonly matchType: "prefix" | "suffix"; readonly path: readonly string[] }[];
  readonly maxDepth?: number;
  readonly limit: number;
  readonly offset: number;
}

/** An operation as LangGraph's `batch` takes it. */
export type ModelOperation = Omit<ModelPut, "value" | "index"> | ModelPut | ModelSearch | ModelList;

interface ModelItem {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: Record<string, unknown>;
  /** Texts that are embedded. */
  readonly texts: readonly string[];
  /** Order of creation. */
  readonly created: number;
}

/** A comparable result: without times, scores with four digits. */
export type ModelResult = undefined | null | readonly string[][] | PlainItem | readonly PlainItem[];

/** An item without its times. */
export interface PlainItem {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: unknown;
  readonly score?: number;
}

/** Scores are compared to four digits: Qdrant keeps single precision, and the store rounds. */
function nearly(score: number | undefined): { score?: number } {
  return score === undefined ? {} : { score: expect.closeTo(score, 4) as number };
}

/** The model. `similarity` returns how similar two texts are. */
export class PlainModel {
  readonly #items = new Map<string, ModelItem>();
  readonly #similarity: (a: string, b: string) => number;
  #clock = 0;

  constructor(similarity: (a: string, b: string) => number) {
    this.#similarity = similarity;
  }

  /** Runs a batch: all reads before all writes, the last put to a key wins. */
  batch(operations: readonly ModelOperation[]): ModelResult[] {
    const results = operations.map((operation) => this.#read(operation));
    const last = new Map<string, ModelPut>();
    for (const operation of operations) {
      if ("value" in operation) last.set(JSON.stringify([operation.namespace, operation.key]), operation);
    }
    for (const [id, { namespace, key, value, index }] of last) {
      const created = this.#items.get(id)?.created ?? (this.#clock += 1);
      if (value === null) this.#items.delete(id);
      else this.#items.set(id, { namespace, key, value, created, texts: textsOf(value, index) });
    }
    return results;
  }

  #read(operation: ModelOperation): ModelResult {
    if ("namespacePrefix" in operation) return this.#search(operation);
    if ("value" in operation) return undefined;
    if ("key" in operation) {
      const item = this.#items.get(JSON.stringify([operation.namespace, operation.key]));
      return item === undefined ? null : plainItem(item);
    }
    return this.#list(operation);
  }

  #search({ namespacePrefix, query, filter, limit, offset }: ModelSearch): PlainItem[] {
    const parsed = parseFilter(filter);
    const matching = [...this.#items.values()]
      .filter((item) => matchesPattern(item.namespace, namespacePrefix, "prefix") && matchesFilter(item.value, parsed))
      .sort((a, b) => compareLabels(a.namespace, b.namespace) || a.created - b.created);
    if (query === undefined) return matching.slice(offset, offset + limit).map((item) => plainItem(item));
    const scoreOf = (item: ModelItem): number => Math.max(...item.texts.map((text) => this.#similarity(query, text)));
    const ranked = matching
      .filter(({ texts }) => texts.length > 0)
      .map((item) => ({ item, score: scoreOf(item) }))
      .sort((a, b) => b.score - a.score)
      .map(({ item, score }) => plainItem(item, score));
    const rest = matching.filter(({ texts }) => texts.length === 0).map((item) => plainItem(item));
    return [...ranked, ...rest].slice(offset, offset + limit);
  }

  #list({ matchConditions, maxDepth, limit, offset }: ModelList): string[][] {
    const cut = new Map<string, string[]>();
    for (const { namespace } of this.#items.values()) {
      if (!matchConditions.every(({ matchType, path }) => matchesPattern(namespace, path, matchType))) continue;
      const labels = namespace.slice(0, maxDepth);
      cut.set(JSON.stringify(labels), labels);
    }
    return [...cut.values()].sort(compareLabels).slice(offset, offset + limit);
  }
}

function textsOf(value: Record<string, unknown>, index: false | readonly string[] | undefined): string[] {
  const fields = index === false ? [] : (index ?? ["text"]);
  return fields.flatMap((field) => (typeof value[field] === "string" ? [value[field]] : []));
}

function plainItem({ namespace, key, value }: ModelItem, score?: number): PlainItem {
  return { namespace, key, value, ...nearly(score) };
}
