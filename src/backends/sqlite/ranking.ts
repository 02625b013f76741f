/** Ranks points by their best score, best first, as far as they are requested. */
export class Ranking {
  readonly #points: Float64Array;
  readonly #scores: Float64Array;
  /** A binary heap of positions; the best score is at its root. */
  readonly #heap: Int32Array;
  readonly #seen = new Set<number>();
  #size: number;

  /**
   * @param points - may repeat: a point counts by the best of its scores
   * @param scores - at the positions of their points
   */
  constructor(points: Float64Array, scores: Float64Array, count: number) {
    this.#points = points;
    this.#scores = scores;
    this.#size = count;
    this.#heap = new Int32Array(count);
    for (let i = 0; i < count; i += 1) this.#heap[i] = i;
    for (let i = (count >> 1) - 1; i >= 0; i -= 1) this.#sink(i);
  }

  /**
   * Returns the next points, at least `count` while there are so many. Of equal scores, points with lower ids come first.
   *
   * @param withEqual - whether to return all points that have the score of the last, too
   */
  next(count: number, withEqual: boolean): { point: number; score: number }[] {
    const found: { point: number; score: number }[] = [];
    while (this.#size > 0) {
      const position = this.#heap[0] as number;
      const score = this.#scores[position] as number;
      const last = found.at(-1);
      if (found.length >= count && last !== undefined && (!withEqual || score < last.score)) break;
      this.#size -= 1;
      this.#heap[0] = this.#heap[this.#size] as number;
      this.#sink(0);
      const point = this.#points[position] as number;
      if (this.#seen.has(point)) continue;
      this.#seen.add(point);
      found.push({ point, score });
    }
    return found;
  }

  #sink(start: number): void {
    const [heap, size] = [this.#heap, this.#size];
    const moved = heap[start] as number;
    let at = start;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && this.#precedes(heap[child + 1] as number, heap[child] as number)) child += 1;
      if (!this.#precedes(heap[child] as number, moved)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = moved;
  }

  #precedes(a: number, b: number): boolean {
    const [one, other] = [this.#scores[a] as number, this.#scores[b] as number];
    return one > other || (one === other && (this.#points[a] as number) < (this.#points[b] as number));
  }
}
