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

/** What the repository works with. */
export interface CqlItemRepositoryParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  readonly buckets: BucketRules;
  readonly registry: NamespaceRegistry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Requests of one call that are under way at once. */
const READS_AT_ONCE = 16;
const WRITES_AT_ONCE = 64;

/**
 * A longer record is written apart from its entry: servers refuse batches above a size, in a usual configuration of
 * Cassandra 50 KiB.
 */
const LARGEST_BATCHED_RECORD = 40_000;

/** Whether the write made the item; its entry is then a row of its own. */
function isNew({ created, version }: ItemRecord): boolean {
  return created === version;
}

/** Whether the item, or the marker of its delete, ends by itself. */
function hasEnd({ value, expiresAt }: ItemRecord): boolean {
  return value === null || expiresAt !== null;
}

/** Whether the item was read since it was written, and its end moved. */
function isRenewed({ version, ttlMs, expiresAt }: ItemRecord): boolean {
  return ttlMs !== null && expiresAt !== null && expiresAt > Math.ceil(version / 1000) + ttlMs;
}

/** Keeps records in the tables `items`, `items_by_creation` and `namespaces` of one keyspace. */
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
      // What was begun is brought to its end.
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
    // An entry that tells an earlier end than the record's would hide it.
    return records.map((record, i) => registered.has(record.namespace) && (ends[i] ?? -1) >= endOf(record));
  }

  async clearUnscored(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    await this.#parts.registry.clearUnscored(paths, asOf, deadline);
  }

  /** A namespace that left a graveyard stays: only by its name can a scan read what may lie among the tombstones. */
  async unregister(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    const areTombstoneHeavy = await mapBounded(paths, READS_AT_ONCE, (path) => this.#isTombstoneHeavy(path, deadline));
    await this.#parts.registry.unregister(paths.filter((_, i) => !areTombstoneHeavy[i]), asOf, deadline);
  }

  /** There is nothing to remove: every record was written with a time to live that ends when it may go. */
  async sweep(): Promise<number> {
    return 0;
  }

  async #write(record: ItemRecord): Promise<void> {
    const { session, registry } = this.#parts;
    // The namespace first: a process that dies now leaves a namespace without the item, never an item that no listing
    // can find. A marker of a delete is not looked for.
    if (record.value !== null) await registry.register(record.namespace, record.vectors === 0, record.version);
    const cell = encodeRecord(record);
    const [entry, item] = this.#writesOf(record, cell);
    if (cell.byteLength <= LARGEST_BATCHED_RECORD && (isNew(record) || !hasEnd(record))) {
      await session.write(this.#together(record, entry, item));
    } else if (isNew(record) || isRenewed(record)) {
      // The entry first. That of a new item counts for nothing without its record, while the record of one that is made
      // twice at once hides the other's: neither would be listed until its own entry is there. And a renewed item would be
      // passed over at its former end, for good if this process dies now, as nobody sees to a renewal.
      await session.write(entry);
      await session.write(item);
    } else {
      // The record first: of an entry alone, by a write that did not come to be, the end would hide the record that
      // stands, which cannot outrank it. ScyllaDB may apply one half of a batch.
      await session.write(item);
      await session.write(entry);
    }
    // Once more, now that the item is there: where all that took longer than the lease had left, the namespace may have
    // been found empty and taken off the registry.
    if (record.value !== null) await registry.register(record.namespace, record.vectors === 0, record.version);
  }

  /** Whether reading the records of a namespace from the start is given up. */
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

  /** The end of a record by its entry, milliseconds; -1 where it has none. */
  async #listedEnd({ namespace, key, created }: ItemRecord, deadline: Deadline | undefined): Promise<number> {
    const { session, statements, buckets } = this.#parts;
    const place = [namespace, buckets.bucketOf(namespace, key), bigint(created), key];
    const [row] = await session.rows(statements.readEntry, place, "read", deadline);
    return row === undefined ? -1 : (endIn(row) ?? Infinity);
  }

  /** Both writes as one request, and as one statement: a batch that the driver puts together takes a seventh more. */
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
