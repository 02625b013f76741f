/** Context of the cases about repositories. */
import { expect } from "vitest";
import type { ItemRecord } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { upTo } from "./expectations.ts";

/** Context of a case. */
export type RepositoryContext = () => TestedRepository;

/** A repository under test, its clock, and a namespace that no other case uses. */
export interface TestedRepository {
  readonly items: ItemRepository;
  readonly clock: SuiteClock;
  readonly root: string;
  /** Writes the vectors of records, where the repository looks for them. */
  readonly score: (records: readonly ItemRecord[]) => Promise<void>;
}

/** Writes one vector for each record, if there is an index. */
export async function writeVectors(
  vectors: { readonly index: VectorIndex; readonly dims: number } | undefined,
  records: readonly ItemRecord[],
): Promise<void> {
  if (vectors === undefined) return;
  const vector = upTo(vectors.dims).map(() => 1);
  const outcomes = await vectors.index.upsert(records.map((record) => ({ ...record, vectors: [vector], termWeights: null, value: {} })));
  expect(outcomes.map(({ status }) => status)).toEqual(records.map(() => "fulfilled"));
}

/** A clock that follows the system clock and can be advanced. */
export class SuiteClock {
  #ahead = 0;

  /** Milliseconds since the epoch. */
  readonly now = (): number => Date.now() + this.#ahead;

  /** Advances the clock, in milliseconds. */
  advance(ms: number): void {
    this.#ahead += ms;
  }

  /** Returns to the system time. */
  reset(): void {
    this.#ahead = 0;
  }
}
