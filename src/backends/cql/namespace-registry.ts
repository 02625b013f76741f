/** The registry of namespaces: which ones hold items. */
import { LRUCache } from "lru-cache";
import type { Deadline } from "../../concurrency/deadline.ts";
import { AFTER_SEPARATOR, ROOT, SEPARATOR } from "../../model/namespace.ts";
import { CLOCK_TOLERANCE_MS } from "../../model/ttl.ts";
import type { NamespaceEntry, NamespacePage, NamespaceQuery } from "../../ports/item-repository.ts";
import { mapBounded } from "../../concurrency/bounded.ts";
import { fnv1a } from "./hash.ts";
import type { CqlSession, Param, Row } from "./session.ts";
import type { Statements } from "./statements.ts";
import { tokenRanges } from "./token-ranges.ts";
import { bigint } from "./values.ts";

/** What the registry works with. */
export interface NamespaceRegistryParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Partitions of one root. The shard of a path is stored, so this number must never change. */
const SHARDS = 8;

/** Once written, an entry is not written again by this process for this long. */
export const LEASE_MS = 10 * 60 * 1000;

/** Namespaces of either kind whose lease is remembered; what falls out is only written once more than it had to be. */
const MOST_LEASES = 100_000;

/** Ranges of tokens in which the whole registry is read, at once. */
const SCAN_RANGES = tokenRanges(16);

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
    // A namespace registered with the flag is registered.
    const held = this.#unscored.get(namespace) ?? (unscored ? undefined : this.#plain.get(namespace));
    return held === undefined ? this.#lease(namespace, unscored, version) : held.writing;
  }

  async #lease(namespace: string, unscored: boolean, version: number): Promise<void> {
    const leases = unscored ? this.#unscored : this.#plain;
    // The lease runs from the write time of the entry, not from a moment later: removals rely on that.
    const start = this.#parts.now();
    const writing = this.#write(namespace, unscored, Math.max(start * 1000, version));
    const lease: Lease = { writing };
    leases.set(namespace, lease, { start });
    try {
      await writing;
      lease.writing = null;
    } catch (error) {
      if (leases.peek(namespace) === lease) leases.delete(namespace);
      throw error;
    }
  }

  /** @param time - microseconds; not the item's version alone: that of an old item would lose to a removal */
  async #write(namespace: string, unscored: boolean, time: number): Promise<void> {
    const { session, statements } = this.#parts;
    await session.write({
      query: unscored ? statements.registerUnscored : statements.registerNamespace,
      params: [...placeOf(namespace), bigint(time)],
    });
  }

  /** Which of these namespaces are registered. */
  async registered(paths: Iterable<string>, deadline?: Deadline): Promise<Set<string>> {
    const { session, statements } = this.#parts;
    const rows = await mapBounded([...new Set(paths)], REQUESTS_AT_ONCE, (path) =>
      session.rows(statements.readNamespace, placeOf(path), "read", deadline),
    );
    return new Set(rows.flat().map((row) => toEntry(row).path));
  }

  /** Takes the flag off namespaces, unless it was set too lately, see {@link removalTime}. */
  async clearUnscored(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    await this.#remove(this.#parts.statements.clearUnscored, paths, asOf, deadline);
  }

  /** Takes namespaces off the registry, unless their entry was written too lately, see {@link removalTime}. */
  async unregister(paths: readonly string[], asOf: number, deadline?: Deadline): Promise<void> {
    await this.#remove(this.#parts.statements.unregister, paths, asOf, deadline);
  }

  async #remove(query: string, paths: readonly string[], asOf: number, deadline: Deadline | undefined): Promise<void> {
    const time = removalTime(asOf, this.#parts.now());
    // Nothing was written before the epoch.
    if (time <= 0) return;
    await mapBounded([...new Set(paths)], REQUESTS_AT_ONCE, (path) =>
      this.#parts.session.write({ query, params: [bigint(time), ...placeOf(path)] }, deadline),
    );
  }

  /** The namespaces at or below a prefix. */
  async entries(prefix: string, deadline?: Deadline): Promise<NamespaceEntry[]> {
    const rows = prefix === ROOT ? await this.#readAll(deadline) : await this.#readBelow(prefix, deadline);
    return rows.flat().map(toEntry);
  }

  /** A page of them in the order of their bytes. */
  async page({ prefix, after, limit }: NamespaceQuery, deadline?: Deadline): Promise<NamespacePage> {
    const { session, statements } = this.#parts;
    // Paths lie in shards by a hash, so each has about as many; some more, as they are not quite as many.
    const each = Math.ceil(limit / SHARDS) + SPARE_A_SHARD;
    const range = [after ?? prefix + SEPARATOR, prefix + AFTER_SEPARATOR];
    const [rows, itself] = await Promise.all([
      session.rows(statements.readNamespacesAfter, [rootOf(prefix), ALL_SHARDS, ...range, each], "read", deadline),
      after === null ? session.rows(statements.readNamespace, placeOf(prefix), "read", deadline) : [],
    ]);
    const pathsOf = [...Map.groupBy(rows, (row) => row["shard"]).values()].map((shard) => shard.map((row) => row["path"] as string));
    // Where a shard has more, nothing is known of what lies behind its last.
    const ends = pathsOf.filter((paths) => paths.length === each).map((paths) => paths.at(-1) as string);
    const next = ends.length === 0 ? null : ends.reduce((a, b) => (compareBytes(a, b) <= 0 ? a : b));
    const paths = pathsOf.flat().filter((path) => next === null || compareBytes(path, next) <= 0);
    return { paths: [...(itself.length === 0 ? [] : [prefix]), ...paths.sort(compareBytes)], next };
  }

  #readBelow(prefix: string, deadline: Deadline | undefined): Promise<(readonly Row[])[]> {
    const { session, statements } = this.#parts;
    const root = rootOf(prefix);
    const range = [prefix + SEPARATOR, prefix + AFTER_SEPARATOR];
    return Promise.all([
      session.rows(statements.readNamespacesBelow, [root, ALL_SHARDS, ...range], "read", deadline),
      session.rows(statements.readNamespace, placeOf(prefix), "read", deadline),
    ]);
  }

  /** By ranges of tokens: as few requests for a thousand roots of one namespace as for one root of thousands. */
  #readAll(deadline: Deadline | undefined): Promise<(readonly Row[])[]> {
    const { session, statements } = this.#parts;
    return mapBounded(SCAN_RANGES, SCAN_RANGES.length, ({ after, last }) =>
      session.rows(statements.scanNamespaces, [bigint(after), bigint(last)], "scan", deadline),
    );
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

/** Orders as CQL does. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const ALL_SHARDS = Array.from({ length: SHARDS }, (_, shard) => shard);

/** The primary key of a namespace. */
function placeOf(path: string): Param[] {
  return [rootOf(path), shardOf(path), path];
}

function rootOf(path: string): string {
  const end = path.indexOf(SEPARATOR);
  return end === -1 ? path : path.slice(0, end);
}

function shardOf(path: string): number {
  return fnv1a(path) % SHARDS;
}

function toEntry(row: Row): NamespaceEntry {
  return { path: row["path"] as string, hasUnscored: row["has_unscored"] === true };
}
