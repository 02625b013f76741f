import type { Deadline } from "../../concurrency/deadline.ts";
import { GroupCommit } from "../../concurrency/group-commit.ts";
import { isStoreError } from "../../model/errors.ts";
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
import type { DatabaseCalls, MarkWrite, PutWrite, RecordRow, UnregisterWrite } from "./requests.ts";
import type { WriteGroup } from "./write-group.ts";

/** Where the repository's calls go. */
export interface LibsqlItemRepositoryOptions {
  /** Runs listings. */
  readonly database: DatabaseCalls;
  /** Runs reads by id; may be another thread, so that they do not wait behind searches and writes. */
  readonly reads: DatabaseCalls;
  readonly writes: WriteGroup;
  /** Current time in milliseconds since the epoch. */
  readonly now: () => number;
  /** Most reads by id that may wait. */
  readonly maxWaiting: number;
}

/** Ids of one call that wait to be read. */
const MOST_IDS_AT_ONCE = 500;

/** Records in a local file. */
export class LibsqlItemRepository implements ItemRepository {
  readonly #options: LibsqlItemRepositoryOptions;
  readonly #gets: GroupCommit<ItemId, Uint8Array | null>;

  constructor(options: LibsqlItemRepositoryOptions) {
    this.#options = options;
    const send = async (ids: readonly ItemId[], deadline?: Deadline): Promise<PromiseSettledResult<Uint8Array | null>[]> => {
      if (ids.length > 1) return readOnce(ids, options.reads, deadline);
      return (await options.reads.call("get", ids, deadline)).map((value) => ({ status: "fulfilled", value }));
    };
    this.#gets = new GroupCommit(send, {
      waitFor: "the database file",
      maxGroup: 200,
      maxInFlight: 1,
      maxWaiting: options.maxWaiting,
      option: "bulkhead.maxQueued",
    });
  }

  /** Changes how many reads by id may wait. */
  set maxWaiting(reads: number) {
    this.#gets.maxWaiting = reads;
  }

  async get(ids: readonly ItemId[], deadline?: Deadline): Promise<(ItemRecord | null)[]> {
    const records: (ItemRecord | null)[] = [];
    // One part after the other: a reader of thousands leaves room for the others that wait, and decodes a part at a time.
    for (let start = 0; start < ids.length; start += MOST_IDS_AT_ONCE) {
      const part = ids.slice(start, start + MOST_IDS_AT_ONCE);
      const outcomes = await this.#gets.add(part.map(({ namespace, key }) => ({ namespace, key })), deadline);
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.status === "rejected") throw outcome.reason;
        records.push(outcome.value === null ? null : decodeRecord(part[i] as ItemId, outcome.value));
      }
    }
    return records;
  }

  put(records: readonly ItemRecord[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]> {
    return this.#options.writes.each(records, toWrite, deadline);
  }

  async list(query: ListQuery, deadline?: Deadline): Promise<ListPage> {
    const { rows, next } = await this.#options.database.call("list", { ...query, now: this.#options.now() }, deadline);
    return { records: rows.map(({ key, cell }) => toLive({ namespace: query.namespace, key }, cell)), next };
  }

  async peek(paths: readonly string[], deadline?: Deadline): Promise<(ItemRecord | null)[]> {
    const rows = await this.#options.database.call("peek", { paths, now: this.#options.now() }, deadline);
    return rows.map((row, i) => (row === null ? null : decoded({ ...row, namespace: paths[i] as string })));
  }

  async markUnscored(paths: readonly string[], deadline?: Deadline): Promise<void> {
    const outcomes = await this.#options.writes.each(paths, (namespace): MarkWrite => ({ kind: "mark", namespace }), deadline);
    throwFirst(outcomes);
  }

  namespacesAfter(query: NamespaceQuery, deadline?: Deadline): Promise<NamespacePage> {
    return this.#options.database.call("namespacesAfter", query, deadline);
  }

  async scan(after: string | null, limit: number, deadline?: Deadline): Promise<RecordScan> {
    const part = await this.#options.database.call("scan", { after, limit: Math.max(limit, 1) }, deadline);
    const found = part.found.flatMap((row) => decoded(row) ?? []);
    return { ...part, found, unreadable: part.found.length - found.length };
  }

  async listed(records: readonly ItemRecord[], deadline?: Deadline): Promise<boolean[]> {
    const places = records.map(({ namespace, key, created, value }) => ({ namespace, key, created, hasValue: value !== null }));
    return [...(await this.#options.database.call("listed", places, deadline))];
  }

  /**
   * Needs no time of when a flag was set: items and points are in one file, so that one transaction sees for itself
   * whether every item has its vectors.
   */
  async clearUnscored(paths: readonly string[], _asOf: number, deadline?: Deadline): Promise<void> {
    const now = this.#options.now();
    // One after another: each looks at all items of a namespace, and others shall have their turn in between.
    for (const namespace of paths) await this.#options.writes.one({ kind: "clear-mark", namespace, now }, deadline);
  }

  /** Needs no time either: a namespace is forgotten only where the same transaction sees that nothing is in it. */
  async unregister(paths: readonly string[], _asOf: number, deadline?: Deadline): Promise<void> {
    const toUnregister = (namespace: string): UnregisterWrite => ({ kind: "unregister", namespace });
    throwFirst(await this.#options.writes.each(paths, toUnregister, deadline));
  }

  /** Counts points that never had a record too: they go the same way. */
  async sweep(limit: number, deadline?: Deadline): Promise<number> {
    const before = this.#options.now() - CLOCK_TOLERANCE_MS;
    let removed = 0;
    while (removed < limit) {
      const step = await this.#options.database.call("sweep", { before, limit: limit - removed }, deadline);
      removed += step.removed;
      if (step.isDone) break;
    }
    return removed;
  }

  /** Takes no more reads by id, and resolves when all that wait are done. */
  stop(): Promise<void> {
    return this.#gets.stop();
  }
}

/** Reads each distinct id once: callers of one moment often ask for the same. */
async function readOnce(
  ids: readonly ItemId[],
  reads: DatabaseCalls,
  deadline: Deadline | undefined,
): Promise<PromiseSettledResult<Uint8Array | null>[]> {
  const distinct = new Map(ids.map((id) => [idText(id), id]));
  const cells = new Map<string, Uint8Array | null>();
  // The database answers for the first ids only, where their records are big.
  for (let left = [...distinct]; left.length > 0; ) {
    const part = await reads.call("get", left.map(([, id]) => id), deadline);
    part.forEach((cell, i) => cells.set((left[i] as [string, ItemId])[0], cell));
    left = left.slice(part.length);
  }
  return ids.map((id) => ({ status: "fulfilled", value: cells.get(idText(id)) ?? null }));
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
    unscored: record.value !== null && record.vectors === 0,
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

function toLive(id: ItemId, cell: Uint8Array): LiveRecord {
  const record = decodeRecord(id, cell);
  if (record.value === null) throw new TypeError("a listing returned the marker of a delete");
  return { ...record, value: record.value };
}
