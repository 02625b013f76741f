import type { NamespaceEntry, NamespacePage, NamespaceQuery } from "../../ports/item-repository.ts";
import { textOf, toBytes, type Bound, type Connection, type Reader, type Writer } from "./connection.ts";

/** A condition on the namespaces at or below a prefix; its parameters are {@link withinParameters}. */
export function within(table: string): string {
  return `(${table}.path = ? OR (${table}.path >= ? AND ${table}.path < ?))`;
}

/** Parameters of {@link within}: "/" follows "." directly, so `[p., p/)` holds exactly what begins with `p.`. */
export function withinParameters(prefix: string): [itself: Bound, start: Bound, end: Bound] {
  return [toBytes(prefix), toBytes(`${prefix}.`), toBytes(`${prefix}/`)];
}

/** The registry of namespaces. */
export class NamespaceTable {
  readonly #find: Reader;
  readonly #add: Reader;
  readonly #mark: Writer;
  readonly #clearMark: Writer;
  readonly #remove: Writer;
  readonly #all: Reader;
  readonly #within: Reader;
  readonly #after: Reader;
  readonly #occupied: Reader;

  constructor(connection: Connection) {
    this.#find = connection.reader("SELECT id FROM namespaces WHERE path = ?");
    this.#add = connection.reader("INSERT INTO namespaces (path) VALUES (?) RETURNING id");
    this.#mark = connection.writer("UPDATE namespaces SET has_unscored = 1 WHERE id = ? AND has_unscored = 0");
    this.#clearMark = connection.writer(`
      UPDATE namespaces SET has_unscored = 0 WHERE path = ? AND has_unscored = 1 AND NOT EXISTS (
        SELECT 1 FROM items i
        WHERE i.namespace_id = namespaces.id AND i.has_value = 1 AND (i.expires_at IS NULL OR i.expires_at > ?)
          AND NOT EXISTS (
            SELECT 1 FROM points p
            WHERE p.namespace_id = i.namespace_id AND p.key = i.key AND p.write_id = i.write_id))`);
    this.#remove = connection.writer(`
      DELETE FROM namespaces WHERE path = ?
        AND NOT EXISTS (SELECT 1 FROM items i WHERE i.namespace_id = namespaces.id)
        AND NOT EXISTS (SELECT 1 FROM points p WHERE p.namespace_id = namespaces.id)`);
    const select = "SELECT n.path, n.has_unscored FROM namespaces n WHERE ";
    // One look into the listing's index: leaves out those with nothing but markers of deletes.
    const occupied = "EXISTS (SELECT 1 FROM items i WHERE i.namespace_id = n.id AND i.has_value = 1)";
    this.#all = connection.reader(select + occupied);
    this.#within = connection.reader(`${select}${within("n")} AND ${occupied}`);
    this.#occupied = connection.reader(`SELECT 1 FROM namespaces n WHERE n.path = ? AND ${occupied}`);
    this.#after = connection.reader(
      `SELECT n.path FROM namespaces n WHERE n.path > ? AND n.path < ? AND ${occupied} ORDER BY n.path LIMIT ?`,
    );
  }

  /** The id of a namespace, or null when it was never written to. */
  find(path: string): number | null {
    const row = this.#find.first([toBytes(path)]);
    return row === null ? null : Number(row[0]);
  }

  /** The id of a namespace, registered if it is new. For write transactions. */
  register(path: string): number {
    return this.find(path) ?? Number(this.#add.first([toBytes(path)])?.[0]);
  }

  /** Notes that some item of the namespace has no vector. */
  markUnscored(id: number): void {
    this.#mark([id]);
  }

  /** Takes the mark away, unless an item of the namespace that is live at `now` lacks its vectors. For write transactions. */
  clearMark(path: string, now: number): void {
    this.#clearMark([toBytes(path), now]);
  }

  /** Forgets a namespace, unless it holds a record or a point. For write transactions. */
  remove(path: string): void {
    this.#remove([toBytes(path)]);
  }

  /** The namespaces at or below a path that hold items, or did until they expired. */
  within(prefix: string): NamespaceEntry[] {
    const rows = prefix === "" ? this.#all.all([]) : this.#within.all(withinParameters(prefix));
    return rows.map(([path, hasUnscored]) => ({ path: textOf(path), hasUnscored: hasUnscored === 1 }));
  }

  /** A page of them, in the order of their bytes. */
  after({ prefix, after, limit }: NamespaceQuery): NamespacePage {
    const [itself, start, end] = withinParameters(prefix);
    const paths = this.#after.all([after === null ? start : toBytes(after), end, limit]).map(([path]) => textOf(path));
    const next = paths.length < limit ? null : (paths.at(-1) ?? null);
    const [first] = after === null ? this.#occupied.all([itself]) : [];
    return { paths: first === undefined ? paths : [prefix, ...paths], next };
  }
}
