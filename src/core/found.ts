/** Results of searches. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { LiveRecord, Value } from "../model/item.ts";
import type { SearchMode } from "../model/search-mode.ts";

/** A result: the record, and its score if it was ranked in the requested mode. */
export interface Found {
  readonly record: LiveRecord;
  /** The decoded value, where a filter or a ranking needed it. */
  readonly value: Value | undefined;
  readonly score: number | undefined;
  /** With `explain: true`, if the item was ranked. */
  readonly explanation?: Explanation;
}

/** A score in one ranking, and the rank there, from 1. */
export interface RankedScore {
  readonly score: number;
  readonly rank: number;
}

/** What a score was multiplied by, and the rank after that, from 1. */
export interface RankedFactor {
  readonly factor: number;
  readonly rank: number;
}

/** How a result got its place (`explain: true`): the steps in their order; null for a step that did not run or did not rank the item. */
export interface Explanation {
  /** Similarity of vectors. */
  readonly semantic: RankedScore | null;
  /** Words in common. */
  readonly keyword: RankedScore | null;
  /** Both, in hybrid search. */
  readonly fused: RankedScore | null;
  readonly decay: RankedFactor | null;
  readonly boost: RankedFactor | null;
  readonly rerank: RankedScore | null;
  readonly diversity: { readonly rank: number } | null;
}

/** A step of the ranking that was not done; the order before it was kept. */
export interface SkippedStep {
  readonly step: "decay" | "boost" | "rerank" | "diversity";
  /** `timeout`: its deadline was exceeded. `failed`: it failed or answered wrongly. `unscored`: the index did not answer, so there are no scores. */
  readonly reason: "timeout" | "failed" | "unscored";
  /** Message of the error; null without one. */
  readonly cause: string | null;
}

/** How a search was answered. */
export interface SearchInfo {
  /**
   * `semantic`: ranked by similarity. `keyword`: by the words in common with the query. `hybrid`: by both. `filter`: listed
   * in stable order.
   */
  readonly mode: SearchMode | "filter";
  /**
   * `index`: ranked over all items of the index. `records`: listed from the records, or ranked over the first of them while the
   * index cannot answer (`limits.maxKeywordCandidates`).
   */
  readonly source: "index" | "records";
  /** Whether the requested mode was not available. */
  readonly degraded: boolean;
  /**
   * Why it is degraded; null when it is not. `continues-degraded` is the next page of a search that was; `keywords-missing`: the
   * index was created without terms.
   */
  readonly reason: DegradedReason | null;
  /**
   * Whether the search stopped at a limit before it had read everything that could match: too many records that the filter does not
   * match, or too many namespaces without live items. `cursor` then continues behind them.
   */
  readonly truncated: boolean;
  /** Items that were omitted because their values cannot be decoded: a key of the codec is missing or wrong. */
  readonly unreadable: number;
  /** Steps of the ranking (`rerank`, `diversity`, …) that were requested and not done; absent where all were. */
  readonly skipped?: readonly SkippedStep[];
  /** Continues after these results when passed to the next search; null when there are no more results. */
  readonly cursor: string | null;
}

/** Results of one search. */
export interface SearchResult {
  readonly found: readonly Found[];
  readonly info: SearchInfo;
}

/** Limits of one search. */
export interface SearchLimits {
  /** Deadline of an operation, milliseconds; ranking by similarity may take half of it. */
  readonly deadlineMs: number;
  /** Greatest offset. */
  readonly maxOffset: number;
  /** Most records that a search reads without returning them, for an offset or a filter; a namespace without live items counts as ten. */
  readonly maxScannedItems: number;
  /** Most tests of fields that the filter of a search makes, over all records. */
  readonly maxFilterTests: number;
  /** Most vector hits that a search reads. */
  readonly maxScoredHits: number;
  /** Most items that are ranked by keywords while ranking by similarity is not possible. */
  readonly maxKeywordCandidates: number;
  /** Most bytes of values that are ranked by keywords. */
  readonly maxKeywordBytes: number;
}
