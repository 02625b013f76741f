import type { Deadline } from "../../concurrency/deadline.ts";
import { toBuffer } from "../../model/bytes.ts";
import { isStoreError } from "../../model/errors.ts";
import { charactersOf, type Filter } from "../../model/filter.ts";
import { testsIn } from "../../model/filter-match.ts";
import { idText, type ItemId, type ItemRecord, type LiveRecord } from "../../model/item.ts";
import { decodeRecord, encodeRecord } from "../../model/record-codec.ts";
import { CLOCK_TOLERANCE_MS } from "../../model/ttl.ts";
import type {
  ItemRepository,
  ListPage,
  ListQuery,
  NamespacePage,
  NamespaceQuery,
  RecordScan,
} from "../../ports/item-repository.ts";
import type { CallerReads } from "./caller-reads.ts";
import { WORKING } from "./database-thread.ts";
import type { DatabaseCalls, MarkWrite, PutWrite, RecordRow, UnregisterWrite } from "./requests.ts";
import type { WriteGroup } from "./write-group.ts";

/** Dependencies of the repository. */
export interface SqliteItemRepositoryOptions {
  /** Runs reads. */
  readonly reads: DatabaseCalls;
  /** Runs sweeps, in the thread that writes. */
  readonly writer: DatabaseCalls;
  readonly writes: WriteGroup;
  /** Reads of single records on the caller's thread; null where the data is in the memory of the database thread. */
  readonly callerReads: () => CallerReads | null;
  /** Current time in milliseconds since the epoch. */
  readonly now: () => number;
}

/** Ids that are read by one call of the database thread. */
const MAX_IDS_PER_CALL = 500;

/** Longer filters are not sent with a page: their names and operands, and their tests of fields. */
const MAX_SENT_CHARACTERS = 1_000;
const MAX_SENT_TESTS = 20;

/** Records in a local file. */
export class SqliteItemRepository implements ItemRepository {
  readonly #options: SqliteItemRepositoryOptions;

  constructor(options: SqliteItemRepositoryOptions) {
    this.#options = options;
  }

  async get(ids: readonly ItemId[], deadline?: Deadline): Promise<(ItemRecord | null)[]> {
    deadline?.throwIfOver(WORKING);
    if (ids.length <= 1) return this.#getDistinct(ids, deadline);
    // An id that repeats is read, and held in memory, once.
    const distinct = new Map(ids.map((id) => [idText(id), id]));
    const found = await this.#getDistinct([...distinct.values()], deadline);
    if (found.length === ids.length) return found;
    const records = new Map([...distinct.keys()].map((text, i) => [text, found[i] ?? null]));
    return ids.map((id) => records.get(idText(id)) ?? null);
  }

