/** Reads small namespaces whole: one request for their records, where entries and then records by key are two. */
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

/** What reading works with. */
export interface SmallNamespacesParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What the first rows of a namespace hold. */
interface FirstRows {
  /** How many they are: some may hold no record any more, and count all the same towards what was asked for. */
  readonly rows: number;
  readonly records: readonly ItemRecord[];
  /** Of all records together, and of the biggest. */
  readonly bytes: number;
  readonly rowBytes: number;
}

/** What is known of a namespace. */
interface Size {
  /** How many rows it has, or at least has. */
  readonly rows: number;
  /** Of the biggest record that was read. */
  readonly rowBytes: number;
}

/** Namespaces whose size is remembered, and for how long: they grow and shrink. */
const MOST_SIZES = 10_000;
const LIFETIME_MS = 10 * 60 * 1000;

/**
 * A namespace is small when it holds at most so many records for each that is asked for, and some more. By range a record
 * took 7 microseconds of all processors, by entry and key 16, and a request less 120.
 */
const RECORDS_AN_ITEM = 2;
const RECORDS_A_REQUEST = 20;

const MOST_RECORDS = 500;

/** Of a namespace of which nothing is known so few are read first: their sizes say how many more may be. */
const FIRST_ROWS = 2;

/** No more than this is read so, if further records are like those that were read: a server holds all of an answer in memory. */
const MOST_BYTES = 1024 * 1024;

/** What takes longer, milliseconds, has read many that are gone; from its entries a listing may come by without them. */
const SLOW_MS = 100;

/** No number of items makes such a namespace small. */
const UNFIT: Size = { rows: Infinity, rowBytes: 1 };

/** Lists namespaces of one partition that are small. */
export class SmallNamespaces {
  readonly #parts: SmallNamespacesParts;
  readonly #sizes = new Hints<Size>({ max: MOST_SIZES, ttlMs: LIFETIME_MS });

  constructor(parts: SmallNamespacesParts) {
    this.#parts = parts;
  }

  /** A page, as `ItemRepository.list` has it; null where the namespace is not small for it. */
  async page(query: ListQuery, deadline?: Deadline): Promise<ListPage | null> {
    const { namespace, limit } = query;
    const most = Math.min(RECORDS_AN_ITEM * limit + RECORDS_A_REQUEST, MOST_RECORDS);
    let known = this.#sizes.get(namespace) ?? null;
    for (let requested = 0; known === null || known.rows <= most; ) {
      const fitting = known === null ? FIRST_ROWS : Math.floor(MOST_BYTES / known.rowBytes);
      const count = Math.min(most + 1, fitting);
      if (count <= requested) return null;
      const begunAt = performance.now();
      const read = await this.#read(namespace, count, deadline);
      const isUnfit = read === null || read.bytes > MOST_BYTES || performance.now() - begunAt > SLOW_MS;
      known = isUnfit ? UNFIT : { rows: read.rows, rowBytes: Math.max(read.rowBytes, known?.rowBytes ?? 1) };
      this.#sizes.record(namespace, known);
      if (read !== null && read.rows < count) return this.#pageOf(read.records, query);
      requested = count;
    }
    return null;
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

  /** The first records by key; null where the server gave up, or one of them cannot be read, which a page may not hold. */
  async #read(namespace: string, limit: number, deadline: Deadline | undefined): Promise<FirstRows | null> {
    const { session, statements } = this.#parts;
    try {
      const rows = await session.rows(statements.firstOfNamespace, [namespace, ONLY_BUCKET, limit], "read", deadline);
      const sizes = rows.map((row) => (row["record"] instanceof Uint8Array ? row["record"].byteLength : 0));
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

const ONLY_BUCKET = 0;
