/** Maximal marginal relevance. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { TimeSlice } from "../../concurrency/time-slice.ts";
import type { Vector } from "../../ports/vector-index.ts";

/**
 * Returns the positions of candidates in their new order: the best first, then each time the one with the greatest
 * λ × relevance − (1 − λ) × similarity to the most similar one before it. At equal values the earlier position is first. The work
 * grows with the square of the candidates, so it yields to the event loop.
 *
 * @param relevances - scores, scaled to 0 to 1 here
 * @param directions - of the vectors of each candidate; null without any, which is similar to none
 * @throws {TimeoutError} when the deadline is exceeded.
 */
export async function diversified(
  relevances: readonly number[],
  directions: readonly (Float64Array | null)[],
  lambda: number,
  deadline: Deadline,
): Promise<number[]> {
  const slice = new TimeSlice();
  const high = Math.max(...relevances);
  const low = Math.min(...relevances);
  // Halved, as the difference of two finite scores may be infinite. The halves of the smallest numbers are 0.
  const span = high / 2 - low / 2;
  const relevance = relevances.map((score) => (span === 0 ? 1 : (score / 2 - low / 2) / span));
  const left = new Set(relevances.keys());
  /** Greatest similarity to a candidate that was selected, from 0. */
  const closest = relevances.map(() => 0);
  const order: number[] = [];
  while (left.size > 0) {
    await slice.turn();
    deadline.throwIfOver("Ranking for diversity");
    let best = -1;
    let bestValue = -Infinity;
    for (const i of left) {
      const value = lambda * (relevance[i] ?? 0) - (1 - lambda) * (closest[i] ?? 0);
      if (value <= bestValue) continue;
      best = i;
      bestValue = value;
    }
    left.delete(best);
    order.push(best);
    const selected = directions[best] ?? null;
    if (selected === null) continue;
    for (const i of left) closest[i] = Math.max(closest[i] ?? 0, dot(selected, directions[i] ?? null));
  }
  return order;
}

/** Returns the mean direction of the vectors of an item, of length 1; null where there is none. A repeated vector counts once. */
export function directionOf(vectors: readonly Vector[]): Float64Array | null {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const [i, vector] of vectors.entries()) {
    const length = isSame(vector, vectors[i - 1]) ? 0 : lengthOf(vector);
    if (length > 0) for (let j = 0; j < sum.length; j += 1) sum[j] = (sum[j] ?? 0) + (vector[j] ?? 0) / length;
  }
  const length = lengthOf(sum);
  return length > 0 ? sum.map((number) => number / length) : null;
}

/** Qdrant stores the second of two vectors twice. */
function isSame(vector: Vector, before: Vector | undefined): boolean {
  return before !== undefined && vector.every((number, i) => number === before[i]);
}

function lengthOf(vector: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i += 1) squares += (vector[i] ?? 0) ** 2;
  return Math.sqrt(squares);
}

/** Rounded, so that the backends, which store single precision in different forms, rank alike. */
function dot(a: Float64Array, b: Float64Array | null): number {
  if (b === null) return 0;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return Math.round(sum * 1_000_000) / 1_000_000;
}
