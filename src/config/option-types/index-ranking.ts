// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Reranker } from "../../model/ranking-options.ts";

/** Ranks the results of every mode again. Views and calls override each option; false turns one off. See docs/retrieval.md. */
export interface IndexRankingOptions {
  /** Lowers the scores of old items. Off by default. */
  decay?: IndexRankingDecayOptions | undefined;
  /** Raises the scores of items with a number in the value, such as an importance. Off by default. */
  boost?: IndexRankingBoostOptions | undefined;
  /** Prefers results that differ from previous results (maximal marginal relevance). Off by default. */
  diversity?: IndexRankingDiversityOptions | undefined;
  /** Ranks the best results again: a LangChain document compressor, or a function that returns a score for each item. Off by default. */
  rerank?: Reranker | undefined;
  /**
   * Deadline of `rerank`, in milliseconds. If it is exceeded, results keep their previous order, and `info.skipped` reports that.
   *
   * @default 2000
   */
  rerankTimeoutMs?: number | undefined;
  /**
   * Number of best results that are ranked again; at least the search's limit. Pages of such a search end with these results.
   *
   * @default 60
   */
  pool?: number | undefined;
}

/** Lowers the scores of old items. Off by default. */
export interface IndexRankingDecayOptions {
  /** Age at which a score is halved, in days. */
  halfLifeDays: number;
  /**
   * Start of the age: "updatedAt", "createdAt" or the dotted path of a date in the value. For items without that date, it is the creation.
   *
   * @default "updatedAt"
   */
  field?: string | undefined;
}

/** Raises the scores of items with a number in the value, such as an importance. Off by default. */
export interface IndexRankingBoostOptions {
  /**
   * Dotted path of a number in the value.
   *
   * @example "importance"
   */
  field: string;
  /** A score is multiplied by 1 + weight × number, and by 10 at most. */
  weight: number;
}

/** Prefers results that differ from previous results (maximal marginal relevance). Off by default. */
export interface IndexRankingDiversityOptions {
  /** Weight of the relevance, from 0 to 1; the rest is the weight of the difference from previous results. */
  lambda: number;
}
