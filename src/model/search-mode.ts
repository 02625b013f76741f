/** How a search with a query ranks: by the similarity of vectors, by the words in common, or by both. */
export const SEARCH_MODES = ["semantic", "keyword", "hybrid"] as const;

/** A mode of ranking. */
export type SearchMode = (typeof SEARCH_MODES)[number];

/** How the scores of two rankings are made comparable, see `Fusion`. */
export const FUSION_METHODS = ["distribution", "range", "rank"] as const;

/** How two rankings become one. */
export interface Fusion {
  /**
   * `distribution`: a score counts by its distance from the mean of its list, three standard deviations below being 0 and
   * three above 1. `range`: the lowest score of a list counts 0, the highest 1. `rank`: only positions count (reciprocal
   * rank fusion).
   */
  readonly method: (typeof FUSION_METHODS)[number];
  /** Share of similarity in the fused score, from 0 to 1; the remaining share is that of keywords. */
  readonly semanticWeight: number;
  /** Candidates of each ranking. */
  readonly depth: number;
}

/** Measured on long conversations, see `docs/retrieval.md`. */
export const DEFAULT_FUSION: Fusion = { method: "distribution", semanticWeight: 0.3, depth: 20 };
