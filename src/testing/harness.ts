import type { BaseStore, IndexConfig } from "@langchain/langgraph-checkpoint";
import type { StoreClaims } from "./claims.ts";

/** A store that is ready for use, and how to be rid of it. */
export interface ConformanceStore {
  readonly store: BaseStore;
  /** Stops the store and frees what it holds; called once. */
  dispose(): Promise<void>;
}

/** What a store's author gives to have the store examined. */
export interface StoreConformanceHarness {
  /** Name of the store in the report. */
  readonly name: string;
  /** Makes an empty store of its own; with `index`, one that embeds as it says, otherwise one without vectors. */
  create(options: { index?: IndexConfig }): Promise<ConformanceStore>;
  /** Claims that differ from `DEFAULT_CLAIMS`. */
  readonly claims?: Partial<StoreClaims>;
  /**
   * Known differences: the id of a case, and why the store does otherwise. Such a case is run and has to fail; once
   * it passes, the suite fails and says so.
   */
  readonly differences?: Readonly<Record<string, string>>;
  /** Longest time, in milliseconds, for one case, and for making or disposing of a store. 30,000 by default. */
  readonly timeoutMs?: number;
}
