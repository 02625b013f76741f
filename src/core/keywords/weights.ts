/** BM25: the weight of a term in a text. Its inverse document frequency is that of `model/idf.ts`. */

/** BM25 k1: saturation of repeated occurrences. */
const K1 = 1.2;

/** BM25 b: length normalization, from 0 to 1. */
const B = 0.75;

/**
 * Average length of a text, in terms. A constant, as stored weights cannot follow an average that changes with each write. On
 * conversations with 13 terms per turn, 256 ranked better than the true average.
 */
const ORDINARY_LENGTH = 256;

/** Returns the weight of a term that occurs `count` times in a text of `length` terms. */
export function termWeight(count: number, length: number): number {
  return (count * (K1 + 1)) / (count + K1 * (1 - B + (B * length) / ORDINARY_LENGTH));
}
