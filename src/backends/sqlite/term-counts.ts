import { idf } from "../../model/idf.ts";
import { bytesOf, type Connection, type Reader, type Writer } from "./connection.ts";
import type { GenerationTables } from "./generation-list.ts";
import { decodeTerms, encodeTerms, TermQuery } from "./term-lists.ts";

/** Stands for all points with terms: terms themselves are not negative. */
const ALL = -1;

/** Changes of terms after which they are added to the counts. That takes some milliseconds, in which other writers wait. */
const MOST_CHANGES = 16_384;

/** Most counts that are cached for queries. */
const MOST_CACHED = 16_384;

/** Changes of counts, by term. */
type Changes = Map<number, number>;

/**
 * How many points of a generation have each term. The changes of a transaction are one row, and are added to the counts only once they are many: most terms
 * of a text are rare, so that counts lie on a page each, which every transaction would write. A query adds the changes to the counts that it reads.
 */
export class TermCounts {
  readonly #changes: Changes = new Map();
  readonly #log: Reader;
  readonly #since: Reader;
  readonly #add: Writer;
  readonly #clear: Writer;
  readonly #find: Reader;
  readonly #bounds: Reader;
  readonly #addChanges: Reader;
  /** What queries have read: the counts, and the changes after them. */
  readonly #counts = new Map<number, number>();
  readonly #later: Changes = new Map();
  /** Rows of {@link #later}; null before the first query. */
  #first: number | null = null;
  #last = -1;

  constructor(connection: Connection, { termCounts, termChanges }: Pick<GenerationTables, "termCounts" | "termChanges">) {
    this.#find = connection.reader(`SELECT points FROM ${termCounts} WHERE term = ?`);
    // One statement for all terms: a call for each takes longer than what it does. SQLite needs WHERE to parse ON CONFLICT after SELECT.
    this.#add = connection.writer(`
      INSERT INTO ${termCounts} (term, points) SELECT CAST(c.key AS INTEGER), c.value FROM json_each(?) c WHERE true
      ON CONFLICT (term) DO UPDATE SET points = points + excluded.points`);
    this.#addChanges = connection.reader(`
      INSERT INTO ${termChanges} (points, terms, total)
      SELECT ?, ?, ? + coalesce((SELECT total FROM ${termChanges} ORDER BY id DESC LIMIT 1), 0) RETURNING total`);
    this.#log = connection.reader(`SELECT id, points, terms FROM ${termChanges} ORDER BY id`);
    this.#since = connection.reader(`SELECT id, points, terms FROM ${termChanges} WHERE id > ? ORDER BY id`);
    this.#clear = connection.writer(`DELETE FROM ${termChanges}`);
    this.#bounds = connection.reader(`
      SELECT (SELECT id FROM ${termChanges} ORDER BY id LIMIT 1) AS first, (SELECT id FROM ${termChanges} ORDER BY id DESC LIMIT 1) AS last`);
  }

  /** Counts the stored terms of a point that was added (1) or deleted (-1). */
  count(stored: Uint8Array | null, by: 1 | -1): void {
    if (stored === null || stored.byteLength === 0) return;
    change(this.#changes, ALL, by);
    for (const term of decodeTerms(stored).terms) change(this.#changes, term, by);
  }

  /** Writes what has changed. For the end of a write transaction. */
  flush(): void {
    for (const [term, points] of this.#changes) if (points === 0) this.#changes.delete(term);
    if (this.#changes.size === 0) return;
    if (this.#append(this.#changes) >= MOST_CHANGES) this.#merge();
    this.#changes.clear();
  }

  /** Forgets what has changed: the transaction was rolled back. */
  forget(): void {
    this.#changes.clear();
  }

  /** Returns the idf of each term of a query, without terms that no point has. Within a transaction. */
  query(terms: readonly number[]): TermQuery {
    this.#refresh();
    const all = this.#read(ALL);
    const idfs = new Map<number, number>();
    for (const term of terms) {
      const points = this.#read(term);
      if (points > 0) idfs.set(term, idf(Math.max(all, points), points));
    }
    return new TermQuery(idfs);
  }

  /** Writes a row of changes. Returns how many terms the rows have changed since they were last added to the counts. */
  #append(changes: Changes): number {
    const terms = [...changes.keys()].filter((term) => term !== ALL);
    const stored = encodeTerms(terms, terms.map((term) => changes.get(term) as number));
    return Number(this.#addChanges.first([changes.get(ALL) ?? 0, stored, terms.length])?.[0]);
  }

  /** Adds the changes to the counts. An empty row with a new id remains, so that queries notice. */
  #merge(): void {
    const changes: Changes = new Map();
    for (const row of this.#log.each([])) addRow(changes, row);
    // In order, so that each page is written once.
    const counted = [...changes].sort(([a], [b]) => a - b).map(([term, points]) => `"${term}":${points}`);
    this.#add([`{${counted.join(",")}}`]);
    this.#clear([]);
    this.#append(new Map());
  }

  /** Reads the changes since the last query. */
  #refresh(): void {
    const [first = null, last = null] = this.#bounds.first([]) ?? [];
    if (this.#first !== first) {
      // Changes were added to the counts.
      this.#later.clear();
      this.#counts.clear();
      this.#first = first === null ? null : Number(first);
      this.#last = -1;
    }
    if (last === null || this.#last === last) return;
    for (const row of this.#since.each([this.#last])) addRow(this.#later, row);
    this.#last = Number(last);
  }

  #read(term: number): number {
    const known = this.#counts.get(term);
    const points = known ?? Number(this.#find.first([term])?.[0] ?? 0);
    if (known === undefined) {
      if (this.#counts.size >= MOST_CACHED) this.#counts.clear();
      this.#counts.set(term, points);
    }
    return points + (this.#later.get(term) ?? 0);
  }
}

function change(changes: Changes, term: number, by: number): void {
  changes.set(term, (changes.get(term) ?? 0) + by);
}

/** Adds a row of changes. */
function addRow(changes: Changes, [, points, stored]: readonly unknown[]): void {
  change(changes, ALL, Number(points));
  const { terms, weights: changed } = decodeTerms(bytesOf(stored as Uint8Array));
  for (let i = 0; i < terms.length; i += 1) change(changes, terms[i] as number, changed[i] as number);
}
