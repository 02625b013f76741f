/**
 * A connection to the file, in the one way of using `libsql` that is safe. Binding a boolean, `undefined` or a lone
 * Buffer that is not in an array aborts the whole process; an iterator that is left open pins an old snapshot and
 * blocks checkpoints; text read back ends at its first NUL. So: typed parameters always in an array, rows always read
 * to the end, and user text stored as bytes.
 */
import Database from "libsql";
import { toBuffer } from "../../model/bytes.ts";

/** What may be bound. */
export type Bound = string | number | bigint | Uint8Array | null;

/** A column of a row. */
export type Column = string | number | Buffer | null;

/** A prepared statement that returns rows. */
export interface Reader {
  /** The first row, or null. */
  first(parameters: readonly Bound[]): readonly Column[] | null;
  /** All rows. */
  all(parameters: readonly Bound[]): readonly (readonly Column[])[];
}

/** A prepared statement that changes rows; returns how many. */
export type Writer = (parameters: readonly Bound[]) => number;

/** A connection. Everything on it is synchronous. */
export class Connection {
  readonly #database: Database.Database;

  /** @param path - absolute path: `libsql` would take a URL for a remote server and "" for a file that vanishes */
  constructor(path: string) {
    this.#database = new Database(path);
  }

  /** Whether a transaction is open; some errors end it by themselves. */
  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** Runs statements that need no parameters. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Prepares a statement that returns rows. Asked one way only: after `all`, `first` was seen to answer a row of before. */
  reader(sql: string): Reader {
    const statement = this.#database.prepare<[Bound[]]>(sql).raw();
    return {
      first: (parameters) => (statement.get(bind(parameters)) as readonly Column[] | undefined) ?? null,
      all: (parameters) => statement.all(bind(parameters)) as readonly (readonly Column[])[],
    };
  }

  /** Prepares a statement that changes rows. */
  writer(sql: string): Writer {
    const statement = this.#database.prepare<[Bound[]]>(sql);
    return (parameters) => statement.run(bind(parameters)).changes;
  }

  /** Reads the single number that a pragma or a count answers. */
  number(sql: string): number {
    const value = this.reader(sql).first([])?.[0];
    if (typeof value !== "number") throw new TypeError(`"${sql}" answered no number`);
    return value;
  }

  /** Runs `work` in a transaction: what it does is there as a whole, or not at all when it throws. */
  transaction<T>(mode: "DEFERRED" | "IMMEDIATE", work: () => T): T {
    this.exec(`BEGIN ${mode}`);
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.inTransaction) this.exec("ROLLBACK");
      throw error;
    }
  }

  /** Closes the connection; its files are let go when its statements are collected, at the latest with the thread. */
  close(): void {
    this.#database.close();
  }
}

/** The bytes of a column that is declared BLOB NOT NULL. */
export function bytesOf(column: Column | undefined): Buffer {
  if (column instanceof Buffer) return column;
  throw new TypeError("a column that should hold bytes does not");
}

/** The text whose UTF-8 bytes a column holds. */
export function textOf(column: Column | undefined): string {
  return bytesOf(column).toString("utf8");
}

/** Text as the bytes that are stored for it; their order is that of CQL's text. */
export function toBytes(text: string): Buffer {
  return Buffer.from(text, "utf8");
}

function bind(parameters: readonly Bound[]): Bound[] {
  return parameters.map((value) => (value instanceof Uint8Array ? toBuffer(value) : value));
}
