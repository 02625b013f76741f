/** The registry of namespaces with items, in label order. */
import { LRUCache } from "lru-cache";
import { purgedRegularly } from "../../concurrency/cache-expiry.ts";
import type { Deadline } from "../../concurrency/deadline.ts";
import { comparePaths, ROOT, SEPARATOR } from "../../model/namespace.ts";
import { fromPlace, placesWithin, toPlace } from "../../model/namespace-place.ts";
import { shortName } from "../../model/short-name.ts";
import { CLOCK_TOLERANCE_MS } from "../../model/ttl.ts";
import type { NamespacePage, NamespaceQuery } from "../../ports/item-repository.ts";
import { mapBounded } from "../../concurrency/bounded.ts";
import { fnv1a } from "./hash.ts";
import type { CqlSession, Param, Statement } from "./session.ts";
import type { Statements } from "./statements.ts";
import { bigint, int, partitionKey } from "./values.ts";

/** Dependencies of the registry. */
export interface NamespaceRegistryParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Number of partitions of the list of one root, and of the list of the store. The shard is stored, so these must never change. */
const SHARDS = 8;
const STORE_SHARDS = 16;

/** TTL of the registration cache: for this time a process does not write an entry again. */
export const REGISTRATION_TTL_MS = 10 * 60 * 1000;

/** Most cached registrations of either kind; a dropped one only costs another write. */
const MOST_REGISTRATIONS = 100_000;

/** Concurrent requests of one call. */
const REQUESTS_AT_ONCE = 32;

/** Namespaces requested from a shard beyond its share of a page. */
const SPARE_A_SHARD = 8;

interface CachedRegistration {
  /** The write of its entry; null once it is done. */
  writing: Promise<void> | null;
}

/** Registers the namespaces with items. */
export class NamespaceRegistry {
  readonly #parts: NamespaceRegistryParts;
  /** Cached registrations with the flag for items without a vector, and without it. */
  readonly #unscored: LRUCache<string, CachedRegistration>;
  readonly #plain: LRUCache<string, CachedRegistration>;

  constructor(parts: NamespaceRegistryParts) {
    this.#parts = parts;
    const perf = { now: () => parts.now() };
    const options = { max: MOST_REGISTRATIONS, ttl: REGISTRATION_TTL_MS, ttlResolution: 0, perf };
    this.#unscored = purgedRegularly(new LRUCache<string, CachedRegistration>(options));
    this.#plain = purgedRegularly(new LRUCache<string, CachedRegistration>(options));
  }

  /**
   * Registers a namespace; writes at most once per TTL of the cache. Returns null if the entry is already written, so that a
   * put, which calls it twice, need not wait.
   *
   * @param unscored - whether to flag the namespace as containing an item without a vector
   * @param version - version of the item, microseconds
   */
  register(namespace: string, unscored: boolean, version: number): Promise<void> | null {
    const name = shortName(namespace);
    // Registering with the flag also registers without it.
    const cached = this.#unscored.get(name) ?? (unscored ? undefined : this.#plain.get(name));
    return cached === undefined ? this.#registerNow(namespace, unscored, version) : cached.writing;
  }

