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
import type { BucketRules } from "./bucket-rules.ts";
import { mapBounded, settleBounded } from "../../concurrency/bounded.ts";
import { isReadAborted } from "./errors.ts";
import { endIn, listPage } from "./listing.ts";
import type { NamespaceRegistry } from "./namespace-registry.ts";
import { RecordScanner } from "./record-scan.ts";
import { RecordsById } from "./records-by-id.ts";
import { SmallNamespaces } from "./small-namespaces.ts";
import type { CqlSession, Statement } from "./session.ts";
import type { Statements } from "./statements.ts";
import { endOf, timeToLive } from "./time-to-live.ts";
import { WindowPlans } from "./window-plan.ts";
import { bigint, int, partitionKey } from "./values.ts";

/** Dependencies of the repository. */
export interface CqlItemRepositoryParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  readonly buckets: BucketRules;
  readonly registry: NamespaceRegistry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Concurrent requests of one call. */
const READS_AT_ONCE = 16;
const WRITES_AT_ONCE = 64;

/**
 * Largest record that is batched with its entry: servers reject larger batches, Cassandra by default above 50 KiB.
 */
const LARGEST_BATCHED_RECORD = 40_000;

/** Whether the write created the item; its entry is then a new row. */
function isNew({ created, version }: ItemRecord): boolean {
  return created === version;
}

/** Whether the record expires: markers of deletes and items with an expiry do. */
function hasEnd({ value, expiresAt }: ItemRecord): boolean {
  return value === null || expiresAt !== null;
}

/** Whether a read has refreshed the expiry of the item. */
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

  async list(query: ListQuery, deadline?: Deadline): Promise<ListPage> {
    const buckets = this.#parts.buckets.count(query.namespace);
    const page = buckets === 1 ? await this.#small.page(query, deadline) : null;
    return page ?? this.#listEntries(query, buckets, deadline);
  }

  #listEntries(query: ListQuery, buckets: number, deadline: Deadline | undefined): Promise<ListPage> {
    return listPage(query, {
      session: this.#parts.session,
      statements: this.#parts.statements,
      buckets,
      plans: this.#plans,
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
    const [registered, ends] = await Promise.all([
      this.#parts.registry.registered(records.map(({ namespace }) => namespace), deadline),
      mapBounded(records, READS_AT_ONCE, (record) => this.#listedEnd(record, deadline)),
    ]);
    // An entry with an earlier expiry than the record would hide it.
    return records.map((record, i) => registered.has(record.namespace) && (ends[i] ?? -1) >= endOf(record));
  }

  async clearUnscored(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    await this.#parts.registry.clearUnscored(paths, asOf, deadline);
  }

  /** Keeps tombstone-heavy namespaces registered: a scan needs their names to read records among the tombstones. */
  async unregister(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    const areTombstoneHeavy = await mapBounded(paths, READS_AT_ONCE, (path) => this.#isTombstoneHeavy(path, deadline));
    await this.#parts.registry.unregister(paths.filter((_, i) => !areTombstoneHeavy[i]), asOf, deadline);
  }

  /** Does nothing: every record has a native TTL. */
  async sweep(): Promise<number> {
    return 0;
  }

  async #write(record: ItemRecord): Promise<void> {
    const { session, registry } = this.#parts;
    // The namespace first: a crash then leaves a registered namespace without the item, never an item that no listing finds.
    // Markers of deletes need no registration.
    if (record.value !== null) await registry.register(record.namespace, record.vectors === 0, record.version);
    const cell = encodeRecord(record);
    const [entry, item] = this.#writesOf(record, cell);
    if (cell.byteLength <= LARGEST_BATCHED_RECORD && (isNew(record) || !hasEnd(record))) {
      await session.write(this.#together(record, entry, item));
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
    // Registers again after the write: if the registration cache expired meanwhile, the namespace may have been found empty
    // and unregistered.
    if (record.value !== null) await registry.register(record.namespace, record.vectors === 0, record.version);
  }

  /** Whether the server aborts a read of the first records of a namespace. */
  async #isTombstoneHeavy(namespace: string, deadline: Deadline | undefined): Promise<boolean> {
    const { session, statements, buckets } = this.#parts;
    try {
      for (let bucket = 0; bucket < buckets.count(namespace); bucket += 1) {
        await session.rows(statements.itemsFrom, [namespace, bucket, "", 1], "scan", deadline);
      }
      return false;
    } catch (error) {
      if (isReadAborted(error)) return true;
      throw error;
    }
  }

  /** The expiry of a record by its entry, milliseconds; -1 without an entry. */
  async #listedEnd({ namespace, key, created }: ItemRecord, deadline: Deadline | undefined): Promise<number> {
    const { session, statements, buckets } = this.#parts;
    const place = [namespace, buckets.bucketOf(namespace, key), bigint(created), key];
    const [row] = await session.rows(statements.readEntry, place, "read", deadline);
    return row === undefined ? -1 : (endIn(row) ?? Infinity);
  }

  /** Both writes as one prepared statement, which is a seventh cheaper than a batch of the driver. */
  #together({ namespace, key }: ItemRecord, entry: Statement, item: Statement): Statement {
    const { statements, buckets } = this.#parts;
    const partition = partitionKey(Buffer.from(namespace), int(buckets.bucketOf(namespace, key)));
    return { query: statements.writeItemWithEntry, params: [...entry.params, ...item.params], partition };
  }

  #writesOf(record: ItemRecord, cell: Buffer): [entry: Statement, item: Statement] {
    const { statements, buckets, now } = this.#parts;
    const { namespace, key, created, version } = record;
    const bucket = buckets.bucketOf(namespace, key);
    const using = [bigint(version), timeToLive(record, now())];
    return [
      {
        query: statements.writeEntry,
        params: [namespace, bucket, bigint(created), key, bigint(endOf(record)), ...using],
      },
      { query: statements.writeItem, params: [namespace, bucket, key, cell, encodeHead(record), ...using] },
    ];
  }
}
