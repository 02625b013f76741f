import { Ranking } from "./ranking.ts";
import { TermLists, type TermQuery } from "./term-lists.ts";
import type { VectorShape } from "../../model/distance-metric.ts";
import { scoreChunk, VectorChunks } from "./vector-chunks.ts";

/** What points are ranked by: a vector, terms, or each of both. */
export interface PointQuery {
  readonly vector: Float32Array | null;
  readonly terms: TermQuery | null;
}

/** Vectors and terms of points, packed in memory. */
export class PackedPoints {
  readonly #vectors: VectorChunks;
  readonly #terms = new TermLists();

  constructor(shape: VectorShape) {
    this.#vectors = new VectorChunks(shape);
  }

  get bytes(): number {
    return this.#vectors.bytes + this.#terms.bytes;
  }

  /** Vectors of all points. */
  get count(): number {
    return this.#vectors.count;
  }

  /** Whether there are so many that they are scored before more are added. */
  get isLarge(): boolean {
    return this.#vectors.chunks.length > 1;
  }

  /** Adds a point: its vectors and terms as they are stored. */
  add(point: number, vectors: Uint8Array, terms: Uint8Array | null): void {
    this.#vectors.add(point, vectors);
    this.#terms.add(point, terms);
  }

  /** Removes points. */
  remove(points: ReadonlySet<number>): void {
    this.#vectors.remove(points);
    this.#terms.remove(points);
  }

  /** Removes all. */
  clear(): void {
    this.#vectors.clear();
    this.#terms.clear();
  }

  /** Adds the scores of all points to `scores`. */
  score({ vector, terms }: PointQuery, scores: Scores): void {
    if (vector !== null) scores.semantic.addVectors(this.#vectors, vector);
    if (terms !== null && terms.idfs.size > 0) scores.keyword.addTerms(this.#terms, terms);
  }
}

/** Scores of one ranking, at the positions of their points. Reused from search to search. */
class ScoreList {
  #points = new Float64Array(0);
  #scores = new Float64Array(0);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  addVectors({ chunks, count, metric }: VectorChunks, vector: Float32Array): void {
    this.#reserve(count);
    for (const chunk of chunks) {
      scoreChunk(metric, chunk, vector, this.#scores, this.#count);
      this.#points.set(chunk.points.subarray(0, chunk.count), this.#count);
      this.#count += chunk.count;
    }
  }

  addTerms(lists: TermLists, query: TermQuery): void {
    this.#reserve(lists.count);
    lists.score(query, (point, score) => {
      this.#points[this.#count] = point;
      this.#scores[this.#count] = score;
      this.#count += 1;
    });
  }

  ranking(): Ranking {
    return new Ranking(this.#points, this.#scores, this.#count);
  }

  #reserve(more: number): void {
    const needed = this.#count + more;
    if (needed <= this.#points.length) return;
    const [points, scores] = [this.#points, this.#scores];
    this.#points = new Float64Array(2 * needed);
    this.#scores = new Float64Array(2 * needed);
    this.#points.set(points);
    this.#scores.set(scores);
  }
}

/** The scores of one search. */
export class Scores {
  readonly semantic = new ScoreList();
  readonly keyword = new ScoreList();

  clear(): void {
    this.semantic.clear();
    this.keyword.clear();
  }
}
