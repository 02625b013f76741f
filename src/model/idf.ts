/** Returns how rare a term is that `texts` of `all` texts have: the inverse document frequency of BM25, which is never negative. */
export function idf(all: number, texts: number): number {
  return Math.log(1 + (all - texts + 0.5) / (texts + 0.5));
}
