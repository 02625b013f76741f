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

  /** Returns the next points, at least `count` while there are so many, and all that have the score of the last. */
  next(count: number): { point: number; score: number }[] {
    const found: { point: number; score: number }[] = [];
    while (this.#size > 0) {
      const position = this.#heap[0] as number;
      const score = this.#scores[position] as number;
      const last = found.at(-1);
      if (found.length >= count && last !== undefined && score < last.score) break;
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
    const [heap, scores, size] = [this.#heap, this.#scores, this.#size];
    const moved = heap[start] as number;
    const score = scores[moved] as number;
    let at = start;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && (scores[heap[child + 1] as number] as number) > (scores[heap[child] as number] as number)) child += 1;
      if ((scores[heap[child] as number] as number) <= score) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = moved;
  }
}
