import type { ItemId } from "../../model/item.ts";
import type { ScanPage } from "../../ports/scan.ts";
import { bytesOf, textOf, toBytes, type Connection, type Reader, type Writer } from "./connection.ts";
import { pathIn, placeBytes, type NamespaceTable } from "./namespace-table.ts";
import type { PeekReply, PeekRequest, PlaceRequest, PutWrite, RecordRow, ScanRequest } from "./requests.ts";
import { RowRange } from "./row-range.ts";

/** A page ends after this many bytes of records, so that a page of big values does not fill the memory. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
/** A page has no more rows than this. */
const MAX_PAGE_ROWS = 10_000;

/** The records. */
export class ItemTable {
  readonly #connection: Connection;
  readonly #namespaces: NamespaceTable;
  readonly #put: Writer;
  readonly #get: Reader;
  readonly #place: Reader;
  readonly #peek: Reader;
  readonly #range: RowRange;
  readonly #scan: Reader;
  readonly #scanned: Reader;

  constructor(connection: Connection, namespaces: NamespaceTable) {
    this.#connection = connection;
    this.#namespaces = namespaces;
    // Of two writes with one version the greater bytes stay, as CQL decides between two cells of one timestamp.
    this.#put = connection.writer(`
      INSERT INTO items (namespace_id, key, created, version, write_id, has_value, expires_at, record)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace_id, key) DO UPDATE SET
        created = excluded.created, version = excluded.version, write_id = excluded.write_id,
        has_value = excluded.has_value, expires_at = excluded.expires_at, record = excluded.record
      WHERE excluded.version > items.version
         OR (excluded.version = items.version AND excluded.record > items.record)`);
    this.#get = connection.reader(`
      SELECT i.record FROM namespaces n CROSS JOIN items i ON i.namespace_id = n.id WHERE n.place = ? AND i.key = ?`);
    this.#place = connection.reader(`
      SELECT 1 FROM namespaces n CROSS JOIN items i ON i.namespace_id = n.id AND i.key = ?
      WHERE n.place = ? AND i.created = ? AND i.has_value = ?`);
    // Up to the line feed, which is all but the value: of a hundred namespaces, the values of one record each may fill the memory.
    this.#peek = connection.reader(`
      SELECT i.key, substr(i.record, 1, instr(i.record, x'0a')) AS header FROM items i WHERE i.namespace_id = (SELECT id FROM namespaces WHERE place = ?)
        AND i.has_value = 1 AND (i.expires_at IS NULL OR i.expires_at > ?) LIMIT 1`);
    this.#range = new RowRange(connection, "items");
    this.#scan = connection.reader("SELECT id, length(record) AS length FROM items WHERE id > ? ORDER BY id LIMIT ?");
    this.#scanned = connection.reader(`
      SELECT n.place, i.key, i.record FROM items i CROSS JOIN namespaces n ON n.id = i.namespace_id
      WHERE i.id > ? AND i.id <= ? ORDER BY i.id`);
  }

  /** Writes a record unless a newer one is stored. For write transactions. */
  put(write: PutWrite): void {
    const namespace = this.#namespaces.register(write.namespace);
    const { created, version, writeId, hasValue, expiresAt, cell } = write;
    this.#put([namespace, toBytes(write.key), created, version, writeId, hasValue ? 1 : 0, expiresAt, cell]);
    if (write.unscored) this.#namespaces.markUnscored(namespace);
  }

  /** Returns the encoded records of `ids`, null for none. Big records end the answer early: it then covers only the first ids. */
  get(ids: readonly ItemId[]): (Buffer | null)[] {
    const cells: (Buffer | null)[] = [];
    let bytes = 0;
    for (const { namespace, key } of ids) {
      const row = this.#get.first([placeBytes(namespace), toBytes(key)]);
      const cell = row === null ? null : bytesOf(row[0]);
      cells.push(cell);
      bytes += cell?.byteLength ?? 0;
      if (bytes > MAX_PAGE_BYTES) break;
    }
    return cells;
  }

  /** A live record of each namespace, without its value, null where there is none. */
  peek({ paths, now }: PeekRequest): (PeekReply | null)[] {
    return paths.map((path) => {
      const row = this.#peek.first([placeBytes(path), now]);
      return row === null ? null : { key: textOf(row[0]), cell: bytesOf(row[1]) };
    });
  }

  /** Returns whether the listing finds each record: its index covers all rows, so a row with this creation time and state is found. */
  listed(places: readonly PlaceRequest[]): boolean[] {
    return places.map(({ namespace, key, created, hasValue }) => {
      return this.#place.first([toBytes(key), placeBytes(namespace), created, hasValue ? 1 : 0]) !== null;
    });
  }

  /** A part of all rows, in the order of their ids, which never change. */
  scan({ after, limit }: ScanRequest): ScanPage<RecordRow> {
    return this.#connection.transaction("DEFERRED", () => {
      const start = this.#range.start(after);
      const last = this.#lastOfPart(start, limit);
      const found = this.#scanned.all([start, last]).map(([path, key, record]) => {
        return { namespace: pathIn(path), key: textOf(key), cell: bytesOf(record) };
      });
      return { found, ...this.#range.upTo(last) };
    });
  }

  /** The id of the last row of a part, which big values make shorter. */
  #lastOfPart(start: number, limit: number): number {
    let last = start;
    let bytes = 0;
    for (const [id, length] of this.#scan.all([start, Math.min(limit, MAX_PAGE_ROWS)])) {
      last = Number(id);
      bytes += Number(length);
      if (bytes > MAX_PAGE_BYTES) break;
    }
    return last;
  }
}
