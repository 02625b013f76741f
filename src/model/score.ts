/** Scores as callers see them. */

/** Scores have six decimals: backends compute in single precision, whose last digits differ from one to the next. */
const STEPS = 1_000_000;

/** The score of a cosine: within [-1, 1], where rounding in single precision may lead past it, and with six decimals. */
export function toScore(cosine: number): number {
  return rounded(Math.max(-1, Math.min(1, cosine)));
}

/** Whether a score reaches a lowest one, which is included: both are compared as they are shown. */
export function reachesScore(score: number, minScore: number): boolean {
  return score >= rounded(minScore);
}

function rounded(number: number): number {
  // Without the sign of a zero.
  return Math.round(number * STEPS) / STEPS + 0;
}
