/** Behavior specific to CQL: TTLs, batches, chunks, leases, pages. */
import { randomUUID } from "node:crypto";
import { Client, type QueryOptions, types } from "cassandra-driver";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { REGISTRATION_TTL_MS } from "../../src/backends/cql/namespace-registry.ts";
import type { ItemRecord } from "../../src/model/item.ts";
import type { ListPage, ListPosition } from "../../src/ports/item-repository.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { flagsBelow, putAll, recordOf, registeredBelow } from "../../src/testing/records.ts";
import { spyOnStatements } from "../support/statements.ts";
import { dropKeyspace, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("test");
const HOUR = 3600;

const client = new Client({ ...servers.cql });
let time = 0;
const now = (): number => time || Date.now();
const backend = new CqlBackend({ keyspace, client }, { setup: "auto", logger: silentLogger, now });
const { items, settings } = backend;

beforeAll(() => backend.start());
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
type Execute = (query: string, params: unknown[], options: QueryOptions) => Promise<types.ResultSet>;

const newRoot = (): string => `cql-${randomUUID()}`;

/** Queries a table directly. */
async function select(what: string, from: string, namespace: string): Promise<Record<string, unknown>[]> {
  const query = `SELECT ${what} FROM "${keyspace}".${from} WHERE namespace = ? AND bucket = 0`;
  return [...(await client.execute(query, [namespace], { prepare: true })).rows];
}

const itemTtl = async (namespace: string): Promise<unknown> =>
  (await select("ttl(record) AS ttl", "items", namespace))[0]?.["ttl"];

function expectSeconds(actual: unknown, expected: number): void {
  expect(actual).toBeGreaterThan(expected - 60);
  expect(actual).toBeLessThanOrEqual(expected);
}

describe("TTL in tables", () => {
  test("of the marker of a delete is one hour", async () => {
    const root = newRoot();
    await putAll(items, [recordOf(root, "key")]);
    expect(await itemTtl(root)).toBeNull();
    await putAll(items, [recordOf(root, "key", { value: null })]);
    expectSeconds(await itemTtl(root), HOUR);
  });

  test("of an item exceeds its expiry by an hour, and a put without TTL over it stays", async () => {
    const root = newRoot();
    await putAll(items, [recordOf(root, "key", { expiresAt: Date.now() + 600_000 })]);
    expectSeconds(await itemTtl(root), HOUR + 600);
    await putAll(items, [recordOf(root, "key")]);
    expect(await itemTtl(root)).toBeNull();
  });

  test("of a refresh, which writes the record at its own version with a later expiry, wins", async () => {
    const root = newRoot();
    const record = recordOf(root, "key", { expiresAt: Date.now() + 600_000 });
    const refreshed: ItemRecord = { ...record, expiresAt: Date.now() + 6_000_000 };
    await putAll(items, [record]);
    await putAll(items, [refreshed]);
    expectSeconds(await itemTtl(root), HOUR + 6_000);
    expect(await items.get([record])).toMatchObject([{ expiresAt: refreshed.expiresAt }]);
    await putAll(items, [record]);
    expect(await items.get([record])).toMatchObject([{ expiresAt: refreshed.expiresAt }]);
  });

  test("of an entry equals that of its item, as do timestamp and expiry", async () => {
    const root = newRoot();
    const ending = Date.now() + 600_000;
    const records = [
      recordOf(root, "stays"),
      recordOf(root, "deleted", { value: null }),
      recordOf(root, "expires", { expiresAt: ending }),
    ];
    for (const record of records) await putAll(items, [record]);
    const written = "writetime(expires_at) AS written, ttl(expires_at) AS ttl";
    const entries = await select(`key, expires_at, ${written}`, "items_by_creation", root);
    const stored = await select("key, writetime(record) AS written, ttl(record) AS ttl", "items", root);
    const [ends, seconds] = [[Number.MAX_SAFE_INTEGER, 0, ending], [null, HOUR, HOUR + 600]];
    for (const [i, { key, version }] of records.entries()) {
      const [entry, item] = [entries, stored].map((rows) => rows.find((row) => row["key"] === key));
      expect([Number(entry?.["expires_at"]), Number(entry?.["written"])]).toEqual([ends[i], version]);
      for (const row of [entry, item]) {
        const expected = seconds[i] ?? null;
        if (expected === null) expect(row?.["ttl"]).toBeNull();
        else expectSeconds(row?.["ttl"], expected);
      }
    }
  });

  test("is absent if CQL cannot express the expiry, which only the record has", async () => {
    const root = newRoot();
    await putAll(items, [recordOf(root, "key", { expiresAt: Date.UTC(2300, 0, 1) })]);
    expect(await itemTtl(root)).toBeNull();
    const after = Date.UTC(2300, 0, 2);
    expect((await items.list({ namespace: root, order: "oldest", after: null, limit: 5 })).records).toHaveLength(1);
    time = after;
    expect((await items.list({ namespace: root, order: "oldest", after: null, limit: 5 })).records).toEqual([]);
  });
});

describe("requests of the repository", () => {
  test("write a record and its entry in one batch, or the harmless one first", async () => {
    const root = newRoot();
    await putAll(items, [recordOf(root, "first")]);
    const execute = spyOnStatements(client);
    const sent = async (parts: Parameters<typeof recordOf>[2]): Promise<unknown[]> => {
      execute.mockClear();
      await putAll(items, [recordOf(root, "key", parts)]);
      return execute.mock.calls.map(([query]) => [...query.matchAll(/BATCH(?= INSERT)|(?<="\.)\w+/g)].join(" "));
    };
    const [recordFirst, entryFirst] = [["items", "items_by_creation"], ["items_by_creation", "items"]];
    const together = ["BATCH items_by_creation items"];
    const big = { value: { text: "x".repeat(60_000) } };
    const now = Date.now();
    const made = { created: now * 1000, version: now * 1000 };
    const changed = { created: now * 1000 - 1, version: now * 1000 };
    const ends = { ttlMs: 60_000, expiresAt: now + 60_000 };
    const renewed = { ttlMs: 60_000, expiresAt: now + 90_000 };
    for (const each of [{ ...made }, { ...changed }, { ...made, ...ends }]) expect(await sent(each)).toEqual(together);
    for (const each of [{ ...made, ...big }, { ...changed, ...renewed }]) expect(await sent(each)).toEqual(entryFirst);
    for (const each of [{ ...changed, ...big }, { ...changed, ...ends }, { ...changed, value: null }]) {
      expect(await sent(each)).toEqual(recordFirst);
    }
  });

  test("performance pin: 250 keys are read in chunks of at most 100 without duplicates; a single key is read alone", async () => {
    const root = newRoot();
    const records = Array.from({ length: 250 }, (_, n) => recordOf(root, `key-${n}`));
    await putAll(items, records);
    const execute = spyOnStatements(client);
    const read = await items.get([...records, ...records]);
    expect(read.map((record) => record?.writeId)).toEqual([...records, ...records].map(({ writeId }) => writeId));
    // Without reads of the settings, whose lease may end in between.
    const readsOfItems = (): Parameters<Execute>[] => (execute.mock.calls as unknown as Parameters<Execute>[]).filter(([query]) => query.includes(".items "));
    const chunks = readsOfItems().map(([, params]) => (params[2] as string[]).length);
    expect(chunks).toEqual([100, 100, 50]);
    execute.mockClear();
    await items.get([{ namespace: root, key: "key-7" }]);
    expect(readsOfItems().map(([query]) => query)).toEqual([expect.stringMatching(/key = \?$/)]);
  });

  test("are all prepared, idempotent, of local quorum and with a timeout", async () => {
    const root = newRoot();
    const execute = spyOnStatements(client);
    await putAll(items, [recordOf(root, "key"), recordOf(root, "big", { value: { text: "x".repeat(60_000) } })]);
    await items.list({ namespace: root, order: "newest", after: { created: 5, key: "a" }, limit: 1 });
    await registeredBelow(items, "");
    await registeredBelow(items, root);
    await settings.read("none");
    const options = execute.mock.calls.map((call) => call.at(-1) as unknown);
    expect(options.length).toBeGreaterThan(6);
    for (const option of options) {
      expect(option).toMatchObject({ prepare: true, isIdempotent: true, consistency: types.consistencies.localQuorum });
      expect(option).toHaveProperty("readTimeout");
    }
  });

  test("send a batch to a replica of its partition", async () => {
    const root = newRoot();
    const execute = spyOnStatements(client);
    await putAll(items, [recordOf(root, "key")]);
    const [, , options] = execute.mock.calls.at(-1) as unknown as [string, unknown, QueryOptions];
    const [row] = await client.execute(`SELECT token(namespace, bucket) AS place FROM "${keyspace}".items WHERE namespace = ? AND bucket = 0`, [root], { prepare: true });
    expect(String(client.metadata.newToken(options.routingKey as Buffer).getValue())).toBe(String(row?.["place"]));
  });

  test("report a failed write without hiding another", async () => {
    const root = newRoot();
    const impossible = { ...recordOf(root, "impossible"), version: 0.5 };
    const outcomes = await items.put([recordOf(root, "a"), impossible, recordOf(root, "b")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await items.get([recordOf(root, "a"), impossible, recordOf(root, "b")])).map((r) => r?.key)).toEqual([
      "a",
      undefined,
      "b",
    ]);
  });
});

describe("two writes of equal timestamps", () => {
  test("leave exactly one of them, in any order and interleaving", async () => {
    const root = newRoot();
    for (let round = 0; round < 20; round += 1) {
      const one = recordOf(root, `key-${round}`, { value: { by: "one", pad: "1".repeat(round * 3_000) }, vectorCount: 2 });
      const two = recordOf(root, one.key, { version: one.version, created: one.created, value: { by: "two" }, index: false });
      await Promise.all([one, two, one, two].map((record) => putAll(items, [record])));
      const [read] = await items.get([one]);
      expect([one, two]).toContainEqual({ ...read, value: { ...read?.value, bytes: Buffer.from(read?.value?.bytes ?? []) } });
    }
  });
});

describe("the namespace registry", () => {
  const registrations = (execute: { mock: { calls: unknown[][] } }): number =>
    execute.mock.calls.filter(([query]) => String(query).includes(".namespaces")).length;

  test("performance pin: is written once per lease, for any number of puts, and before the item", async () => {
    const root = newRoot();
    const execute = spyOnStatements(client);
    await Promise.all(Array.from({ length: 30 }, (_, n) => putAll(items, [recordOf(root, `key-${n}`)])));
    expect(registrations(execute)).toBe(1);
    expect(execute.mock.calls[0]?.[0]).toContain(".namespaces");
    expect(execute).toHaveBeenCalledTimes(31);
    time = Date.now() + REGISTRATION_TTL_MS - 1_000;
    await putAll(items, [recordOf(root, "later")]);
    expect(registrations(execute)).toBe(1);
    time = Date.now() + REGISTRATION_TTL_MS + 1_000;
    await putAll(items, [recordOf(root, "even later")]);
    expect(registrations(execute)).toBe(2);
  });

  test("performance pin: is written once more for an item without vectors, and not for the marker of a delete", async () => {
    const root = newRoot();
    const execute = spyOnStatements(client);
    await putAll(items, [recordOf(root, "gone", { value: null, vectorCount: 0 })]);
    expect(registrations(execute)).toBe(0);
    await putAll(items, [recordOf(root, "scored")]);
    await putAll(items, [recordOf(root, "unscored", { vectorCount: 0 }), recordOf(root, "another", { vectorCount: 0 })]);
    expect(registrations(execute)).toBe(2);
    await putAll(items, [recordOf(root, "scored too")]);
    expect(registrations(execute)).toBe(2);
    expect(await flagsBelow(items, root)).toEqual({ [root]: true });
  });

  test("that is not writable fails the put before its item is written, and the next put retries it", async () => {
    const root = newRoot();
    const execute = spyOnStatements(client).mockRejectedValueOnce(new Error("Socket was closed"));
    const record = recordOf(root, "key");
    expect(await items.put([record])).toMatchObject([{ status: "rejected", reason: { code: "CONNECTION" } }]);
    expect(await items.get([record])).toEqual([null]);
    execute.mockClear();
    await putAll(items, [record]);
    expect(registrations(execute)).toBe(1);
  });

  test("names every one of 12,000 namespaces, from the root and from a prefix", async () => {
    const root = newRoot();
    const paths = Array.from({ length: 12_000 }, (_, n) => `${root}.n${n}`);
    for (let start = 0; start < paths.length; start += 1_000) {
      await putAll(items, paths.slice(start, start + 1_000).map((path) => recordOf(path, "key", { value: null })));
      await Promise.all(
        paths.slice(start, start + 1_000).map((path) => putAll(items, [recordOf(path, "key")])),
      );
    }
    expect(new Set(await registeredBelow(items, root))).toEqual(new Set(paths));
    const all = new Set(await registeredBelow(items, "", { limit: 4_000 }));
    expect(paths.filter((path) => !all.has(path))).toEqual([]);
  });
});

describe("result pages of the driver", () => {
  test("are read to the end, past empty ones, as ScyllaDB sends them", async () => {
    const root = newRoot();
    const records = Array.from({ length: 60 }, (_, n) => recordOf(root, `key-${String(n).padStart(2, "0")}`));
    await putAll(items, records);
    const execute = client.execute.bind(client) as Execute;
    const emptyPage = { rows: [], pageState: "empty" };
    let sentEmpty = 0;
    const paged: Execute = async (query, params, { pageState, ...options }) => {
      if (query.includes("items_by_creation") && pageState === undefined) {
        sentEmpty += 1;
        return emptyPage as never;
      }
      return execute(query, params, { ...options, fetchSize: 7, ...(pageState === "empty" ? {} : { pageState }) });
    };
    vi.spyOn(client, "execute").mockImplementation(paged as never);
    const keys: string[] = [];
    let after: ListPosition | null = null;
    do {
      const page: ListPage = await items.list({ namespace: root, order: "oldest", after, limit: 12 });
      keys.push(...page.records.map(({ key }) => key));
      after = page.next;
    } while (after !== null);
    expect(keys).toEqual(records.map(({ key }) => key));
    expect(sentEmpty).toBeGreaterThan(1);
  });
});

describe("settings", () => {
  test("keep the first value", async () => {
    const name = randomUUID();
    expect(await settings.read(name)).toBeNull();
    expect(await settings.establish(name, "first")).toBe("first");
    expect(await settings.establish(name, "zzz")).toBe("first");
    expect(await settings.read(name)).toBe("first");
  });

  test("of concurrent writers return the same value to all", async () => {
    const names = Array.from({ length: 20 }, () => randomUUID());
    await Promise.all(
      names.map(async (name) => {
        const answers = await Promise.all(["a", "c", "b", "d"].map((value) => settings.establish(name, value)));
        expect(new Set(answers).size).toBe(1);
        expect(await settings.read(name)).toBe(answers[0]);
      }),
    );
  });

  test("wait for an earlier write in flight, in its rival and in readers of the rival's value", async () => {
    const name = randomUUID();
    const table = `"${keyspace}".settings`;
    const rival = settings.establish(name, "rival");
    const timestamp = await vi.waitUntil(async () => {
      const query = `SELECT writetime(value) AS timestamp FROM ${table} WHERE name = ?`;
      return (await client.execute(query, [name], { prepare: true })).rows[0]?.["timestamp"] as unknown;
    }, { timeout: 120_000 });
    const finder = settings.establish(name, "another");
    const earlier = String(Number(String(timestamp)) + 5);
    const write = `INSERT INTO ${table} (name, value) VALUES (?, 'earlier') USING TIMESTAMP ?`;
    await client.execute(write, [name, earlier], { prepare: true });
    expect(await Promise.all([rival, finder])).toEqual(["earlier", "earlier"]);
  });

  test("are not changed by a writer that was delayed between read and write", async () => {
    const name = randomUUID();
    const late = spyOnStatements(client);
    await settings.establish(name, "first");
    late.mockReturnValueOnce(Promise.resolve({ rows: [], pageState: null }) as never);
    expect(await settings.establish(name, "zzz, late")).toBe("first");
  });
});
