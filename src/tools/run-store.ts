/** The memories of the run that a tool or a middleware is called in. */
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { ValidationError } from "../model/errors.ts";
import { Memories } from "./memories.ts";
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
export function memoriesOfRun({ namespace, store }: MemoryPlace, owner: string): (config: RunConfig) => RunMemories {
  const resolve = namespaceTemplate(namespace, owner);
  if (store !== undefined && !isStore(store)) throw new ValidationError(`store of ${owner} must be a BaseStore.`);
  return (config) => {
    const used = store ?? config.store;
    if (!isStore(used)) {
      throw new ValidationError(`The run has no store for the memories. Pass store to ${owner}, to createAgent() or to compile().`);
    }
    const labels = resolve(config.configurable);
    return { namespace: labels, memories: new Memories(used, labels) };
  };
}

function isStore(value: unknown): value is BaseStore {
  const { search, put, get } = (value ?? {}) as Partial<BaseStore>;
  return typeof search === "function" && typeof put === "function" && typeof get === "function";
}
