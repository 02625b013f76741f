import type { BaseStore } from "@langchain/langgraph-checkpoint";
import type { ClaimName } from "./claims.ts";
import type { RecordingEmbeddings } from "./embeddings.ts";
import type { SettingName } from "./settings.ts";

/** The context of a case: the store under test and a root label that no other case uses. */
export interface CaseContext {
  readonly store: BaseStore;
  /** A root label of this run of this case. */
  readonly root: string;
  /** Returns the namespace of these labels below `root`; without labels, `[root]`. */
  readonly ns: (...labels: string[]) => string[];
  /** The model of the store; not called if the setting has no index. */
  readonly embeddings: RecordingEmbeddings;
}

/** One requirement of the contract, with its test. */
export interface ConformanceCase {
  /** `family/behavior`. Stable, because harnesses declare differences by id. */
  readonly id: string;
  /** The behavior, as a sentence about the store. */
  readonly title: string;
  /** Claims that the case requires. */
  readonly claims?: readonly ClaimName[];
  /** Resolves when the store meets the requirement, and rejects otherwise. */
  readonly run: (context: CaseContext) => Promise<void>;
}

/** Cases on one topic that share a store. */
export interface CaseFamily {
  readonly name: string;
  readonly setting: SettingName;
  readonly cases: readonly ConformanceCase[];
}
