/** Scores of search results. */

/** Scores have six decimals: backends compute in single precision, and their last digits differ. */
const STEPS = 1_000_000;

/** Returns the score of a cosine, clamped to [-1, 1] because of rounding errors, with six decimals. */
export function toScore(cosine: number): number {
  return rounded(Math.max(-1, Math.min(1, cosine)));
}

/** Whether a score is at least `minScore`, both rounded to six decimals. */
export function reachesScore(score: number, minScore: number): boolean {
  return score >= rounded(minScore);
}

function rounded(number: number): number {
  // + 0 converts -0 to 0.
  return Math.round(number * STEPS) / STEPS + 0;
}
