/** The registry of namespaces: which ones hold items, in label order. */
import { LRUCache } from "lru-cache";
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

/** What the registry works with. */
export interface NamespaceRegistryParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Partitions of the list of one root, and of that of the store. The shard of a path is stored, so these numbers must never change. */
const SHARDS = 8;
const STORE_SHARDS = 16;

/** Once written, an entry is not written again by this process for this long. */
export const LEASE_MS = 10 * 60 * 1000;

/** Namespaces of either kind whose lease is remembered; what falls out is only written once more than it had to be. */
const MOST_LEASES = 100_000;

/** Requests of one call that are under way at once. */
const REQUESTS_AT_ONCE = 32;

/** Namespaces that a shard is asked for beyond its share of a page. */
const SPARE_A_SHARD = 8;

interface Lease {
  /** The write of its entry; null once it is done. */
  writing: Promise<void> | null;
}

/** Keeps the namespaces that hold items, or did. */
export class NamespaceRegistry {
  readonly #parts: NamespaceRegistryParts;
  /** Of namespaces that are flagged as holding an item without a vector, and of those that need not be. */
  readonly #unscored: LRUCache<string, Lease>;
  readonly #plain: LRUCache<string, Lease>;

  constructor(parts: NamespaceRegistryParts) {
    this.#parts = parts;
    const perf = { now: () => parts.now() };
    const options = { max: MOST_LEASES, ttl: LEASE_MS, ttlResolution: 0, perf };
    this.#unscored = new LRUCache(options);
    this.#plain = new LRUCache(options);
  }

  /**
   * Makes sure that a namespace is registered; costs a write once per lease, however many callers ask. Null where its entry
   * is written: every put asks twice, and need not wait.
   *
   * @param unscored - also that some item of it has no vector
   * @param version - version of the item that is, or was just, written, microseconds
   */
  register(namespace: string, unscored: boolean, version: number): Promise<void> | null {
    const name = shortName(namespace);
    // A namespace registered with the flag is registered.
    const held = this.#unscored.get(name) ?? (unscored ? undefined : this.#plain.get(name));
    return held === undefined ? this.#lease(namespace, unscored, version) : held.writing;
  }

  async #lease(namespace: string, unscored: boolean, version: number): Promise<void> {
    const name = shortName(namespace);
    const leases = unscored ? this.#unscored : this.#plain;
    // The lease runs from the write time of the entry, not from a moment later: removals rely on that.
    const start = this.#parts.now();
    const writing = this.#write(namespace, unscored, Math.max(start * 1000, version));
    const lease: Lease = { writing };
    leases.set(name, lease, { start });
    try {
      await writing;
      lease.writing = null;
    } catch (error) {
      if (leases.peek(name) === lease) leases.delete(name);
      throw error;
    }
  }

  /** @param time - microseconds; not the item's version alone: that of an old item would lose to a removal */
  async #write(namespace: string, unscored: boolean, time: number): Promise<void> {
    const { session, statements } = this.#parts;
    const [below, all] = rowsOf(namespace);
    const params = [...below, bigint(time), ...all, bigint(time)];
    const partition = partitionKey(Buffer.from(below[0]), FALSE, int(below[1]));
    await session.write(
      unscored
        ? { query: statements.registerUnscored, params: [...params, ...params], partition }
        : { query: statements.registerNamespace, params, partition },
    );
  }

  /** Which of these namespaces are registered, in the list of their root and in that of the store. */
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
    await this.#remove(paths, asOf, (time, row) => ({ query, params: [time, ...row] }), deadline);
  }

  /** Removes namespaces from the registry, unless their entry was written too recently, see {@link removalTime}. */
  async unregister(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    const query = this.#parts.statements.unregister;
    const removalOf = (time: Buffer, row: RegistryRow): Statement => {
      const partition = partitionKey(Buffer.from(row[0]), TRUE, int(row[1]));
      return { query, params: [time, ...row, time, ...row], partition };
    };
    await this.#remove(paths, asOf, removalOf, deadline);
  }

  async #remove(
    paths: readonly string[],
    asOf: number,
    removalOf: (time: Buffer, row: RegistryRow) => Statement,
    deadline: Deadline | undefined,
  ): Promise<void> {
    const time = removalTime(asOf, this.#parts.now());
    // Nothing was written before the epoch.
    if (time <= 0) return;
    await mapBounded([...new Set(paths)], REQUESTS_AT_ONCE, async (path) => {
      // The list of the store last: from it repair finds a namespace again whose removal failed in between.
      for (const row of rowsOf(path)) await this.#parts.session.write(removalOf(bigint(time), row), deadline);
    });
  }

  /** A page of the namespaces at or below a prefix, in label order. */
  async page({ prefix, from, limit, unscored }: NamespaceQuery, deadline?: Deadline): Promise<NamespacePage> {
    const { session, statements } = this.#parts;
    const root = rootOf(prefix);
    const shards = prefix === ROOT ? ALL_STORE_SHARDS : ALL_SHARDS;
    // Paths are sharded by a hash, so each shard has about as many; some more, as they are not quite as many.
    const each = Math.ceil(limit / shards.length) + SPARE_A_SHARD;
    const range = placesWithin(prefix, from);
    const params: Param[] = [root, unscored, shards, range.from, range.to, each];
    const rows = await session.rows(statements.readNamespaces, params, "read", deadline);
    const shardsOf = Map.groupBy(rows, (row) => row["shard"]).values();
    const pathsOf = [...shardsOf].map((shard) => shard.map((row) => fromPlace(row["place"] as string)));
    // Where a shard has more, nothing is known of what lies behind its last.
    const ends = pathsOf.filter((paths) => paths.length === each).map((paths) => paths.at(-1) as string);
    const end = ends.length === 0 ? null : ends.reduce((a, b) => (comparePaths(a, b) <= 0 ? a : b));
    const paths = pathsOf.flat().filter((path) => end === null || comparePaths(path, end) <= 0);
    return { paths: paths.sort(comparePaths), next: end === null ? null : { path: end, from: "after" } };
  }
}

/**
 * The write time of a removal, microseconds: what was written then or before goes, and what was written since stays,
 * whenever the removal is applied. It lies before `asOf`, when whoever removes began to look whether anything needs
 * what is removed, by more than a lease and the difference that clocks may have.
 *
 * No item is lost by it. When a put is acknowledged, the entry that it relies on is of a running lease: it was written
 * less than a lease before, by the clock of its process. A put that was acknowledged before the look began is seen by
 * it, as both ask a quorum, and nothing is removed. One that is acknowledged later, by a clock that is no further
 * behind than clocks may differ, relies on an entry that was written after the time of the removal, and stays. So does,
 * for as long as the clocks agree, one that was acknowledged earlier by less than that difference, in another data
 * centre whose writes have not come here yet.
 */
function removalTime(asOf: number, now: number): number {
  const earliestRelied = Math.min(asOf, now) - LEASE_MS - CLOCK_TOLERANCE_MS;
  // One less: of an entry and a removal of one write time, the removal stands.
  return Math.floor(earliestRelied) * 1000 - 1;
}

const ALL_SHARDS = Array.from({ length: SHARDS }, (_, shard) => shard);
const ALL_STORE_SHARDS = Array.from({ length: STORE_SHARDS }, (_, shard) => shard);

/** CQL booleans, as bytes. */
const FALSE = Buffer.of(0);
const TRUE = Buffer.of(1);

/** Where a namespace stands in a list. */
type RegistryRow = readonly [root: string, shard: number, place: string];

/** Where it stands in the list of its root, and in that of the store. */
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
