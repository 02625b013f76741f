/** Scores of search results. */
import type { DistanceMetric } from "./distance-metric.ts";

/** Scores have six decimals: backends compute in single precision, and their last digits differ. */
const STEPS = 1_000_000;

/** Returns the score of a similarity, with six decimals; a cosine is clamped to [-1, 1] because of rounding errors. */
export function toScore(similarity: number, metric: DistanceMetric = "cosine"): number {
  return rounded(metric === "cosine" ? Math.max(-1, Math.min(1, similarity)) : similarity);
}

/** A score of another ranking, with six decimals. */
export function toRankScore(score: number): number {
  return rounded(score);
}

/**
 * Whether a score reaches a lowest one, which is included: both are compared as they are shown. A lowest score above 1 is not rounded
 * down to 1, which is the greatest score of most rankings.
 */
export function reachesScore(score: number, minScore: number): boolean {
  return score >= rounded(minScore) && (score !== 1 || minScore <= 1);
}

function rounded(number: number): number {
  const steps = number * STEPS;
  // A score of a reranker may be so large that it has no decimals.
  if (!Number.isFinite(steps)) return number;
  // + 0 converts -0 to 0.
  return Math.round(steps) / STEPS + 0;
}
