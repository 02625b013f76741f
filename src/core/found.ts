/** Results of searches. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { LiveRecord, Value } from "../model/item.ts";
import type { SearchMode } from "../model/search-mode.ts";

/** A result: the record, and its score if it was ranked as asked for. */
export interface Found {
  readonly record: LiveRecord;
  /** The decoded value, where a filter or a ranking needed it. */
  readonly value: Value | undefined;
  readonly score: number | undefined;
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
  /** Whether another mode was asked for and was not available. */
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
