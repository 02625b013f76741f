import type { Filter } from "../../model/filter.ts";
import { testsIn } from "../../model/filter-match.ts";
import type { NonMatching, ListPosition } from "../../ports/item-repository.ts";
import { bytesOf, textOf, toBytes, type Bound, type Connection, type Reader, type Row } from "./connection.ts";
import { placeBytes } from "./namespace-table.ts";
import type { ListReply, ListRequest } from "./requests.ts";
import { mayMatch, type CachedItem, type ValueCache } from "./value-cache.ts";

/** A page ends after this many bytes of records, so that a page of big values does not fill the memory. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** Records up to this size are read by the query of the page. */
const SMALL_BYTES = 16 * 1024;
/** A page reads no more rows than this, so that the small ones are no more than its bytes. */
const MAX_PAGE_ROWS = MAX_PAGE_BYTES / SMALL_BYTES;
/** A page with a filter ends after this many bytes of values were decoded, or this many tests of fields: other calls wait meanwhile. */
const MAX_DECODED_BYTES = 1024 * 1024;
const MAX_TESTS = 100_000;

type Readers = Readonly<Record<"first" | "next", Readonly<Record<ListRequest["order"], Reader>>>>;

/** Lists the live records of a namespace in order of creation. */
export class ItemListing {
  readonly #connection: Connection;
  readonly #values: ValueCache;
  readonly #records: Readers;
  readonly #writes: Readers;
  readonly #record: Reader;

  /** @param values - on which filters are tested */
  constructor(connection: Connection, values: ValueCache) {
    this.#connection = connection;
    this.#values = values;
    this.#records = readers(connection, `i.id, i.created, i.key, CASE WHEN length(i.record) <= ${SMALL_BYTES} THEN i.record END AS record`);
    this.#writes = readers(connection, "i.id, i.write_id");
    this.#record = connection.reader("SELECT record FROM items WHERE id = ?");
  }

  /** A page of a namespace. */
  list(request: ListRequest): ListReply {
    const { filter } = request;
    return this.#connection.transaction("DEFERRED", () => (filter === null ? this.#listAll(request) : this.#listMatching(request, filter)));
  }

  #listAll(request: ListRequest): ListReply {
    const { count, found } = this.#rows(this.#records, request, MAX_PAGE_ROWS);
    const rows = new PackedRows();
    for (const [i, [id, created, key, small]] of found.entries()) {
      rows.add(textOf(key), bytesOf(small ?? this.#record.first([Number(id)])?.[0]));
      const isLast = i + 1 === found.length;
      if (!isLast && (rows.bytes > MAX_PAGE_BYTES || i + 1 === count)) return rows.reply({ created: Number(created), key: textOf(key) });
    }
    return rows.reply(null);
  }

  /** Leaves out the records that do not match the filter. */
  #listMatching(request: ListRequest, filter: Filter): ListReply {
    const { count, found } = this.#rows(this.#writes, request, Math.min(MAX_PAGE_ROWS, Math.ceil(MAX_TESTS / Math.max(1, testsIn(filter)))));
    const decodedMost = this.#values.decodedBytes + MAX_DECODED_BYTES;
    const rows = new PackedRows();
    const nonMatching: (NonMatching | null)[] = [];
    let run = 0;
    let last: CachedItem | null = null;
    const endRun = (): void => {
      nonMatching.push(run === 0 || last === null ? null : { count: run, end: last.position });
      run = 0;
    };
    for (let i = 0; i < found.length; i += 1) {
      const [id, writeId] = found[i] as Row;
      const item = this.#values.item(Number(id), String(writeId));
      if (!mayMatch(item, filter)) run += 1;
      else {
        endRun();
        rows.add(item.position.key, bytesOf(this.#record.first([Number(id)])?.[0]));
      }
      last = item;
      const isLast = i + 1 === found.length;
      if (!isLast && (rows.bytes > MAX_PAGE_BYTES || this.#values.decodedBytes > decodedMost || i + 1 === count)) {
        endRun();
        return { ...rows.reply(item.position), nonMatching };
      }
    }
    endRun();
    return { ...rows.reply(null), nonMatching };
  }

  /** Returns the rows of a page, and how many of them it may contain: one more shows that there is a next page. */
  #rows(readers: Readers, { namespace, order, after, limit, now }: ListRequest, most: number): { count: number; found: Row[] } {
    const count = Math.min(limit, most);
    const start: Bound[] = after === null ? [] : [after.created, toBytes(after.key)];
    const found = readers[after === null ? "first" : "next"][order].all([placeBytes(namespace), now, ...start, count + 1]);
    return { count, found };
  }
}

/** The records of a reply. */
class PackedRows {
  readonly #keys: string[] = [];
  readonly #cells: Uint8Array[] = [];
  bytes = 0;

  add(key: string, cell: Uint8Array): void {
    this.#keys.push(key);
    this.#cells.push(cell);
    this.bytes += cell.byteLength;
  }

  reply(next: ListPosition | null): ListReply {
    const cells = new Uint8Array(this.bytes);
    let end = 0;
    for (const cell of this.#cells) {
      cells.set(cell, end);
      end += cell.byteLength;
    }
    return { keys: this.#keys, cells, lengths: this.#cells.map(({ byteLength }) => byteLength), next };
  }
}

/** Prepares the query of a page, which finds its rows in the index of the listing, for each start and order. */
function readers(connection: Connection, columns: string): Readers {
  const page = (start: string, direction: "ASC" | "DESC"): Reader =>
    connection.reader(`
      SELECT ${columns} FROM items i
      WHERE i.namespace_id = (SELECT id FROM namespaces WHERE place = ?) AND i.has_value = 1
        AND (i.expires_at IS NULL OR i.expires_at > ?) ${start}
      ORDER BY i.created ${direction}, i.key ${direction} LIMIT ?`);
  return {
    first: { oldest: page("", "ASC"), newest: page("", "DESC") },
    next: { oldest: page("AND (i.created, i.key) > (?, ?)", "ASC"), newest: page("AND (i.created, i.key) < (?, ?)", "DESC") },
  };
}
