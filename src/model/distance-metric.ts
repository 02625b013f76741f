/** How the similarity of two vectors is measured. */

/** Metrics of an index. */
export const DISTANCE_METRICS = ["cosine", "dot", "euclid"] as const;

/** The metric of an index; all of its scores are by this one. */
export type DistanceMetric = (typeof DISTANCE_METRICS)[number];

/** Largest number of a vector where lengths count: the square of a length has to fit into single precision. */
export const LARGEST_COMPONENT = 1e15;

/** Returns the score of a Euclidean distance: 1 for equal vectors, towards 0 for distant ones, so that higher is better. */
export function euclidScore(distance: number): number {
  return 1 / (1 + distance);
}

/** Returns whether vectors differ by their direction only. */
export function ignoresLength(metric: DistanceMetric): boolean {
  return metric === "cosine";
}

/** Returns whether the similarity of a vector can be computed: its numbers are finite and, where its length counts, not too large. */
export function fitsMetric(vector: readonly number[], metric: DistanceMetric): boolean {
  const largest = ignoresLength(metric) ? Number.MAX_VALUE : LARGEST_COMPONENT;
  return vector.every((number) => Math.abs(number) <= largest);
}
