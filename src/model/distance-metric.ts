/** How the similarity of two vectors is measured. */
import { ValidationError } from "./errors.ts";

/** Metrics of an index. */
export const DISTANCE_METRICS = ["cosine", "dot", "euclid"] as const;

/** The metric of an index; all of its scores are by this one. */
export type DistanceMetric = (typeof DISTANCE_METRICS)[number];

/** Largest number of a vector where lengths count: the square of a length has to fit into single precision. */
const LARGEST_COMPONENT = 1e15;

/** Returns the score of a Euclidean distance: 1 for equal vectors, towards 0 for distant ones, so that higher is better. */
export function euclidScore(distance: number): number {
  return 1 / (1 + distance);
}

/** Returns whether vectors differ by their direction only. */
export function ignoresLength(metric: DistanceMetric): boolean {
  return metric === "cosine";
}

/** What the vectors of an index have in common. */
export interface VectorShape {
  /** Length of every vector. */
  readonly dims: number;
  readonly metric: DistanceMetric;
}

/**
 * Returns the largest absolute value of a vector.
 *
 * @throws {ValidationError} when its similarity to others cannot be computed: it has another length, a number that is not finite or,
 * where its length counts, one that is too large.
 */
export function largestOf(vector: readonly number[], { dims, metric }: VectorShape): number {
  if (vector.length !== dims) {
    throw new ValidationError(`A vector has ${vector.length} numbers, but the index is configured for ${dims}: use the configured model.`);
  }
  let largest = 0;
  for (let i = 0; i < dims; i += 1) {
    const size = Math.abs(vector[i] as number);
    if (!Number.isFinite(size)) throw new ValidationError("A vector contains a number that is not finite.");
    if (size > largest) largest = size;
  }
  if (isTooLong(largest, metric)) throw new ValidationError(`A vector contains ${tooLong(metric)}`);
  return largest;
}

/** Whether the length of a vector with this largest absolute value counts and is too large. */
export function isTooLong(largest: number, metric: DistanceMetric): boolean {
  return largest > LARGEST_COMPONENT && !ignoresLength(metric);
}

/** End of a message about a vector that is too long. */
export function tooLong(metric: DistanceMetric): string {
  return `a number beyond ${LARGEST_COMPONENT.toExponential()}, whose similarity by index.metric "${metric}" cannot be computed: scale the vectors.`;
}
