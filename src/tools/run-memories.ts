/** The memories of the run that a tool or a middleware is called in. */
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { ValidationError } from "../model/errors.ts";
import { SEARCH_MODES, type SearchMode } from "../model/search-mode.ts";
import { hasModes, Memories } from "./memories.ts";
import { namespaceTemplate } from "./namespace-template.ts";

/** What both the tools and the middleware take. */
export interface MemoryPlace {
  /**
   * Namespace of the memories. A label `"{name}"` is replaced by `config.configurable.name` of the run, so that the application,
   * never the model, decides whose memories are used. A run without that value fails.
   */
  readonly namespace: readonly string[];
  /** The store; by default that of the graph that runs. */
  readonly store?: BaseStore;
  /**
   * How searches rank: by similarity, by keywords, or by both. It requires `store`: inside a graph, LangGraph drops the mode of a
   * search. By default the store's configuration decides, or a view that binds a mode.
   */
  readonly mode?: SearchMode;
}

/** The parts of a run's configuration that are used here. */
export interface RunConfig {
  readonly configurable?: unknown;
  readonly store?: unknown;
}

/** The namespace and the store of a run. */
export interface RunMemories {
  readonly namespace: readonly string[];
  readonly memories: Memories;
}

/**
 * Returns the function that finds the memories of a run.
 *
 * @param owner - the function that takes the options, for messages
 * @throws {ValidationError} when an option is wrong; the returned function throws one when the run lacks a value or a store.
 */
export function memoriesOfRun({ namespace, store, mode }: MemoryPlace, owner: string): (config: RunConfig) => RunMemories {
  const resolve = namespaceTemplate(namespace, owner);
  if (store !== undefined && !isStore(store)) throw new ValidationError(`store of ${owner} must be a BaseStore.`);
  if (mode !== undefined && !SEARCH_MODES.includes(mode)) {
    throw new ValidationError(`mode of ${owner} must be ${SEARCH_MODES.map((each) => JSON.stringify(each)).join(", ")}, but got ${JSON.stringify(mode)}.`);
  }
  if (mode !== undefined && (store === undefined || !hasModes(store))) {
    throw new ValidationError(
      `mode of ${owner} needs a store of this package as store: inside a graph, LangGraph drops the mode of a search. Or bind it: compile with store.with({ mode }).`,
    );
  }
  return (config) => {
    const used = store ?? config.store;
    if (!isStore(used)) {
      throw new ValidationError(`The run has no store for the memories. Pass store to ${owner}, to createAgent() or to compile().`);
    }
    const labels = resolve(config.configurable);
    return { namespace: labels, memories: new Memories(used, labels, mode) };
  };
}

function isStore(value: unknown): value is BaseStore {
  const { search, put, get } = (value ?? {}) as Partial<BaseStore>;
  return typeof search === "function" && typeof put === "function" && typeof get === "function";
}
