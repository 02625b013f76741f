/** Which generations of the index the file has, and what their tables are called. */
import type { Connection, Reader } from "./connection.ts";

/** Names of the tables of one generation. */
export interface GenerationTables {
  /** Vectors and terms of items. */
  readonly points: string;
  /** How many points have each term. */
  readonly termCounts: string;
  /** Changes of these counts that are not added to them yet. */
  readonly termChanges: string;
  /** Index of orphaned points. */
  readonly orphans: string;
}

/** Returns the names of the tables of a generation. */
export function tablesOf(generation: number): GenerationTables {
  if (!Number.isSafeInteger(generation) || generation < 1) throw new TypeError("the number of a generation is a whole number of at least 1");
  const end = generation === 1 ? "" : `_g${generation}`;
  return { points: `points${end}`, termCounts: `term_counts${end}`, termChanges: `term_changes${end}`, orphans: `orphans${end}` };
}

/** Reads which generations exist. Within a transaction, as another process may create or drop one. */
export class GenerationList {
  readonly #existing: Reader;

  constructor(connection: Connection) {
    this.#existing = connection.reader("SELECT number FROM generations WHERE is_dropped = 0 ORDER BY number");
  }

  existing(): number[] {
    return this.#existing.all([]).map(([number]) => Number(number));
  }
}
