/** Reads records by id. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { mapBounded } from "../../concurrency/bounded.ts";
import { CodecError } from "../../model/errors.ts";
import type { ItemId, ItemRecord } from "../../model/item.ts";
import { decodeRecord } from "../../model/record-codec.ts";
import { isReadAborted } from "./errors.ts";
import { inChunks, KEYS_PER_READ } from "./key-chunks.ts";
import type { LayoutLease, Layouts } from "./layouts.ts";
import type { CqlSession, Row } from "./session.ts";
import type { Statements } from "./statements.ts";
import { numberIn } from "./values.ts";
import { isBytes } from "../../model/realms.ts";

/** Dependencies of the reads. */
export interface RecordsByIdParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  readonly layouts: LayoutLease;
}

/** Concurrent requests of one call. */
const READS_AT_ONCE = 16;

/** Most partitions of one request. */
const PARTITIONS_PER_READ = 50;

/** Some keys of one partition. */
interface PartitionKeys {
  readonly namespace: string;
  readonly bucket: number;
  readonly keys: readonly string[];
}

/** Reads records by id; ids of one partition share a request. */
export class RecordsById {
  readonly #parts: RecordsByIdParts;

  constructor(parts: RecordsByIdParts) {
    this.#parts = parts;
  }

  /** See `ItemRepository.get`. */
  get(ids: readonly ItemId[], deadline?: Deadline): Promise<(ItemRecord | null)[]> {
    const [only] = ids;
    if (only !== undefined && ids.length === 1) return this.#getOne(only, deadline);
    return this.#parts.layouts.reading(deadline, (layouts) => this.#getMany(ids, layouts, deadline));
  }

  /** Without the closure of `reading`, because every get passes here. */
  async #getOne(id: ItemId, deadline: Deadline | undefined): Promise<(ItemRecord | null)[]> {
    const { session, statements, layouts } = this.#parts;
    const { namespace, key } = id;
    const used = layouts.fresh ?? (await layouts.current(deadline));
    const params = [namespace, used.active.bucketOf(namespace, key), key];
    const [row] = await session.rows(statements.readItem, params, "read", deadline);
    if ((layouts.fresh ?? (await layouts.current(deadline))) !== used) return this.#getOne(id, deadline);
    return [row === undefined ? null : toRecord(namespace, row)];
  }

  async #getMany(ids: readonly ItemId[], layouts: Layouts, deadline: Deadline | undefined): Promise<(ItemRecord | null)[]> {
    const reads = this.#group(ids, layouts).flatMap(({ namespace, bucket, keys }) =>
      inChunks(keys, KEYS_PER_READ).map((chunk) => ({ namespace, bucket, keys: chunk })),
    );
    const found = new Map<string, Map<string, ItemRecord>>();
    for (const records of await mapBounded(reads, READS_AT_ONCE, (read) => this.#read(read, deadline))) {
      for (const record of records) inner(found, record.namespace).set(record.key, record);
    }
    return ids.map(({ namespace, key }) => found.get(namespace)?.get(key) ?? null);
  }

  /** See `ItemRepository.peek`. Reads the first record of the first partition of each namespace. */
  peek(paths: readonly string[], deadline?: Deadline): Promise<(ItemRecord | null)[]> {
    return this.#parts.layouts.reading(deadline, async ({ active }) => {
      const found = new Map<string, ItemRecord>();
      const reads = [...Map.groupBy(paths, (path) => active.of(path).base)].flatMap(([bucket, group]) =>
        inChunks(group, PARTITIONS_PER_READ).map((chunk) => ({ bucket, chunk })),
      );
      const chunks = await mapBounded(reads, READS_AT_ONCE, ({ bucket, chunk }) => this.#peek(chunk, bucket, deadline));
      for (const record of chunks.flat()) found.set(record.namespace, record);
      return paths.map((path) => found.get(path) ?? null);
    });
  }

  async #peek(paths: readonly string[], bucket: number, deadline: Deadline | undefined): Promise<ItemRecord[]> {
    const { session, statements } = this.#parts;
    try {
      const rows = await session.rows(statements.firstHeads, [paths, bucket], "read", deadline);
      return rows.flatMap((row) => headIn(row) ?? []);
    } catch (error) {
      // One of them begins with many tombstones: callers then read the entries of each.
      if (isReadAborted(error)) return [];
      throw error;
    }
  }

  #group(ids: readonly ItemId[], { active }: Layouts): PartitionKeys[] {
    const keysOf = new Map<string, Map<number, Set<string>>>();
    const bucketsOf = new Map<string, Map<string, number>>();
    for (const { namespace, key } of ids) {
      // Computes the hash of a repeated key only once; a namespace with a single bucket needs none.
      const known = active.of(namespace).count === 1 ? null : inner(bucketsOf, namespace);
      if (known?.has(key)) continue;
      const buckets = inner(keysOf, namespace);
      const bucket = active.bucketOf(namespace, key);
      known?.set(key, bucket);
      const keys = buckets.get(bucket) ?? new Set();
      buckets.set(bucket, keys.add(key));
    }
    return [...keysOf].flatMap(([namespace, buckets]) =>
      [...buckets].map(([bucket, keys]) => ({ namespace, bucket, keys: [...keys] })),
    );
  }

  async #read({ namespace, bucket, keys }: PartitionKeys, deadline: Deadline | undefined): Promise<ItemRecord[]> {
    const { session, statements } = this.#parts;
    const rows = await session.rows(statements.readItems, [namespace, bucket, keys], "read", deadline);
    return rows.flatMap((row) => toRecord(namespace, row) ?? []);
  }
}

/** The record of a row, without its value; null where the cell is gone, or another program wrote the row. */
function headIn(row: Row): ItemRecord | null {
  const head = row["head"];
  return isBytes(head) ? decodeRecord({ namespace: row["namespace"] as string, key: row["key"] as string }, head) : null;
}

/**
 * The record of a row; null where its cell has expired but the marker of the row has not. Where rows come
 * with the timestamp of their cell, it must equal the version: an older record that was copied over a newer one, which
 * takes a later timestamp, is returned with a value that fails to decode.
 */
export function toRecord(namespace: string, row: Row): ItemRecord | null {
  const cell = row["record"];
  if (!isBytes(cell)) return null;
  const record = decodeRecord({ namespace, key: row["key"] as string }, cell);
  if (row["written"] === undefined || record.value === null || numberIn(row, "written") === record.version) return record;
  return { ...record, value: { ...record.value, fault: copied() } };
}

function copied(): CodecError {
  return new CodecError(
    "The timestamp of a record in the database is not its version: something else than this store wrote it, for example by " +
      "copying an older record over a newer one. Write the item again, or delete it.",
  );
}

function inner<K, V>(map: Map<string, Map<K, V>>, name: string): Map<K, V> {
  const existing = map.get(name);
  if (existing !== undefined) return existing;
  const made = new Map<K, V>();
  map.set(name, made);
  return made;
}
