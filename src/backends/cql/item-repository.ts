/** The records in CQL. */
import type { Deadline } from "../../concurrency/deadline.ts";
import type { ItemId, ItemRecord } from "../../model/item.ts";
import { encodeHead, encodeRecord } from "../../model/record-codec.ts";
import type {
  ItemRepository,
  ListPage,
  ListQuery,
  NamespacePage,
  NamespaceQuery,
  RecordScan,
} from "../../ports/item-repository.ts";
import type { Buckets } from "./bucket-rules.ts";
import { mapBounded, settleBounded } from "../../concurrency/bounded.ts";
import { isReadAborted } from "./errors.ts";
import { type LayoutLease, type Layouts, writtenBuckets } from "./layouts.ts";
import { expiryIn, listPage } from "./listing.ts";
import type { NamespaceRegistry } from "./namespace-registry.ts";
import { RecordScanner } from "./record-scan.ts";
import { RecordsById } from "./records-by-id.ts";
import { SmallNamespaces } from "./small-namespaces.ts";
import type { CqlSession } from "./session.ts";
import type { Statements } from "./statements.ts";
import { fitsBatch, recordBatch, recordWrites } from "./record-writes.ts";
import { entryExpiryOf, timeToLive } from "./time-to-live.ts";
import { WindowPlans } from "./window-plan.ts";
import { bigint } from "./values.ts";

/** Dependencies of the repository. */
export interface CqlItemRepositoryParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  readonly layouts: LayoutLease;
  readonly registry: NamespaceRegistry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Concurrent requests of one call. */
const READS_AT_ONCE = 16;
const WRITES_AT_ONCE = 64;

/** Whether the write created the item; its entry is then a new row. */
function isNew({ created, version }: ItemRecord): boolean {
  return created === version;
}

/** Whether the record has an expiry; markers of deletes do, too. */
function expires({ value, expiresAt }: ItemRecord): boolean {
  return value === null || expiresAt !== null;
}

/** Whether the expiry was refreshed by a read. */
function isRenewed({ version, ttlMs, expiresAt }: ItemRecord): boolean {
  return ttlMs !== null && expiresAt !== null && expiresAt > Math.ceil(version / 1000) + ttlMs;
}

/** Stores records in the tables `items`, `items_by_creation` and `namespaces` of one keyspace. */
export class CqlItemRepository implements ItemRepository {
  readonly #parts: CqlItemRepositoryParts;
  readonly #byId: RecordsById;
  readonly #scanner: RecordScanner;
  readonly #plans = new WindowPlans();
  readonly #small: SmallNamespaces;

  constructor(parts: CqlItemRepositoryParts) {
    this.#parts = parts;
    this.#byId = new RecordsById(parts);
    this.#scanner = new RecordScanner(parts);
    this.#small = new SmallNamespaces(parts);
  }

  get(ids: readonly ItemId[], deadline?: Deadline): Promise<(ItemRecord | null)[]> {
    return this.#byId.get(ids, deadline);
  }

