/** Positions of a scan by row id. */
import { ValidationError } from "../../model/errors.ts";
import type { Connection, Reader } from "./connection.ts";

/** The rows of a table, whose ids rise as they are added. */
export class RowRange {
  readonly #ends: Reader;

  /** @param table - name of the table */
  constructor(connection: Connection, table: string) {
    // Two subqueries: for one query of both ends, SQLite would read all rows.
    this.#ends = connection.reader(`SELECT (SELECT min(id) FROM ${table}) AS first, (SELECT max(id) FROM ${table}) AS last`);
  }

  /**
   * The row after which a part starts.
   *
   * @param after - the `next` of {@link upTo}, or null
   * @throws {ValidationError} when it is something else.
   */
  start(after: string | null): number {
    const row = Number(after ?? 0);
    if (after === null || (/^\d{1,16}$/.test(after) && Number.isSafeInteger(row))) return row;
    throw new ValidationError("A scan cannot continue from a place that no scan of this file returned: start with null.");
  }

  /** Returns where the next part starts after a part that ended with `row`, and the share of rows before it. */
  upTo(row: number): { next: string | null; done: number } {
    const [first, last] = (this.#ends.first([]) ?? []).map(Number);
    if (first === undefined || last === undefined || row >= last) return { next: null, done: 1 };
    return { next: String(row), done: Math.max(0, (row - first + 1) / (last - first + 1)) };
  }
}
