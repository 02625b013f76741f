/** The memories of one namespace: saved without near-duplicates, found, forgotten. */
import { createHash, randomUUID } from "node:crypto";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { canonicalText } from "../model/canonical-text.ts";
import { ValidationError } from "../model/errors.ts";
import type { SearchMode } from "../model/search-mode.ts";
import type { StoreView } from "../store-operations.ts";
import { textOf, type MemoryValue } from "./memory-shape.ts";

/** A memory that was found. */
export interface FoundMemory {
  readonly id: string;
  readonly value: MemoryValue;
  readonly score: number | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Outcome of a save. */
export type SaveOutcome =
  | { readonly status: "saved" | "unchanged"; readonly id: string }
  | { readonly status: "updated"; readonly id: string; readonly previous: MemoryValue; readonly similarity?: number };

/** Characters of a long text that a search uses: embedders read no more, and the store limits queries. */
const MAX_QUERY_CHARS = 2_000;

/** Memories that a new one is compared with. */
const MAX_COMPARED = 10;

/** Pages that a search reads to fill its results, where items of namespaces below lie between them. */
const MAX_PAGES = 5;

/** Runs saves of one namespace one after another: two equal memories in one turn must become one. */
export class SaveQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `save` after the earlier saves of the namespace; their failures do not affect it. */
  async run<T>(namespace: readonly string[], save: () => Promise<T>): Promise<T> {
    const path = JSON.stringify(namespace);
    const before = this.#last.get(path) ?? Promise.resolve();
    const result = before.then(save, save);
    this.#last.set(path, result);
    try {
      return await result;
    } finally {
      if (this.#last.get(path) === result) this.#last.delete(path);
    }
  }
}

/** The memories of one namespace. Items in namespaces below are not memories: their keys are not unique here. */
export class Memories {
  readonly #store: BaseStore;
  readonly #namespace: string[];
  readonly #mode: SearchMode | undefined;

  /** @param mode - how searches rank; what the store is configured to do by default. Other stores than this package's know none */
  constructor(store: BaseStore, namespace: string[], mode?: SearchMode) {
    this.#store = store;
    this.#namespace = namespace;
    this.#mode = mode;
  }

  /**
   * Saves a memory. One that is as similar as `threshold` to an existing one replaces it; null saves every memory that is not
   * equal to one.
   */
  async save(value: MemoryValue, threshold: number | null): Promise<SaveOutcome> {
    const ownId = contentId(value);
    const [atOwnId, near] = await Promise.all([this.#store.get(this.#namespace, ownId), this.#similar(value)]);
    if (atOwnId !== null && contentId(atOwnId.value) === ownId) return { status: "unchanged", id: ownId };
    const equal = near.find((each) => contentId(each.value) === ownId);
    if (equal !== undefined) return { status: "unchanged", id: equal.id };
    const [best] = near;
    if (threshold !== null && best?.score !== undefined && best.score >= threshold) {
      await this.#store.put(this.#namespace, best.id, value);
      return { status: "updated", id: best.id, previous: best.value, similarity: best.score };
    }
    // Processes that save equal memories at once write one item. The id may hold another value, which replaced an equal one.
    const id = atOwnId === null ? ownId : randomUUID();
    await this.#store.put(this.#namespace, id, value);
    return (threshold === null ? null : await this.#mergeWithRival(id, value, threshold)) ?? { status: "saved", id };
  }

  /**
   * Merges a new memory with a near-duplicate that another process added after the comparison of {@link save}. Of two processes that
   * add at the same time, the one that compares last finds both. The older memory stays, with the newer value; null without another one.
   */
  async #mergeWithRival(id: string, value: MemoryValue, threshold: number): Promise<SaveOutcome | null> {
    const near = (await this.#similar(value)).filter(({ score }) => score !== undefined && score >= threshold).sort(byAge);
    const own = near.find((each) => each.id === id);
    const rival = near.find((each) => each.id !== id);
    if (own === undefined || rival?.score === undefined) return null;
    const stays = byAge(own, rival) < 0 ? own : rival;
    if (stays === rival) await this.#store.put(this.#namespace, rival.id, value);
    await this.#deleteUnchanged(stays === rival ? own : rival);
    return { status: "updated", id: stays.id, previous: rival.value, similarity: rival.score };
  }

  /** Deletes a memory, unless another process has merged its own into it. */
  async #deleteUnchanged({ id, value }: FoundMemory): Promise<void> {
    const stored = await this.#store.get(this.#namespace, id);
    if (stored !== null && contentId(stored.value) === contentId(value)) await this.#store.delete(this.#namespace, id);
  }

  /** Returns the memories that are compared with a new one. Only similarities can be compared with the threshold. */
  #similar(value: MemoryValue): Promise<FoundMemory[]> {
    return this.#ranked(textOf(value), MAX_COMPARED, hasModes(this.#store) ? "semantic" : undefined);
  }

  /**
   * Replaces a memory.
   *
   * @throws {ValidationError} when there is none with this id.
   */
  async replace(id: string, value: MemoryValue): Promise<SaveOutcome> {
    const previous = await this.#existing(id);
    await this.#store.put(this.#namespace, id, value);
    return { status: "updated", id, previous };
  }

  /** Finds the memories that are most relevant to a query; those without a score come last. */
  async search(query: string, limit: number): Promise<FoundMemory[]> {
    return this.#ranked(query, limit, this.#mode);
  }

  async #ranked(query: string, limit: number, mode: SearchMode | undefined): Promise<FoundMemory[]> {
    const options = { query: query.slice(0, MAX_QUERY_CHARS).toWellFormed(), limit, ...(mode === undefined ? {} : { mode }) };
    const found: FoundMemory[] = [];
    for (let page = 0; page < MAX_PAGES && found.length < limit; page += 1) {
      const items = await this.#store.search(this.#namespace, { ...options, offset: page * limit });
      const isSimilarity = ranksBySimilarity(items);
      for (const { namespace, key, value, score, createdAt, updatedAt } of items) {
        if (namespace.length === this.#namespace.length) found.push({ id: key, value, score: isSimilarity ? score : undefined, createdAt, updatedAt });
      }
      if (items.length < limit) break;
    }
    return found.slice(0, limit);
  }

  /**
   * Deletes a memory and returns its value.
   *
   * @throws {ValidationError} when there is none with this id.
   */
  async forget(id: string): Promise<MemoryValue> {
    const value = await this.#existing(id);
    await this.#store.delete(this.#namespace, id);
    return value;
  }

  async #existing(id: string): Promise<MemoryValue> {
    const item = await this.#store.get(this.#namespace, id);
    if (item !== null) return item.value;
    throw new ValidationError(`There is no memory with the id ${JSON.stringify(id)}. Search for it first, and use an id from the results.`);
  }
}

/** The order of creation, in which all processes agree. */
function byAge(a: FoundMemory, b: FoundMemory): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1);
}

/** Id of a new memory: equal values have equal ids, so that two processes cannot add one memory twice. */
function contentId(value: MemoryValue): string {
  const text = canonicalText(value, Number.MAX_SAFE_INTEGER) ?? "";
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** Whether searches of a store take a mode: LangGraph's wrapper and other stores do not. */
export function hasModes(store: BaseStore): boolean {
  return typeof (store as Partial<StoreView>).scoped === "function";
}

/** Scores of keyword and hybrid ranking are no similarities. Only this package's results say how they were ranked. */
function ranksBySimilarity(results: object): boolean {
  const { mode } = (results as { readonly info?: { readonly mode?: string } }).info ?? {};
  return mode === undefined || mode === "semantic";
}