  put(records: readonly ItemRecord[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]> {
    return settleBounded(records, WRITES_AT_ONCE, async (record) => {
      // A write that has started is completed, so that record and entry match.
      deadline?.throwIfOver("Writing a record", "It was not written.");
      await this.#write(record);
    });
  }

  list(query: ListQuery, deadline?: Deadline): Promise<ListPage> {
    return this.#parts.layouts.reading(deadline, async ({ active }) => {
      const buckets = active.of(query.namespace);
      const page = buckets.count === 1 ? await this.#small.page(query, buckets.base, deadline) : null;
      return page ?? this.#listEntries(query, buckets, deadline);
    });
  }

  #listEntries(query: ListQuery, buckets: Buckets, deadline: Deadline | undefined): Promise<ListPage> {
    return listPage(query, {
      session: this.#parts.session,
      statements: this.#parts.statements,
      buckets,
      plans: this.#plans,
      largestBytes: this.#small.largestIn(query.namespace),
      get: (ids) => this.#byId.get(ids, deadline),
      now: this.#parts.now,
      deadline,
    });
  }

  peek(paths: readonly string[], deadline?: Deadline): Promise<(ItemRecord | null)[]> {
    return this.#byId.peek(paths, deadline);
  }

  async markUnscored(paths: readonly string[], deadline?: Deadline): Promise<void> {
    const { registry, now } = this.#parts;
    await mapBounded([...new Set(paths)], WRITES_AT_ONCE, async (path) => {
      deadline?.throwIfOver("Flagging namespaces");
      await registry.register(path, true, now() * 1000);
    });
  }

  namespacesAfter(query: NamespaceQuery, deadline?: Deadline): Promise<NamespacePage> {
    return this.#parts.registry.page(query, deadline);
  }

  scan(after: string | null, limit: number, deadline?: Deadline): Promise<RecordScan> {
    return this.#scanner.scan(after, Math.max(limit, 1), deadline);
  }

  async listed(records: readonly ItemRecord[], deadline?: Deadline): Promise<boolean[]> {
    const { registry, layouts } = this.#parts;
    const [registered, expiries] = await Promise.all([
      registry.registered(records.map(({ namespace }) => namespace), deadline),
      layouts.reading(deadline, (used) => mapBounded(records, READS_AT_ONCE, (record) => this.#listedExpiry(record, used, deadline))),
    ]);
    // An entry with an earlier expiry than the record would hide it.
    return records.map((record, i) => registered.has(record.namespace) && (expiries[i] ?? -1) >= entryExpiryOf(record));
  }

  async clearUnscored(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    await this.#parts.registry.clearUnscored(paths, asOf, deadline);
  }

  /** Keeps tombstone-heavy namespaces registered: a scan needs their names to read records among the tombstones. */
  async unregister(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    const { layouts } = this.#parts;
    const areTombstoneHeavy = await layouts.reading(deadline, (used) => mapBounded(paths, READS_AT_ONCE, (path) => this.#isTombstoneHeavy(path, used, deadline)));
    await this.#parts.registry.unregister(paths.filter((_, i) => !areTombstoneHeavy[i]), asOf, deadline);
  }

  /** Does nothing: every record has a native TTL. */
  async sweep(): Promise<number> {
    return 0;
  }

  async #write(record: ItemRecord): Promise<void> {
    const { registry, layouts } = this.#parts;
    // The namespace first: a crash then leaves a registered namespace without the item, never an item that no listing finds.
    // Markers of deletes need no registration.
    if (record.value !== null) await registry.register(record.namespace, record.vectorCount === 0, record.version);
    const cell = encodeRecord(record);
    const used = layouts.fresh ?? (await layouts.current());
    if (used.also === null) await this.#writeInto(used.active.bucketOf(record.namespace, record.key), record, cell);
    else for (const bucket of writtenBuckets(used, record.namespace, record.key)) await this.#writeInto(bucket, record, cell);
    // Not acknowledged before it is in each partition that a process may read from now on.
    if ((layouts.fresh ?? (await layouts.current())) !== used) await this.#writeMissing(used, record, cell);
    // Registers again after the write: if the registration cache expired meanwhile, the namespace may have been found empty
    // and unregistered.
    if (record.value !== null) await registry.register(record.namespace, record.vectorCount === 0, record.version);
  }

  /** Writes a record to the partitions of layouts that have begun since it was written. */
  async #writeMissing(before: Layouts, record: ItemRecord, cell: Buffer): Promise<void> {
    const { layouts } = this.#parts;
    const written = new Set(writtenBuckets(before, record.namespace, record.key));
    for (let used: Layouts | null = null; ; ) {
      const now = layouts.fresh ?? (await layouts.current());
      if (now === used) return;
      used = now;
      for (const bucket of writtenBuckets(now, record.namespace, record.key)) {
        if (!written.has(bucket)) await this.#writeInto(bucket, record, cell);
        written.add(bucket);
      }
    }
  }

  async #writeInto(bucket: number, record: ItemRecord, cell: Buffer): Promise<void> {
    const { session, statements, now } = this.#parts;
    const cells = { cell, head: encodeHead(record), timestamp: record.version, ttl: timeToLive(record, now()) };
    const writes = recordWrites(statements, bucket, record, cells);
    const { entry, item } = writes;
    if (fitsBatch(cell) && (isNew(record) || !expires(record))) {
      await session.write(recordBatch(statements, bucket, record.namespace, writes));
    } else if (isNew(record) || isRenewed(record)) {
      // The entry first. The entry of a new item is ignored without its record, but a record without its entry is not listed,
      // and of two concurrent creations one record replaces the other. A renewed item without a new entry would be skipped
      // after its former expiry, permanently after a crash, because no intent covers a renewal.
      await session.write(entry);
      await session.write(item);
    } else {
      // The record first: an entry without its record would hide the stored record by its expiry, and that record cannot
      // outrank it. Not a batch, because ScyllaDB may apply one half of it.
      await session.write(item);
      await session.write(entry);
    }
  }

  /** Whether the server aborts a read of the first records of a namespace. */
  async #isTombstoneHeavy(namespace: string, { active }: Layouts, deadline: Deadline | undefined): Promise<boolean> {
    const { session, statements } = this.#parts;
    const { base, count } = active.of(namespace);
    try {
      for (let bucket = base; bucket < base + count; bucket += 1) {
        await session.rows(statements.itemsFrom, [namespace, bucket, "", 1], "scan", deadline);
      }
      return false;
    } catch (error) {
      if (isReadAborted(error)) return true;
      throw error;
    }
  }

  /** The expiry of a record by its entry, milliseconds; -1 without an entry. */
  async #listedExpiry({ namespace, key, created }: ItemRecord, { active }: Layouts, deadline: Deadline | undefined): Promise<number> {
    const { session, statements } = this.#parts;
    const place = [namespace, active.bucketOf(namespace, key), bigint(created), key];
    const [row] = await session.rows(statements.readEntry, place, "read", deadline);
    return row === undefined ? -1 : (expiryIn(row) ?? Infinity);
  }
}
