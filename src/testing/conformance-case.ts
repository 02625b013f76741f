import type { BaseStore } from "@langchain/langgraph-checkpoint";
import type { ClaimName } from "./claims.ts";
import type { RecordingEmbeddings } from "./embeddings.ts";
import type { SettingName } from "./settings.ts";

/** What a case is given: the store under test and a part of it that no other case touches. */
export interface CaseContext {
  readonly store: BaseStore;
  /** A root label that belongs to this run of this case alone. */
  readonly root: string;
  /** Gives the namespace of these labels below `root`; without labels, `[root]`. */
  readonly ns: (...labels: string[]) => string[];
  /** The model that the store embeds with; where the setting has no index, nothing calls it. */
  readonly embeddings: RecordingEmbeddings;
}

/** One promise of the contract and the steps that show whether a store keeps it. */
export interface ConformanceCase {
  /** `family/behaviour`. Stable: harnesses declare their differences by it. */
  readonly id: string;
  /** The behaviour, as a sentence about the store. */
  readonly title: string;
  /** Claims without which the case does not apply. */
  readonly claims?: readonly ClaimName[];
  /** Resolves when the store keeps the promise, rejects when it does not. */
  readonly run: (context: CaseContext) => Promise<void>;
}

/** Cases about one thing that run against one store. */
export interface CaseFamily {
  readonly name: string;
  readonly setting: SettingName;
  readonly cases: readonly ConformanceCase[];
}
