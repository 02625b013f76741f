/** The terms of a text, as numbers, with how much each counts: `weights[i]` is that of `terms[i]`. No term occurs twice. */
export interface TermWeights {
  /** Unsigned 32-bit integers. */
  readonly terms: readonly number[];
  /** Greater than 0. */
  readonly weights: readonly number[];
}
