/** The registry of namespaces: which ones hold items. */
import { LRUCache } from "lru-cache";
import { ROOT, SEPARATOR } from "../../model/namespace.ts";
import type { NamespaceEntry } from "../../ports/item-repository.ts";
import { mapBounded } from "../../concurrency/bounded.ts";
import { fnv1a } from "./hash.ts";
import { bigint, type CqlSession, type Param, type Row } from "./session.ts";
import type { Statements } from "./statements.ts";

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

/** Namespaces whose lease is remembered; what falls out is only written once more than it had to be. */
const MOST_LEASES = 100_000;

/** Ranges of tokens in which the whole registry is read, at once. */
const SCAN_RANGES = 16n;
const LOWEST_TOKEN = -(2n ** 63n);
const TOKENS = 2n ** 64n;

/** The character right after the separator: `path >= "p."` and `path < "p/"` holds for what lies below `p` alone. */
const AFTER_SEPARATOR = String.fromCharCode(SEPARATOR.charCodeAt(0) + 1);

/** Keeps the namespaces that hold items, or did. */
export class NamespaceRegistry {
  readonly #parts: NamespaceRegistryParts;
  readonly #leases: LRUCache<string, Promise<void>>;

  constructor(parts: NamespaceRegistryParts) {
    this.#parts = parts;
    const perf = { now: () => parts.now() };
    this.#leases = new LRUCache({ max: MOST_LEASES, ttl: LEASE_MS, ttlResolution: 0, perf });
  }

  /**
   * Makes sure that a namespace is registered; costs a write once per lease, however many callers ask.
   *
   * @param unscored - also that some item of it has no vector
   * @param version - version of the item that is about to be written, microseconds
   */
  async register(namespace: string, unscored: boolean, version: number): Promise<void> {
    const plainLease = `plain:${namespace}`;
    const unscoredLease = `unscored:${namespace}`;
    const lease = unscored ? unscoredLease : plainLease;
    // A namespace registered with the flag is registered.
    const held = this.#leases.get(unscoredLease) ?? this.#leases.get(lease);
    if (held !== undefined) return held;
    const writing = this.#write(namespace, unscored, version);
    this.#leases.set(lease, writing);
    try {
      await writing;
    } catch (error) {
      if (this.#leases.peek(lease) === writing) this.#leases.delete(lease);
      throw error;
    }
  }

  async #write(namespace: string, unscored: boolean, version: number): Promise<void> {
    const { session, statements, now } = this.#parts;
    // Not the item's version alone: an old item written again would lose to a later removal of the entry.
    const timestamp = bigint(Math.max(now() * 1000, version));
    await session.write({
      query: unscored ? statements.registerUnscored : statements.registerNamespace,
      params: [rootOf(namespace), shardOf(namespace), namespace, timestamp],
    });
  }

  /** The namespaces at or below a prefix. */
  async entries(prefix: string): Promise<NamespaceEntry[]> {
    const rows = prefix === ROOT ? await this.#readAll() : await this.#readBelow(prefix);
    return rows.flat().map(toEntry);
  }

  #readBelow(prefix: string): Promise<Row[][]> {
    const { session, statements } = this.#parts;
    const root = rootOf(prefix);
    const range = [prefix + SEPARATOR, prefix + AFTER_SEPARATOR];
    const reads: { query: string; params: Param[] }[] = Array.from({ length: SHARDS }, (_, shard) => ({
      query: statements.readNamespacesBelow,
      params: [root, shard, ...range],
    }));
    reads.push({ query: statements.readNamespace, params: [root, shardOf(prefix), prefix] });
    return mapBounded(reads, reads.length, ({ query, params }) => session.rows(query, params, "read"));
  }

  /** By ranges of tokens: as few requests for a thousand roots of one namespace as for one root of thousands. */
  #readAll(): Promise<Row[][]> {
    const { session, statements } = this.#parts;
    const width = TOKENS / SCAN_RANGES;
    const starts = Array.from({ length: Number(SCAN_RANGES) }, (_, i) => LOWEST_TOKEN + BigInt(i) * width);
    return mapBounded(starts, starts.length, (start) =>
      session.rows(statements.scanNamespaces, [token(start), token(lastOf(start + width))], "scan"),
    );
  }
}

/** The last range ends at the greatest token, one less than where a next one would start. */
function lastOf(end: bigint): bigint {
  return end === LOWEST_TOKEN + TOKENS ? end - 1n : end;
}

function token(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
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
