/** BM25: how much a term counts in a text, and how much for being rare. */

/** How soon more occurrences of a term in a text stop counting. */
const K1 = 1.2;

/** How much the length of a text counts against it, from 0 to 1. */
const B = 0.75;

/**
 * Terms of a text of ordinary length. A constant, as the true average changes with each write and the weights that are
 * stored would not. On conversations of 13 terms a turn, 256 ranked better than their own average.
 */
const ORDINARY_LENGTH = 256;

/** The weight of a term that occurs `count` times in a text of `length` terms. */
export function termWeight(count: number, length: number): number {
  return (count * (K1 + 1)) / (count + K1 * (1 - B + (B * length) / ORDINARY_LENGTH));
}

/** How rare a term is that `texts` of `all` texts have. */
export function idf(all: number, texts: number): number {
  return Math.log(1 + (all - texts + 0.5) / (texts + 0.5));
}
