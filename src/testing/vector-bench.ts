/** What the cases about vectors work with. */
import { expect } from "vitest";
import { newWriteId, type Value } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Vector, VectorHit, VectorIndex, VectorPoint, VectorQuery } from "../ports/vector-index.ts";
import { present, upTo } from "./expectations.ts";
import { nextVersion, putAll, recordOf } from "./records.ts";

/** What a case is given: the index, and a namespace that no other case touches. */
export type BenchContext = () => { readonly bench: Bench; readonly root: string };

/** An index under test, and what the cases do with it. */
export class Bench {
  readonly dims: number;
  readonly vectors: VectorIndex;
  readonly #items: ItemRepository | null;

  constructor(dims: number, vectors: VectorIndex, items: ItemRepository | null) {
    this.dims = dims;
    this.vectors = vectors;
    this.#items = items;
  }

  /** A vector that is zero but for the numbers given. */
  vector(...numbers: number[]): Vector {
    return upTo(this.dims).map((i) => numbers[i] ?? 0);
  }

  /** A point of a write of its own, of an item without an end. */
  point(namespace: string, key: string, vectors: readonly Vector[], value: Value = {}): VectorPoint {
    return { namespace, key, version: nextVersion(), writeId: newWriteId(), vectors, termWeights: null, value, expiresAt: null };
  }

  /** Writes the record of each point, where the index has some, without its vectors. */
  async record(points: readonly VectorPoint[]): Promise<void> {
    if (this.#items === null) return;
    const records = points.map(({ namespace, key, version, writeId, vectors, value, expiresAt }) =>
      recordOf(namespace, key, { version, writeId, vectorCount: vectors.length, value, expiresAt }),
    );
    await putAll(this.#items, records);
  }

  /** Writes points and fails unless each succeeds. */
  async upsert(points: readonly VectorPoint[]): Promise<void> {
    const outcomes = await this.vectors.upsert(points);
    expect(outcomes.map(({ status }) => status)).toEqual(points.map(() => "fulfilled"));
  }

  /** Writes points with their records. */
  async write(points: readonly VectorPoint[]): Promise<void> {
    await this.record(points);
    await this.upsert(points);
  }

  /** The items below a prefix that are near a vector. */
  query(prefix: string, vector: Vector, parts: Partial<VectorQuery> = {}): Promise<VectorHit[]> {
    return this.vectors.query({ vector, prefix, filter: null, limit: 100, ...parts });
  }

  /** The score of the single hit below a prefix. */
  async scoreOf(prefix: string, vector: Vector): Promise<number> {
    const hits = await this.query(prefix, vector);
    expect(hits).toHaveLength(1);
    return present(hits[0]).score;
  }
}
