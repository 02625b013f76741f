/** The records in CQL. */
import type { ItemId, ItemRecord } from "../../model/item.ts";
import { decodeRecord, encodeRecord } from "../../model/record-codec.ts";
import type { ItemRepository, ListPage, ListQuery, NamespaceEntry } from "../../ports/item-repository.ts";
import type { BucketRules } from "./bucket-rules.ts";
import { mapBounded, settleBounded } from "../../concurrency/bounded.ts";
import { listPage } from "./listing.ts";
import type { NamespaceRegistry } from "./namespace-registry.ts";
import { bigint, type CqlSession, type Row, type Statement } from "./session.ts";
import type { Statements } from "./statements.ts";
import { timeToLive } from "./time-to-live.ts";

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

/** Most keys in an IN: ScyllaDB refuses more than 100, and every key costs its coordinator a read of its own. */
const KEYS_PER_READ = 50;

/**
 * A longer record is written apart from its entry: servers refuse batches above a size, in a usual configuration of
 * Cassandra 50 KiB.
 */
const LARGEST_BATCHED_RECORD = 40_000;

/** Some keys of one partition. */
interface PartitionKeys {
  readonly namespace: string;
  readonly bucket: number;
  readonly keys: readonly string[];
}

/** Keeps records in the tables `items`, `items_by_creation` and `namespaces` of one keyspace. */
export class CqlItemRepository implements ItemRepository {
  readonly #parts: CqlItemRepositoryParts;

  constructor(parts: CqlItemRepositoryParts) {
    this.#parts = parts;
  }

  async get(ids: readonly ItemId[]): Promise<(ItemRecord | null)[]> {
    const reads = this.#group(ids).flatMap(({ namespace, bucket, keys }) =>
      inChunks(keys, KEYS_PER_READ).map((chunk) => ({ namespace, bucket, keys: chunk })),
    );
    const found = new Map<string, Map<string, ItemRecord>>();
    for (const records of await mapBounded(reads, READS_AT_ONCE, (read) => this.#read(read))) {
      for (const record of records) inner(found, record.namespace).set(record.key, record);
    }
    return ids.map(({ namespace, key }) => found.get(namespace)?.get(key) ?? null);
  }

  put(records: readonly ItemRecord[]): Promise<PromiseSettledResult<void>[]> {
    return settleBounded(records, WRITES_AT_ONCE, (record) => this.#write(record));
  }

  list(query: ListQuery): Promise<ListPage> {
    return listPage(query, {
      session: this.#parts.session,
      statements: this.#parts.statements,
      buckets: this.#parts.buckets.count(query.namespace),
      get: (ids) => this.get(ids),
      now: this.#parts.now,
    });
  }

  async markUnscored(paths: readonly string[]): Promise<void> {
    const { registry, now } = this.#parts;
    await mapBounded([...new Set(paths)], WRITES_AT_ONCE, (path) => registry.register(path, true, now() * 1000));
  }

  namespaces(prefix: string): Promise<NamespaceEntry[]> {
    return this.#parts.registry.entries(prefix);
  }

  #group(ids: readonly ItemId[]): PartitionKeys[] {
    const keysOf = new Map<string, Map<number, Set<string>>>();
    for (const { namespace, key } of ids) {
      const buckets = inner(keysOf, namespace);
      const bucket = this.#parts.buckets.bucketOf(namespace, key);
      const keys = buckets.get(bucket) ?? new Set();
      buckets.set(bucket, keys.add(key));
    }
    return [...keysOf].flatMap(([namespace, buckets]) =>
      [...buckets].map(([bucket, keys]) => ({ namespace, bucket, keys: [...keys] })),
    );
  }

  async #read({ namespace, bucket, keys }: PartitionKeys): Promise<ItemRecord[]> {
    const { session, statements } = this.#parts;
    const [only, ...others] = keys;
    const rows =
      only !== undefined && others.length === 0
        ? await session.rows(statements.readItem, [namespace, bucket, only], "read")
        : await session.rows(statements.readItems, [namespace, bucket, keys], "read");
    return rows.flatMap((row) => toRecord(namespace, row));
  }

  async #write(record: ItemRecord): Promise<void> {
    const { session, registry } = this.#parts;
    // The namespace first: a process that dies now leaves a namespace without the item, never an item that no listing
    // can find. A marker of a delete is not looked for.
    if (record.value !== null) await registry.register(record.namespace, record.vectors === 0, record.version);
    const cell = encodeRecord(record);
    const [entry, item] = this.#writesOf(record, cell);
    if (cell.byteLength <= LARGEST_BATCHED_RECORD) {
      await session.writeTogether([entry, item]);
    } else {
      await session.write(entry);
      await session.write(item);
    }
  }

  #writesOf(record: ItemRecord, cell: Buffer): [entry: Statement, item: Statement] {
    const { statements, buckets, now } = this.#parts;
    const { namespace, key, created, version } = record;
    const bucket = buckets.bucketOf(namespace, key);
    const using = [bigint(version), timeToLive(record, now())];
    return [
      { query: statements.writeEntry, params: [namespace, bucket, bigint(created), key, ...using] },
      { query: statements.writeItem, params: [namespace, bucket, key, cell, ...using] },
    ];
  }
}

/** A row whose cell is gone but whose marker is not yet, as a time to live runs out, holds nothing. */
function toRecord(namespace: string, row: Row): ItemRecord[] {
  const cell = row["record"];
  return cell instanceof Uint8Array ? [decodeRecord({ namespace, key: row["key"] as string }, cell)] : [];
}

function inChunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

function inner<K, V>(map: Map<string, Map<K, V>>, name: string): Map<K, V> {
  const existing = map.get(name);
  if (existing !== undefined) return existing;
  const made = new Map<K, V>();
  map.set(name, made);
  return made;
}
