import type { BaseStore, IndexConfig } from "@langchain/langgraph-checkpoint";
import type { StoreClaims } from "./claims.ts";

/** A store under test. */
export interface ConformanceStore {
  readonly store: BaseStore;
  /** Stops the store and releases its resources; called once. */
  dispose(): Promise<void>;
}

/** The harness that the author of a store provides. */
export interface StoreConformanceHarness {
  /** Name of the store in the report. */
  readonly name: string;
  /** Creates a separate empty store; with `index`, one with this index, otherwise one without vectors. */
  create(options: { index?: IndexConfig }): Promise<ConformanceStore>;
  /** Claims that differ from `DEFAULT_CLAIMS`. */
  readonly claims?: Partial<StoreClaims>;
  /**
   * Known differences: the id of a case and the reason. Such a case runs and must fail; once it passes, the suite fails.
   */
  readonly differences?: Readonly<Record<string, string>>;
  /** Timeout of a case, and of creating or disposing of a store, in milliseconds. 30,000 by default. */
  readonly timeoutMs?: number;
}
