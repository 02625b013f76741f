/** The distinct terms of a text, as numbers, and their weights: `weights[i]` is the weight of `terms[i]`. */
export interface TermWeights {
  /** Unsigned 32-bit integers. */
  readonly terms: readonly number[];
  /** Greater than 0. */
  readonly weights: readonly number[];
}
