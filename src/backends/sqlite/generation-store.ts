/** The vectors of all generations of the index in a file, as one connection uses them. */
import { SchemaError } from "../../model/errors.ts";
import type { Connection, Reader, Writer } from "./connection.ts";
import { CacheSpace } from "./cache-space.ts";
import { GenerationList, tablesOf } from "./generation-list.ts";
import { generationStatements } from "./migrations.ts";
import type { NamespaceTable } from "./namespace-table.ts";
import { PointScan } from "./point-scan.ts";
import type { GenerationShape, OpenRequest } from "./requests.ts";
import { TermCounts } from "./term-counts.ts";
import { ValueCache } from "./value-cache.ts";
import { VectorCache } from "./vector-cache.ts";
import { VectorSearch } from "./vector-search.ts";
import { VectorTable } from "./vector-table.ts";

/** A transaction of a drop ends after this long, milliseconds: other writers, of other processes too, wait for it. */
const MAX_DROP_MS = 20;

/** Rows that one of its statements deletes. */
const DROPPED_AT_ONCE = 50;

/** Tables and searches of generations, created when they are first used. */
export class GenerationStore {
  readonly #connection: Connection;
  readonly #namespaces: NamespaceTable;
  readonly #path: string;
  readonly #space: CacheSpace;
  readonly #values: ValueCache;
  readonly #list: GenerationList;
  readonly #isDropped: Reader;
  readonly #add: Writer;
  readonly #drop: Writer;
  readonly #vectors = new Map<number, VectorTable>();
  readonly #searches = new Map<number, VectorSearch>();
  readonly #scans = new Map<number, PointScan>();

  /**
   * @param options.path - of the file, for messages
   * @param options.vectorCacheBytes - bytes of vectors that are cached for searches, of all generations together
   * @param values - on which searches test filters
   */
  constructor(
    connection: Connection,
    namespaces: NamespaceTable,
    { path, vectorCacheBytes }: Pick<OpenRequest, "path" | "vectorCacheBytes">,
    values = new ValueCache(connection),
  ) {
    this.#connection = connection;
    this.#namespaces = namespaces;
    this.#path = path;
    this.#space = new CacheSpace(vectorCacheBytes);
    this.#values = values;
    this.#list = new GenerationList(connection);
    this.#isDropped = connection.reader("SELECT is_dropped FROM generations WHERE number = ?");
    this.#add = connection.writer("INSERT INTO generations (number) VALUES (?)");
    this.#drop = connection.writer("INSERT INTO generations (number, is_dropped) VALUES (?, 1) ON CONFLICT (number) DO UPDATE SET is_dropped = 1");
  }

  /** The vectors of a generation. */
  vectors(generation: number): VectorTable {
    return this.#vectors.get(generation) ?? added(this.#vectors, generation, new VectorTable(this.#connection, this.#namespaces, tablesOf(generation)));
  }

  search({ generation, dims, metric }: GenerationShape): VectorSearch {
    const known = this.#searches.get(generation);
    if (known !== undefined) return known;
    const tables = tablesOf(generation);
    const cache = new VectorCache(this.#connection, { dims, metric }, tables, this.#space);
    const counts = new TermCounts(this.#connection, tables);
    return added(this.#searches, generation, new VectorSearch(this.#connection, tables, cache, counts, this.#values));
  }

  scan(generation: number): PointScan {
    return this.#scans.get(generation) ?? added(this.#scans, generation, new PointScan(this.#connection, tablesOf(generation).points));
  }

  /** The vectors of each generation that exists. For transactions. */
  existing(): VectorTable[] {
    return this.#list.existing().map((generation) => this.vectors(generation));
  }

  /**
   * Returns whether a generation exists.
   *
   * @throws {SchemaError} when its vectors have another length, or when it was dropped.
   */
  exists(generation: number, dims: number): boolean {
    const isDropped = this.#isDropped.first([generation])?.[0];
    if (isDropped === undefined) return false;
    if (isDropped === 1) throw dropped(generation);
    const stored = this.#connection.reader(`SELECT dims FROM ${tablesOf(generation).points} LIMIT 1`).first([])?.[0];
    if (stored === undefined || stored === dims) return true;
    throw new SchemaError(
      `The vectors in ${this.#path}, of generation ${generation} of the index, have ${String(stored)} numbers, but the index is configured for ${dims}: configure the ` +
        "model that they were made with, or configure another path and put the items again.",
    );
  }

  /**
   * Creates the tables of a generation unless they exist. For write transactions.
   *
   * @throws {SchemaError} when it was dropped.
   */
  create(generation: number): void {
    const isDropped = this.#isDropped.first([generation])?.[0];
    if (isDropped === 1) throw dropped(generation);
    if (isDropped === 0) return;
    for (const statement of generationStatements(generation)) this.#connection.exec(statement);
    this.#add([generation]);
  }

  /** Deletes a part of a generation in a transaction of its own. Returns whether nothing is left. */
  drop(generation: number): boolean {
    const { points, termCounts, termChanges } = tablesOf(generation);
    return this.#connection.transaction("IMMEDIATE", () => {
      this.#drop([generation]);
      // A drop that is repeated finds no tables.
      if (this.#connection.reader("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").first([points]) === null) return true;
      const drop = this.#connection.writer(`DELETE FROM ${points} WHERE id IN (SELECT id FROM ${points} LIMIT ${DROPPED_AT_ONCE})`);
      for (const end = performance.now() + MAX_DROP_MS; drop([]) === DROPPED_AT_ONCE; ) if (performance.now() > end) return false;
      this.#connection.exec(`DROP TABLE ${points}; DROP TABLE ${termCounts}; DROP TABLE IF EXISTS ${termChanges}`);
      return true;
    });
  }

  /** Completes a write transaction. */
  flush(): void {
    for (const vectors of this.#vectors.values()) vectors.flush();
  }

  /** Forgets the changes of a transaction that was rolled back. */
  forget(): void {
    for (const vectors of this.#vectors.values()) vectors.forget();
  }
}

function added<T>(those: Map<number, T>, generation: number, one: T): T {
  those.set(generation, one);
  return one;
}

function dropped(generation: number): SchemaError {
  return new SchemaError(`Generation ${generation} of the index was removed: configure the active one.`);
}