  async #getDistinct(ids: readonly ItemId[], deadline: Deadline | undefined): Promise<(ItemRecord | null)[]> {
    const callerReads = this.#options.callerReads();
    if (callerReads === null) return this.#getByThread(ids, deadline);
    const cells = await callerReads.get(ids);
    const positions: number[] = [];
    const records = cells.map((cell, i) => {
      if (cell === undefined) positions.push(i);
      return cell === null || cell === undefined ? null : decodeRecord(ids[i] as ItemId, cell);
    });
    if (positions.length === 0) return records;
    const others = await this.#getByThread(positions.map((i) => ids[i] as ItemId), deadline);
    positions.forEach((position, i) => (records[position] = others[i] ?? null));
    return records;
  }

  /** Reads in parts, so that other calls run between the parts of a read of thousands. */
  async #getByThread(ids: readonly ItemId[], deadline: Deadline | undefined): Promise<(ItemRecord | null)[]> {
    const records: (ItemRecord | null)[] = [];
    while (records.length < ids.length) {
      const part = ids.slice(records.length, records.length + MAX_IDS_PER_CALL).map(({ namespace, key }) => ({ namespace, key }));
      // The thread answers for the first ids only, where their records are big.
      const cells = await this.#options.reads.call("get", part, deadline);
      cells.forEach((cell, i) => records.push(cell === null ? null : decodeRecord(part[i] as ItemId, cell)));
    }
    return records;
  }

  put(records: readonly ItemRecord[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]> {
    return this.#options.writes.each(records, toWrite, deadline);
  }

  async list(query: ListQuery, deadline?: Deadline): Promise<ListPage> {
    const { namespace, order, after, limit, filter = null } = query;
    const request = { namespace, order, after, limit, filter: isSmall(filter) ? filter : null, now: this.#options.now() };
    const { keys, cells, lengths, ...page } = await this.#options.reads.call("list", request, deadline);
    const bytes = toBuffer(cells);
    let end = 0;
    return { ...page, records: keys.map((key, i) => toLive({ namespace, key }, bytes.subarray(end, (end += lengths[i] as number)))) };
  }

  async peek(paths: readonly string[], deadline?: Deadline): Promise<(ItemRecord | null)[]> {
    const rows = await this.#options.reads.call("peek", { paths, now: this.#options.now() }, deadline);
    return rows.map((row, i) => (row === null ? null : decoded({ ...row, namespace: paths[i] as string })));
  }

  async markUnscored(paths: readonly string[], deadline?: Deadline): Promise<void> {
    const outcomes = await this.#options.writes.each(paths, (namespace): MarkWrite => ({ kind: "mark", namespace }), deadline);
    throwFirst(outcomes);
  }

  namespacesAfter(query: NamespaceQuery, deadline?: Deadline): Promise<NamespacePage> {
    return this.#options.reads.call("namespacesAfter", query, deadline);
  }

  async scan(after: string | null, limit: number, deadline?: Deadline): Promise<RecordScan> {
    const part = await this.#options.reads.call("scan", { after, limit: Math.max(limit, 1) }, deadline);
    const found = part.found.flatMap((row) => decoded(row) ?? []);
    return { ...part, found, unreadable: part.found.length - found.length };
  }

  async listed(records: readonly ItemRecord[], deadline?: Deadline): Promise<boolean[]> {
    const places = records.map(({ namespace, key, created, value }) => ({ namespace, key, created, hasValue: value !== null }));
    return [...(await this.#options.reads.call("listed", places, deadline))];
  }

  /**
   * Ignores `asOf`: items and points are in one file, so one transaction verifies that every item has its vectors.
   */
  async clearUnscored(paths: readonly string[], _asOf: number, deadline?: Deadline): Promise<void> {
    const now = this.#options.now();
    // One after another, so that other calls run in between: each reads all items of a namespace.
    for (const namespace of paths) await this.#options.writes.one({ kind: "clear-mark", namespace, now }, deadline);
  }

  /** Needs no time either: the transaction that unregisters a namespace verifies that it is empty. */
  async unregister(paths: readonly string[], _asOf: number, deadline?: Deadline): Promise<void> {
    const toUnregister = (namespace: string): UnregisterWrite => ({ kind: "unregister", namespace });
    throwFirst(await this.#options.writes.each(paths, toUnregister, deadline));
  }

  /** Also deletes and counts points that never had a record. */
  async sweep(limit: number, deadline?: Deadline): Promise<number> {
    const before = this.#options.now() - CLOCK_TOLERANCE_MS;
    let removed = 0;
    while (removed < limit) {
      const step = await this.#options.writer.call("sweep", { before, limit: limit - removed }, deadline);
      removed += step.removed;
      if (step.isDone) break;
    }
    return removed;
  }
}

function toWrite(record: ItemRecord): PutWrite {
  return {
    kind: "put",
    namespace: record.namespace,
    key: record.key,
    created: record.created,
    version: record.version,
    writeId: record.writeId,
    hasValue: record.value !== null,
    expiresAt: record.expiresAt,
    unscored: record.value !== null && record.vectorCount === 0,
    // A copy of its own: a small Buffer is a view of a pool, all of which would be cloned with it.
    cell: new Uint8Array(encodeRecord(record)),
  };
}

/** The record of a row; null when it was written by a newer version, or by something else. */
function decoded(row: RecordRow): ItemRecord | null {
  try {
    return decodeRecord({ namespace: row.namespace, key: row.key }, row.cell);
  } catch (error) {
    if (isStoreError(error) && error.code === "SCHEMA") return null;
    throw error;
  }
}

function throwFirst(outcomes: readonly PromiseSettledResult<void>[]): void {
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** Whether a filter is sent to the thread, where each call copies and compiles it again. */
function isSmall(filter: Filter | null): boolean {
  return charactersOf(filter) <= MAX_SENT_CHARACTERS && testsIn(filter) <= MAX_SENT_TESTS;
}

function toLive(id: ItemId, cell: Uint8Array): LiveRecord {
  const record = decodeRecord(id, cell);
  if (record.value === null) throw new TypeError("a listing returned the marker of a delete");
  return { ...record, value: record.value };
}
