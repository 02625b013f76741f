/** A connection to the database file. All calls are synchronous. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { toBuffer } from "../../model/bytes.ts";
import { loadEngine } from "./engine.ts";
import { isNoTransaction } from "./errors.ts";
import { isBytes } from "../../model/realms.ts";

/** Types of a parameter. */
export type Bound = string | number | bigint | Uint8Array | null;

/** Types of a column. */
export type Column = string | number | bigint | Uint8Array | null;

/** A row, its columns at their positions. */
export type Row = readonly Column[];

/** A prepared statement that returns rows. */
export interface Reader {
  /** Returns the first row, or null. */
  first(parameters: readonly Bound[]): Row | null;
  /** Returns all rows. */
  all(parameters: readonly Bound[]): Row[];
  /** Iterates over the rows, read as they are needed. To be iterated to the end, or left by `break` or `return`. */
  each(parameters: readonly Bound[]): Iterable<Row>;
}

/** A prepared statement that changes rows; returns how many. */
export type Writer = (parameters: readonly Bound[]) => number;

/** How a connection is opened. */
interface ConnectionOptions {
  /** Whether it only reads. */
  readonly readOnly?: boolean;
}

/** A connection. */
export class Connection {
  readonly #database: DatabaseSync;
  readonly #transactions: Readonly<Record<"DEFERRED" | "IMMEDIATE", StatementSync>>;
  readonly #commit: StatementSync;

  /** @param path - absolute path of the file, or ":memory:" */
  constructor(path: string, { readOnly = false }: ConnectionOptions = {}) {
    // No timeout: waiting for the lock of another process would block this thread; the caller retries.
    this.#database = new (loadEngine().DatabaseSync)(path, { readOnly, timeout: 0 });
    const prepared = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#transactions = { DEFERRED: prepared("BEGIN DEFERRED"), IMMEDIATE: prepared("BEGIN IMMEDIATE") };
    this.#commit = prepared("COMMIT");
  }

  /** Runs statements without parameters. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Prepares a statement that returns rows. Its columns need distinct names: Node.js before 22.16 returns rows by name. */
  reader(sql: string): Reader {
    const statement = this.#prepare(sql);
    return returnsArrays(statement) ? readerOfArrays(statement) : readerOfObjects(statement);
  }

  /** Prepares a statement that changes rows. */
  writer(sql: string): Writer {
    const statement = this.#prepare(sql);
    return (parameters) => Number(statement.run(...parameters).changes);
  }

  /** Returns the single number of a pragma or a count. */
  number(sql: string): number {
    const value = this.reader(sql).first([])?.[0];
    if (typeof value !== "number") throw new TypeError(`"${sql}" returned no number`);
    return value;
  }

  /** Runs `work` in a transaction: committed atomically, or rolled back when it throws. */
  transaction<T>(mode: "DEFERRED" | "IMMEDIATE", work: () => T): T {
    this.#transactions[mode].run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Closes the connection and releases its files. */
  close(): void {
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    if (/\?\d/u.test(sql)) throw new TypeError(`"${sql}" has numbered parameters, which Node.js before 22.16 does not bind by position`);
    return this.#database.prepare(sql);
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch (error) {
      // Some errors, such as a full disk, end the transaction themselves.
      if (!isNoTransaction(error)) throw error;
    }
  }
}

/** Makes a statement return arrays; false where the runtime cannot (Node.js before 22.16). */
function returnsArrays(statement: StatementSync): boolean {
  const { setReturnArrays } = statement as { readonly setReturnArrays?: StatementSync["setReturnArrays"] };
  setReturnArrays?.call(statement, true);
  return setReturnArrays !== undefined;
}

function readerOfArrays(statement: StatementSync): Reader {
  return {
    first: (parameters) => (statement.get(...parameters) as unknown as Row | undefined) ?? null,
    all: (parameters) => statement.all(...parameters) as unknown as Row[],
    each: (parameters) => statement.iterate(...parameters) as unknown as Iterable<Row>,
  };
}

function readerOfObjects(statement: StatementSync): Reader {
  return {
    first(parameters) {
      const row = statement.get(...parameters);
      return row === undefined ? null : Object.values(row);
    },
    all: (parameters) => statement.all(...parameters).map((row) => Object.values(row)),
    *each(parameters) {
      for (const row of statement.iterate(...parameters)) yield Object.values(row);
    },
  };
}

/** Returns the bytes of a column that is declared BLOB NOT NULL. */
export function bytesOf(column: Column | undefined): Buffer {
  if (isBytes(column)) return toBuffer(column);
  throw new TypeError("a column that should contain bytes contains none");
}

/** Returns the text whose UTF-8 bytes a column holds. */
export function textOf(column: Column | undefined): string {
  return bytesOf(column).toString("utf8");
}

/** Returns the UTF-8 bytes of a text, as they are stored; their order is that of text in CQL. */
export function toBytes(text: string): Buffer {
  return Buffer.from(text, "utf8");
}