  async #registerNow(namespace: string, unscored: boolean, version: number): Promise<void> {
    const name = shortName(namespace);
    const registrations = unscored ? this.#unscored : this.#plain;
    // The TTL starts at the write time of the entry, which removals rely on.
    const start = this.#parts.now();
    const writing = this.#write(namespace, unscored, Math.max(start * 1000, version));
    const registration: CachedRegistration = { writing };
    registrations.set(name, registration, { start });
    try {
      await writing;
      registration.writing = null;
    } catch (error) {
      if (registrations.peek(name) === registration) registrations.delete(name);
      throw error;
    }
  }

  /** @param time - microseconds; at least the current time, because the version of an old item would lose to a removal */
  async #write(namespace: string, unscored: boolean, time: number): Promise<void> {
    const { session, statements } = this.#parts;
    const [below, all] = rowsOf(namespace);
    if (namespace.length > LONGEST_BATCHED) {
      const { register, flag } = statements.registryEntry;
      const queries = unscored ? [register, flag] : [register];
      await Promise.all(queries.flatMap((query) => [below, all].map((row) => session.write({ query, params: [...row, bigint(time)] }))));
      return;
    }
    const params = [...below, bigint(time), ...all, bigint(time)];
    const partition = partitionKey(Buffer.from(below[0]), FALSE, int(below[1]));
    await session.write(
      unscored
        ? { query: statements.registerUnscored, params: [...params, ...params], partition }
        : { query: statements.registerNamespace, params, partition },
    );
  }

  /** Returns the namespaces that are registered in both lists, of their root and of the store. */
  async registered(paths: Iterable<string>, deadline?: Deadline): Promise<Set<string>> {
    const { session, statements } = this.#parts;
    const isRegistered = await mapBounded([...new Set(paths)], REQUESTS_AT_ONCE, async (path) => {
      const rows = await Promise.all(
        rowsOf(path).map(([root, shard, place]) =>
          session.rows(statements.readNamespace, [root, false, shard, place], "read", deadline),
        ),
      );
      return rows.every((found) => found.length > 0) ? [path] : [];
    });
    return new Set(isRegistered.flat());
  }

  /** Clears the flag of namespaces, unless it was set too recently, see {@link removalTime}. */
  async clearUnscored(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    const query = this.#parts.statements.clearUnscored;
    await this.#remove(paths, asOf, (time, row) => [{ query, params: [time, ...row] }], deadline);
  }

  /** Removes namespaces from the registry, unless their entry was written too recently, see {@link removalTime}. */
  async unregister(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    const { clearUnscored, unregister, registryEntry } = this.#parts.statements;
    const removalOf = (time: Buffer, row: RegistryRow): Statement[] => {
      if (row[2].length > LONGEST_BATCHED) return [clearUnscored, registryEntry.unregister].map((query) => ({ query, params: [time, ...row] }));
      const partition = partitionKey(Buffer.from(row[0]), TRUE, int(row[1]));
      return [{ query: unregister, params: [time, ...row, time, ...row], partition }];
    };
    await this.#remove(paths, asOf, removalOf, deadline);
  }

  async #remove(
    paths: readonly string[],
    asOf: number,
    removalOf: (time: Buffer, row: RegistryRow) => Statement[],
    deadline: Deadline | undefined,
  ): Promise<void> {
    const time = removalTime(asOf, this.#parts.now());
    // Nothing was written before the epoch.
    if (time <= 0) return;
    await mapBounded([...new Set(paths)], REQUESTS_AT_ONCE, async (path) => {
      // The list of the store last, so that repair finds a namespace whose removal failed in between.
      for (const row of rowsOf(path)) for (const statement of removalOf(bigint(time), row)) await this.#parts.session.write(statement, deadline);
    });
  }

  /** Reads a page of the namespaces at or below a prefix, in label order. */
  async page({ prefix, from, limit, unscored }: NamespaceQuery, deadline?: Deadline): Promise<NamespacePage> {
    const { session, statements } = this.#parts;
    const root = rootOf(prefix);
    const shards = prefix === ROOT ? ALL_STORE_SHARDS : ALL_SHARDS;
    // Paths are sharded by a hash, so shards have similar sizes; the spare covers the differences.
    const each = Math.ceil(limit / shards.length) + SPARE_A_SHARD;
    const range = placesWithin(prefix, from);
    const params: Param[] = [root, unscored, shards, range.from, range.to, each];
    const rows = await session.rows(statements.readNamespaces, params, "read", deadline);
    const shardsOf = Map.groupBy(rows, (row) => row["shard"]).values();
    const pathsOf = [...shardsOf].map((shard) => shard.map((row) => fromPlace(row["place"] as string)));
    // If a shard may have more, the page ends at its last path.
    const ends = pathsOf.filter((paths) => paths.length === each).map((paths) => paths.at(-1) as string);
    const end = ends.length === 0 ? null : ends.reduce((a, b) => (comparePaths(a, b) <= 0 ? a : b));
    const paths = pathsOf.flat().filter((path) => end === null || comparePaths(path, end) <= 0);
    return { paths: paths.sort(comparePaths), next: end === null ? null : { path: end, from: "after" } };
  }
}

/**
 * Returns the write timestamp of a removal, microseconds: entries written at or before it are removed, later ones stay,
 * regardless of when the removal is applied. It is earlier than `asOf`, the start of the check for items, by the TTL of the
 * registration cache plus the tolerated clock skew.
 *
 * A removal loses no item. When a put is acknowledged, its process wrote the registry entry less than the TTL ago. The check
 * sees puts that were acknowledged before it started, because both use a quorum. A later put, by a clock within the tolerated
 * skew, relies on an entry that is newer than the removal. The same holds, if clocks agree, for a put acknowledged within the
 * skew before the check in another data center whose writes have not arrived yet.
 */
function removalTime(asOf: number, now: number): number {
  const earliestRelied = Math.min(asOf, now) - REGISTRATION_TTL_MS - CLOCK_TOLERANCE_MS;
  // One less, because a removal wins over an entry with the same timestamp.
  return Math.floor(earliestRelied) * 1000 - 1;
}

const ALL_SHARDS = Array.from({ length: SHARDS }, (_, shard) => shard);
const ALL_STORE_SHARDS = Array.from({ length: STORE_SHARDS }, (_, shard) => shard);

/** CQL booleans, as bytes. */
const FALSE = Buffer.of(0);
const TRUE = Buffer.of(1);

/** The row of a namespace in a list. */
type RegistryRow = readonly [root: string, shard: number, place: string];

/** Returns the rows of a namespace in the list of its root and in the list of the store. */
/** Length of the longest path that is registered by one batch: servers reject batches of several partitions above 50 KiB. */
const LONGEST_BATCHED = 2_000;

function rowsOf(path: string): readonly [RegistryRow, RegistryRow] {
  const hash = fnv1a(path);
  const place = toPlace(path);
  return [
    [rootOf(path), hash % SHARDS, place],
    [ROOT, hash % STORE_SHARDS, place],
  ];
}

function rootOf(path: string): string {
  const end = path.indexOf(SEPARATOR);
  return end === -1 ? path : path.slice(0, end);
}
