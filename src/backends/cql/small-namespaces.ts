/** Lists small namespaces by one request for all records, instead of two for entries and records. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { Hints } from "../../concurrency/hints.ts";
import { isStoreError } from "../../model/errors.ts";
import { isLive, type ItemRecord, type LiveRecord } from "../../model/item.ts";
import type { ListPage, ListQuery } from "../../ports/item-repository.ts";
import { isReadAborted } from "./errors.ts";
import { positionOf } from "./listing.ts";
import { comparing } from "./namespace-entries.ts";
import { toRecord } from "./records-by-id.ts";
import type { CqlSession } from "./session.ts";
import type { Statements } from "./statements.ts";
import { isBytes } from "../../model/realms.ts";

/** Dependencies of the reads. */
export interface SmallNamespacesParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The first rows of a namespace. */
interface FirstRows {
  /** Number of rows; rows without a record count too. */
  readonly rows: number;
  readonly records: readonly ItemRecord[];
  /** Size of all records, and of the largest one. */
  readonly bytes: number;
  readonly rowBytes: number;
}

/** The hint of a namespace. */
interface Size {
  /** Lower bound of the number of rows; Infinity if this kind of read does not fit the namespace. */
  readonly rows: number;
  /** Size of the largest record that was read. */
  readonly rowBytes: number;
}

/** Number of hints. */
const MOST_SIZES = 10_000;

/**
 * A namespace is small if it has at most this many records per requested item, plus a constant. A record cost 7 µs of CPU
 * time by range and 16 µs by entry and key, and a request 120 µs.
 */
const RECORDS_AN_ITEM = 2;
const RECORDS_A_REQUEST = 20;

const MOST_RECORDS = 500;

/** Rows of the first read of an unknown namespace; their sizes determine the next read. */
const FIRST_ROWS = 2;

/** Most bytes of such a read, estimated from the records so far: a server holds the entire answer in memory. */
const MOST_BYTES = 1024 * 1024;

/** Duration, milliseconds, above which a read has passed many tombstones; reading by entries may avoid them. */
const SLOW_MS = 100;

/** Lists small namespaces of one partition. */
export class SmallNamespaces {
  readonly #parts: SmallNamespacesParts;
  readonly #sizes = new Hints<Size>({ max: MOST_SIZES });

  constructor(parts: SmallNamespacesParts) {
    this.#parts = parts;
  }

  /**
   * Returns a page as `ItemRepository.list`; null if the namespace is not small.
   *
   * @param bucket - the only one of the namespace
   */
  async page(query: ListQuery, bucket: number, deadline?: Deadline): Promise<ListPage | null> {
    const { namespace, limit } = query;
    const most = Math.min(RECORDS_AN_ITEM * limit + RECORDS_A_REQUEST, MOST_RECORDS);
    let known = this.#sizes.get(namespace) ?? null;
    for (let requested = 0; known === null || known.rows <= most; ) {
      const fitting = known === null ? FIRST_ROWS : Math.floor(MOST_BYTES / known.rowBytes);
      const count = Math.min(most + 1, fitting);
      if (count <= requested) return null;
      const begunAt = performance.now();
      const read = await this.#read(namespace, bucket, count, deadline);
      const isUnfit = read === null || read.bytes > MOST_BYTES || performance.now() - begunAt > SLOW_MS;
      known = { rows: isUnfit ? Infinity : read.rows, rowBytes: Math.max(read?.rowBytes ?? 1, known?.rowBytes ?? 1) };
      this.#sizes.record(namespace, known);
      if (read !== null && read.rows < count) return this.#pageOf(read.records, query);
      requested = count;
    }
    return null;
  }

  /** Returns the bytes of the largest record that was read of a namespace, as far as known. */
  largestIn(namespace: string): number {
    return this.#sizes.get(namespace)?.rowBytes ?? 1;
  }

  #pageOf(all: readonly ItemRecord[], { order, after, limit }: ListQuery): ListPage {
    const time = this.#parts.now();
    const compare = comparing(order);
    const records = all
      .filter((record): record is LiveRecord => isLive(record, time) && (after === null || compare(record, after) > 0))
      .sort(compare);
    if (records.length <= limit) return { records, next: null };
    return { records: records.slice(0, limit), next: positionOf(records[limit - 1] as LiveRecord) };
  }

  /** Reads the first records by key; null if the server aborted the read or a record is unreadable. */
  async #read(namespace: string, bucket: number, limit: number, deadline: Deadline | undefined): Promise<FirstRows | null> {
    const { session, statements } = this.#parts;
    try {
      const rows = await session.rows(statements.firstOfNamespace, [namespace, bucket, limit], "read", deadline);
      const sizes = rows.map((row) => (isBytes(row["record"]) ? row["record"].byteLength : 0));
      return {
        rows: rows.length,
        records: rows.flatMap((row) => toRecord(namespace, row) ?? []),
        bytes: sizes.reduce((sum, size) => sum + size, 0),
        rowBytes: Math.max(1, ...sizes),
      };
    } catch (error) {
      if (isReadAborted(error) || (isStoreError(error) && error.code === "SCHEMA")) return null;
      throw error;
    }
  }
}
