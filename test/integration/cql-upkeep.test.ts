/** Maintenance specific to CQL: expiry in entries, conditional deletes from the registry, table scans. */
import { randomUUID } from "node:crypto";
import { Client, errors, type QueryOptions, types } from "cassandra-driver";
import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { REGISTRATION_TTL_MS } from "../../src/backends/cql/namespace-registry.ts";
import { ValidationError } from "../../src/model/errors.ts";
import { isLive, type ItemRecord } from "../../src/model/item.ts";
import { CLOCK_TOLERANCE_MS } from "../../src/model/ttl.ts";
import type { ListPage, ListPosition, RecordScan } from "../../src/ports/item-repository.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { present, upTo } from "../../src/testing/expectations.ts";
import { flagsBelow, putAll, recordOf } from "../../src/testing/records.ts";
import { spyOnStatements } from "../support/statements.ts";
import { dropKeyspace, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("test");
const client = new Client({ ...servers.cql });
let time = 0;
const now = (): number => time || Date.now();

/** A process with a clock that is ahead or behind. */
function processOf(ahead: number): CqlBackend {
  return new CqlBackend({ keyspace, client }, { setup: "auto", logger: silentLogger, now: () => now() + ahead });
}

const backend = processOf(0);
const { items } = backend;

beforeAll(async () => {
  await client.connect();
  await backend.start();
});
afterEach(() => {
  vi.restoreAllMocks();
  time = 0;
});
afterAll(async () => {
  await backend.stop();
  await client.shutdown();
  await dropKeyspace(servers, keyspace);
});

/** The signature of `Client.execute` that the backend uses. */
type Execute = (query: string, params: unknown[], options: QueryOptions) => Promise<unknown>;

/** Whether a query reads a small namespace entirely. */
function isEntireRead(query: string): boolean {
  return /\.items WHERE namespace = \? AND bucket = \? LIMIT \?$/.test(query);
}

/** The driver's error for a tombstone abort. */
function tombstoneAbort(): Error {
  return new errors.ResponseError(types.responseErrorCodes.readFailure, "Operation failed");
}

const newRoot = (): string => `cql-${randomUUID()}`;

function run(query: string, params: unknown[]): Promise<types.ResultSet> {
  return client.execute(query.replaceAll("{keyspace}", `"${keyspace}"`), params, { prepare: true });
}

async function listedKeys(namespace: string): Promise<string[]> {
  const page = await items.list({ namespace, order: "oldest", after: null, limit: 100 });
  return page.records.map(({ key }) => key);
}

describe("the expiry in an entry", () => {
  test("performance pin: avoids reading expired records", async () => {
    const root = newRoot();
    const expired = { expiresAt: Date.now() - 1 };
    const ended = upTo(300).map((n) => recordOf(root, `ended-${n}`, n % 2 === 0 ? { value: null } : expired));
    const live = recordOf(root, "live", { expiresAt: Date.now() + 60_000 });
    await putAll(items, [...ended, live, recordOf(root, "stays")]);
    // The first listing detects that the namespace is not small.
    await listedKeys(root);
    const execute = spyOnStatements(client);
    expect(await listedKeys(root)).toEqual(["live", "stays"]);
    expect(execute.mock.calls.filter(([query]) => query.includes(".items ")).length).toBe(1);
  });

  test("defers to the record if it is missing", async () => {
    const root = newRoot();
    const records = [recordOf(root, "a"), recordOf(root, "b", { value: null })];
    await putAll(items, records);
    const insert =
      "INSERT INTO {keyspace}.items_by_creation (namespace, bucket, created, key, expires_at) VALUES (?, 0, ?, ?, null)";
    for (const { key, created } of records) await run(insert, [root, types.Long.fromNumber(created), key]);
    expect(await listedKeys(root)).toEqual(["a"]);
    expect(await items.listed(records)).toEqual([true, true]);
  });

  test("is refreshed with the record, for any order of refreshes", async () => {
    const root = newRoot();
    const first = recordOf(root, "key", { expiresAt: Date.now() + 60_000, ttlMs: 60_000 });
    const later = { ...first, expiresAt: Date.now() + 6_000_000 };
    for (const record of [first, later, first]) await putAll(items, [record]);
    time = Date.now() + 600_000;
    expect(await listedKeys(root)).toEqual(["key"]);
    time = Date.now() + 6_600_000;
    expect(await listedKeys(root)).toEqual([]);
  });

  test("of two writes with equal timestamps never hides the remaining one", async () => {
    const root = newRoot();
    const ends = [{}, { value: null }, { expiresAt: Date.now() + 60_000 }, { expiresAt: Date.now() + 3_600_000 }];
    const pairs = ends.flatMap((one) => ends.map((two) => [one, two] as const));
    for (const [n, [one, two]] of pairs.entries()) {
      const first = recordOf(root, `key-${n}`, one);
      const second = recordOf(root, first.key, { version: first.version, created: first.created, ...two });
      for (const record of [first, second, first]) await putAll(items, [record]);
      const [standing] = await items.get([first]);
      expect(await items.listed([present(standing)]), `pair ${n}`).toEqual([true]);
      expect((await listedKeys(root)).includes(first.key), `pair ${n}`).toBe(isLive(standing ?? null, Date.now()));
    }
  });
});

describe("an item that is re-created between the reads of its entry and its record", () => {
  const cases = (["whole", "by its entries"] as const).flatMap((read) =>
    (["oldest", "newest"] as const).flatMap((order) => [100, 3, 2, 1].map((limit) => ({ read, order, limit }))),
  );
  test.each(cases)("is listed once, $order first, $limit per page, with the namespace read $read", async ({ read, order, limit }) => {
    const root = newRoot();
    const [a, b, c] = ["a", "b", "c"].map((key) => recordOf(root, key)).map((record) => present(record));
    await putAll(items, [a, b, c].map((record) => present(record)));
    const rewritten = recordOf(root, "b");
    const execute = client.execute.bind(client) as Execute;
    const spy = vi.spyOn(client, "execute") as unknown as { mockImplementation(execute: Execute): void };
    let isMade = false;
    spy.mockImplementation(async (query, params, options) => {
      if (read === "by its entries" && isEntireRead(query)) throw tombstoneAbort();
      if (!isMade && query.includes(".items ") && query.startsWith("SELECT")) {
        isMade = true;
        await putAll(items, [rewritten]);
      }
      return execute(query, params, options);
    });
    const keys: string[] = [];
    let after: ListPosition | null = null;
    do {
      const page: ListPage = await items.list({ namespace: root, order, after, limit });
      expect(page.records.length).toBeLessThanOrEqual(limit);
      keys.push(...page.records.map(({ key }) => key));
      after = page.next;
    } while (after !== null);
    // Newest first, a first page that ended before its creation cannot include it, because it would be on that page.
    const isBehind = read === "by its entries" && order === "newest" && limit === 1;
    expect(keys).toEqual(order === "oldest" ? ["a", "c", "b"] : isBehind ? ["c", "a"] : ["b", "c", "a"]);
  });
});

describe("the check of listings", () => {
  test("reports an entry that is missing or hides its record, and an unregistered namespace", async () => {
    const root = newRoot();
    const records = ["whole", "without", "hidden"].map((key) => recordOf(root, key));
    const [whole, without, hidden] = records.map((record) => present(record));
    const unregistered = recordOf(newRoot(), "key");
    await putAll(items, [...records, unregistered]);
    const place = (record?: ItemRecord): unknown[] => [root, types.Long.fromNumber(record?.created ?? 0), record?.key];
    const [entries, at] = ["{keyspace}.items_by_creation", "WHERE namespace = ? AND bucket = 0 AND created = ? AND key = ?"];
    await run(`DELETE FROM ${entries} ${at}`, place(without));
    await run(`UPDATE ${entries} SET expires_at = 0 ${at}`, place(hidden));
    const { namespace } = unregistered;
    const remove = "DELETE FROM {keyspace}.namespaces WHERE root = ? AND unscored = false AND shard = ? AND place = ?";
    await Promise.all(upTo(8).map((shard) => run(remove, [namespace, shard, namespace])));
    const elsewhere = recordOf(newRoot(), "key");
    await putAll(items, [elsewhere]);
    await Promise.all(upTo(16).map((shard) => run(remove, ["", shard, elsewhere.namespace])));
    expect(await items.listed([elsewhere])).toEqual([false]);
    const asked = [whole, without, hidden, unregistered].map((record) => present(record));
    expect(await items.listed(asked)).toEqual([true, false, false, false]);
  });

  test("performance pin: reads the registry once for each namespace", async () => {
    const root = newRoot();
    const records = upTo(100).map((n) => recordOf(root, `${n}`));
    await putAll(items, records);
    const execute = spyOnStatements(client);
    expect(await items.listed(records)).toEqual(records.map(() => true));
    const tables = execute.mock.calls.map(([query]) => /"\.(\w+)/.exec(query)?.[1]);
    expect(tables.filter((table) => table === "namespaces")).toHaveLength(2);
    expect(tables).toHaveLength(102);
  });
});

describe("a removal from the registry", () => {
  const GUARD_MS = REGISTRATION_TTL_MS + CLOCK_TOLERANCE_MS;

  async function flagOf(root: string): Promise<boolean | undefined> {
    return (await flagsBelow(items, root))[root];
  }

  test("deletes only entries older than a lease plus the tolerated clock difference", async () => {
    const root = newRoot();
    const written = (time = Date.now());
    await putAll(items, [recordOf(root, "key", { vectorCount: 0, version: time * 1000 })]);
    for (const asOf of [written, written + GUARD_MS]) {
      time = asOf;
      await items.clearUnscored([root], asOf);
      expect(await flagOf(root)).toBe(true);
      await items.unregister([root], asOf);
      expect(await flagOf(root)).toBe(true);
    }
    time = written + GUARD_MS + 1;
    await items.clearUnscored([root], time);
    expect(await flagOf(root)).toBe(false);
    await items.unregister([root], time);
    expect(await flagOf(root)).toBeUndefined();
  });

  test("uses the clock if the given time is later, and does nothing for the epoch", async () => {
    const root = newRoot();
    await putAll(items, [recordOf(root, "key", { vectorCount: 0 })]);
    for (const asOf of [Number.MAX_SAFE_INTEGER, 0]) {
      await items.clearUnscored([root], asOf);
      await items.unregister([root], asOf);
      expect(await flagOf(root)).toBe(true);
    }
  });

  test.each([0, -CLOCK_TOLERANCE_MS])("keeps the entry that a put under a lease relies on, with a clock %d ms ahead", async (ahead) => {
    const writer = processOf(ahead);
    await writer.start();
    const root = newRoot();
    const begun = (time = Date.now());
    const put = (key: string): Promise<void> =>
      putAll(writer.items, [recordOf(root, key, { vectorCount: 0, version: (now() + ahead) * 1000 })]);
    await put("first");
    // At the end of the lease, the item is written and its namespace is not.
    time = begun + REGISTRATION_TTL_MS;
    const asOf = now();
    await put("second");
    time = begun + 24 * CLOCK_TOLERANCE_MS;
    await items.clearUnscored([root], asOf);
    await items.unregister([root], asOf);
    expect(await flagOf(root)).toBe(true);
    await writer.stop();
  });

  test("is compensated by a put that took longer than its remaining lease", async () => {
    const root = newRoot();
    await putAll(items, [recordOf(root, "first")]);
    const batch = client.batch.bind(client) as (...args: unknown[]) => Promise<unknown>;
    const held = async (...args: unknown[]): Promise<unknown> => {
      // The process is stopped for hours; meanwhile another deletes the namespace from the registry.
      time = Date.now() + 2 * GUARD_MS;
      await items.unregister([root], time);
      expect(await flagOf(root)).toBeUndefined();
      return batch(...args);
    };
    Object.assign(client, { batch: held });
    onTestFinished(() => void Object.assign(client, { batch }));
    await putAll(items, [recordOf(root, "second")]);
    expect(await flagOf(root)).toBe(false);
  });
});

describe("a scan", () => {
  /** Returns all parts of a scan of the keyspace. */
  async function scanAll(limit: number): Promise<RecordScan[]> {
    const parts: RecordScan[] = [];
    for (let after: string | null = null; parts.length === 0 || after !== null; ) {
      const part: RecordScan = await items.scan(after, limit);
      parts.push(part);
      after = part.next;
    }
    return parts;
  }

  test("omits and counts records that cannot be decoded, and skips deleted cells", async () => {
    const root = newRoot();
    await putAll(items, [recordOf(root, "good")]);
    const [before] = await scanAll(10_000);
    const insert = "INSERT INTO {keyspace}.items (namespace, bucket, key, record) VALUES (?, 0, ?, ?)";
    for (const [key, cell] of [["foreign", "{}"], ["newer", '{"r":99}\n{}'], ["gone", null]] as const) {
      await run(insert, [root, key, cell === null ? null : Buffer.from(cell)]);
    }
    const parts = await scanAll(50);
    const found = parts.flatMap((part) => part.found).filter(({ namespace }) => namespace === root);
    expect(found.map(({ key }) => key)).toEqual(["good"]);
    expect(parts.reduce((sum, { unreadable }) => sum + unreadable, 0)).toBe(present(before).unreadable + 2);
  });

  test("requests no more rows than needed, prepared, of local quorum and with a timeout", async () => {
    const root = newRoot();
    await putAll(items, upTo(40).map((n) => recordOf(root, `${n}`)));
    const execute = spyOnStatements(client);
    await items.scan(null, 7);
    const calls = execute.mock.calls as unknown as [string, unknown[], QueryOptions][];
    expect(calls.length).toBeGreaterThan(0);
    const consistency = types.consistencies.localQuorum;
    for (const [, , options] of calls) {
      expect(options).toMatchObject({ prepare: true, isIdempotent: true, consistency });
      expect(options.readTimeout).toBeGreaterThan(0);
      expect(options.fetchSize).toBeLessThanOrEqual(7);
    }
  });

  test("continues after pages without rows, as ScyllaDB sends them", async () => {
    const root = newRoot();
    const records = upTo(30).map((n) => recordOf(root, `${n}`));
    await putAll(items, records);
    const execute = client.execute.bind(client) as Execute;
    const paged = (query: string, params: unknown[], { pageState, ...options }: QueryOptions): Promise<unknown> => {
      if (query.includes(".items ") && pageState === undefined) return Promise.resolve({ rows: [], pageState: "00" });
      return execute(query, params, { ...options, ...(pageState === "00" ? {} : { pageState }) });
    };
    vi.spyOn(client, "execute").mockImplementation(paged as never);
    const found = (await scanAll(8)).flatMap((part) => part.found).filter(({ namespace }) => namespace === root);
    expect(found.map(({ key }) => key).sort()).toEqual(records.map(({ key }) => key).sort());
  });

  test("rejects a position that no scan returned", async () => {
    for (const text of ["", "7", "{}"]) await expect(items.scan(text, 5)).rejects.toThrow(ValidationError);
  });
});
