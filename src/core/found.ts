/** What a search finds, and how it came about. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { LiveRecord, Value } from "../model/item.ts";

/** A result: the record, and its score if it was ranked by similarity. */
export interface Found {
  readonly record: LiveRecord;
  /** The decoded value, where a filter or a ranking needed it. */
  readonly value: Value | undefined;
  readonly score: number | undefined;
}

/** How a search was answered. */
export interface SearchInfo {
  /**
   * `vector`: ranked by similarity. `filter`: listed in stable order. `keyword`: listed, those first that share words
   * with the query; only when similarity could not be had.
   */
  readonly mode: "vector" | "keyword" | "filter";
  /** Whether similarity was asked for and could not be had. */
  readonly degraded: boolean;
  /** Why it is degraded; null when it is not. `continues-degraded` is the next page of a search that was. */
  readonly reason: DegradedReason | null;
  /**
   * Whether the search stopped at a bound before it had seen all that could match: over records that the filter passed over,
   * or over namespaces without live items. `cursor` then continues behind them.
   */
  readonly truncated: boolean;
  /** Items that were left out as their values cannot be decoded: a key of the codec is missing or wrong. */
  readonly unreadable: number;
  /** Give it to the next search to go on after these results; null when there are no more. */
  readonly cursor: string | null;
}

/** Results of one search. */
export interface SearchResult {
  readonly found: readonly Found[];
  readonly info: SearchInfo;
}

/** Bounds of one search. */
export interface SearchLimits {
  /** Longest time for an operation, in milliseconds; ranking by similarity gets half of it. */
  readonly deadlineMs: number;
  /** Most results that a search leaves out before its page. */
  readonly maxOffset: number;
  /** Most records that a search reads without returning them, for an offset or a filter; a namespace without live items counts as ten. */
  readonly maxScannedItems: number;
  /** Most tests of fields that the filter of a search makes, over all records. */
  readonly maxFilterTests: number;
  /** Most vector hits that a search looks at. */
  readonly maxScoredHits: number;
  /** Most items that are ranked by keywords while similarity cannot be had. */
  readonly maxKeywordCandidates: number;
  /** Most bytes of values that are ranked by keywords. */
  readonly maxKeywordBytes: number;
}
