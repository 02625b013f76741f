import { idf } from "../../model/idf.ts";
import type { Connection, Reader, Writer } from "./connection.ts";
import { decodeTerms, type TermQuery } from "./term-lists.ts";

/** Stands for all points with terms: terms themselves are not negative. */
const ALL = -1;

/**
 * How many points of a generation have each term. Kept by every write, so that the cost of a query does not depend on how many
 * points have its terms. Changes of one transaction are written together, as texts share their words.
 */
export class TermCounts {
  readonly #changes = new Map<number, number>();
  readonly #find: Reader;
  readonly #change: Writer;

  /** @param table - name of the table */
  constructor(connection: Connection, table: string) {
    this.#find = connection.reader(`SELECT points FROM ${table} WHERE term = ?`);
    // One statement for all terms: a call for each takes longer than what it does. SQLite needs WHERE to parse ON CONFLICT after SELECT.
    this.#change = connection.writer(`
      INSERT INTO ${table} (term, points) SELECT CAST(c.key AS INTEGER), c.value FROM json_each(?) c WHERE true
      ON CONFLICT (term) DO UPDATE SET points = points + excluded.points`);
  }

  /** Counts the stored terms of a point that was added (1) or deleted (-1). */
  count(stored: Uint8Array | null, by: 1 | -1): void {
    if (stored === null || stored.byteLength === 0) return;
    this.#add(ALL, by);
    for (const term of decodeTerms(stored).terms) this.#add(term, by);
  }

  /** Writes what has changed. For the end of a write transaction. */
  flush(): void {
    if (this.#changes.size === 0) return;
    this.#change([JSON.stringify(Object.fromEntries(this.#changes))]);
    this.#changes.clear();
  }

  /** Forgets what has changed: the transaction was rolled back. */
  forget(): void {
    this.#changes.clear();
  }

  /** Returns the idf of each term of a query, without terms that no point has. */
  query(terms: readonly number[]): TermQuery {
    const all = this.#read(ALL);
    const query = new Map<number, number>();
    for (const term of terms) {
      const points = this.#read(term);
      if (points > 0) query.set(term, idf(Math.max(all, points), points));
    }
    return query;
  }

  #add(term: number, by: number): void {
    this.#changes.set(term, (this.#changes.get(term) ?? 0) + by);
  }

  #read(term: number): number {
    return Number(this.#find.first([term])?.[0] ?? 0);
  }
}
