import { fromPlace, placesWithin, toPlace, type PlaceRange } from "../../model/namespace-place.ts";
import type { NamespacePage, NamespaceQuery } from "../../ports/item-repository.ts";
import { tablesOf, GenerationList } from "./generation-list.ts";
import { textOf, toBytes, type Bound, type Column, type Connection, type Reader, type Writer } from "./connection.ts";

/** A condition on the namespaces of a range; its parameters are {@link rangeParameters}. */
export function inRange(table: string): string {
  return `(${table}.place >= ? AND ${table}.place < ?)`;
}

/** Parameters of {@link inRange}. */
export function rangeParameters({ from, to }: PlaceRange): [from: Bound, to: Bound] {
  return [toBytes(from), toBytes(to)];
}

/** The value of the column `place` for a namespace. */
export function placeBytes(path: string): Buffer {
  return toBytes(toPlace(path));
}

/** The path of a namespace by its column `place`. */
export function pathIn(column: Column | undefined): string {
  return fromPlace(textOf(column));
}

/** Statements that read the points of all generations of the index. */
interface PointStatements {
  /** The generations that they read. */
  readonly generations: string;
  readonly clearMark: Writer;
  readonly remove: Writer;
}

/** Most remembered ids. */
const MAX_IDS = 20_000;

/** The registry of namespaces. */
export class NamespaceTable {
  /** Ids of namespaces, as of the data version. */
  readonly #ids = new Map<string, number>();
  #dataVersion = -1;
  readonly #readDataVersion: Reader;
  readonly #find: Reader;
  readonly #add: Reader;
  readonly #mark: Writer;
  readonly #connection: Connection;
  readonly #generations: GenerationList;
  #pointStatements: PointStatements | null = null;
  readonly #page: Reader;
  readonly #unscoredPage: Reader;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#generations = new GenerationList(connection);
    this.#readDataVersion = connection.reader("PRAGMA data_version");
    this.#find = connection.reader("SELECT id FROM namespaces WHERE place = ?");
    this.#add = connection.reader("INSERT INTO namespaces (place) VALUES (?) RETURNING id");
    this.#mark = connection.writer("UPDATE namespaces SET has_unscored = 1 WHERE id = ? AND has_unscored = 0");
    // One lookup in the index of the listing, to detect namespaces that contain only markers of deletes.
    const occupied = "EXISTS (SELECT 1 FROM items i WHERE i.namespace_id = n.id AND i.has_value = 1)";
    const page = (source: string): Reader =>
      connection.reader(`SELECT n.place, ${occupied} AS occupied FROM ${source} AND ${inRange("n")} ORDER BY n.place LIMIT ?`);
    this.#page = page("namespaces n WHERE TRUE");
    this.#unscoredPage = page("namespaces n INDEXED BY unscored WHERE n.has_unscored = 1");
  }

  /** Drops remembered ids if another connection has written since. At the start of a write transaction. */
  refresh(): void {
    const version = Number(this.#readDataVersion.first([])?.[0]);
    if (version !== this.#dataVersion) this.#ids.clear();
    this.#dataVersion = version;
  }

  /** Drops remembered ids: the transaction that they were read or written in was rolled back. */
  forget(): void {
    this.#ids.clear();
  }

  /** Returns the id of a namespace, or null when it was never written to. */
  find(path: string): number | null {
    const row = this.#find.first([placeBytes(path)]);
    return row === null ? null : Number(row[0]);
  }

  /** Returns the id of a namespace, which is registered if it is new. For write transactions after {@link refresh}. */
  register(path: string): number {
    const known = this.#ids.get(path);
    if (known !== undefined) return known;
    const id = this.find(path) ?? Number(this.#add.first([placeBytes(path)])?.[0]);
    if (this.#ids.size >= MAX_IDS) this.#ids.clear();
    this.#ids.set(path, id);
    return id;
  }

  /** Flags a namespace that has an item without vectors. */
  markUnscored(id: number): void {
    this.#mark([id]);
  }

  /** Clears the flag unless an item of the namespace that is live at `now` lacks vectors in some generation. For write transactions. */
  clearMark(path: string, now: number): void {
    this.#withPoints().clearMark([placeBytes(path), now]);
  }

  /** Unregisters a namespace unless it contains a record or a point. For write transactions. */
  remove(path: string): void {
    this.#ids.delete(path);
    this.#withPoints().remove([placeBytes(path)]);
  }

  /** Prepared again after a generation was created or dropped. */
  #withPoints(): PointStatements {
    const existing = this.#generations.existing();
    const generations = existing.join();
    if (this.#pointStatements?.generations === generations) return this.#pointStatements;
    const tables = existing.map((each) => tablesOf(each).points);
    const lacksPoint = tables.map((points) => `OR NOT EXISTS (
      SELECT 1 FROM ${points} p WHERE p.namespace_id = i.namespace_id AND p.key = i.key AND p.write_id = i.write_id)`);
    const hasNoPoint = tables.map((points) => `AND NOT EXISTS (SELECT 1 FROM ${points} p WHERE p.namespace_id = namespaces.id)`);
    this.#pointStatements = {
      generations,
      clearMark: this.#connection.writer(`
        UPDATE namespaces SET has_unscored = 0 WHERE place = ? AND has_unscored = 1 AND NOT EXISTS (
          SELECT 1 FROM items i
          WHERE i.namespace_id = namespaces.id AND i.has_value = 1 AND (i.expires_at IS NULL OR i.expires_at > ?)
            AND (FALSE ${lacksPoint.join(" ")}))`),
      remove: this.#connection.writer(`
        DELETE FROM namespaces WHERE place = ?
          AND NOT EXISTS (SELECT 1 FROM items i WHERE i.namespace_id = namespaces.id) ${hasNoPoint.join(" ")}`),
    };
    return this.#pointStatements;
  }

  /** A page of the namespaces at or below a prefix, in label order, without those that contain only markers of deletes. */
  page({ prefix, from, limit, unscored }: NamespaceQuery): NamespacePage {
    const reader = unscored ? this.#unscoredPage : this.#page;
    const rows = reader.all([...rangeParameters(placesWithin(prefix, from)), limit]);
    const paths = rows.filter(([, isOccupied]) => isOccupied === 1).map(([place]) => pathIn(place));
    return { paths, next: rows.length < limit ? null : { path: pathIn(rows.at(-1)?.[0]), from: "after" } };
  }
}
