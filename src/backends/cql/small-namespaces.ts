/** Reads small namespaces whole: one request for their records, where entries and then records by key are two. */
import { LRUCache } from "lru-cache";
import type { Deadline } from "../../concurrency/deadline.ts";
import { isStoreError } from "../../model/errors.ts";
import { isLive, type ItemRecord, type LiveRecord } from "../../model/item.ts";
import type { ListPage, ListQuery } from "../../ports/item-repository.ts";
import { isReadGivenUp } from "./errors.ts";
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

/** No more are ever read so: values may be big. */
const MOST_RECORDS = 500;

/** What takes longer, milliseconds, has read many that are gone; from its entries a listing may come by without them. */
const SLOW_MS = 100;

/** No number of items makes such a namespace small. */
const UNFIT = Infinity;

/** Lists namespaces of one partition that are small. */
export class SmallNamespaces {
  readonly #parts: SmallNamespacesParts;
  /** How many rows a namespace has, or at least has. */
  readonly #sizes = new LRUCache<string, number>({ max: MOST_SIZES, ttl: LIFETIME_MS });

  constructor(parts: SmallNamespacesParts) {
    this.#parts = parts;
  }

  /** A page, as `ItemRepository.list` has it; null where the namespace is not small for it. */
  async page({ namespace, order, after, limit }: ListQuery, deadline?: Deadline): Promise<ListPage | null> {
    const most = Math.min(RECORDS_AN_ITEM * limit + RECORDS_A_REQUEST, MOST_RECORDS);
    if ((this.#sizes.get(namespace) ?? 0) > most) return null;
    const begunAt = performance.now();
    const read = await this.#read(namespace, most + 1, deadline);
    const isUnfit = read === null || performance.now() - begunAt > SLOW_MS;
    this.#sizes.set(namespace, isUnfit ? UNFIT : read.rows);
    if (read === null || read.rows > most) return null;
    const time = this.#parts.now();
    const compare = comparing(order);
    const records = read.records
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
      return { rows: rows.length, records: rows.flatMap((row) => toRecord(namespace, row) ?? []) };
    } catch (error) {
      if (isReadGivenUp(error) || (isStoreError(error) && error.code === "SCHEMA")) return null;
      throw error;
    }
  }
}

const ONLY_BUCKET = 0;
