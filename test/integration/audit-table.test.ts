/** The audit trail in the database, beside the records. */
import { randomBytes, randomUUID } from "node:crypto";
import { types } from "cassandra-driver";
import { aesGcmCodec, ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, describe, expect, inject, test } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import type { AuditEntry } from "../../src/ports/audit.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { present, rejectionOf } from "../../src/testing/expectations.ts";
import { dropCollections, dropKeyspace, qdrantClient, serverConfig, uniqueName, withCql } from "../support/stores.ts";

const servers = inject("servers");
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(config: Omit<ScyllaDBStoreConfig, "cql" | "qdrant">): Promise<{ store: ScyllaDBStore; keyspace: string }> {
  const keyspace = uniqueName("audit");
  const { qdrant, ...rest } = serverConfig(servers, keyspace);
  cleanups.push(async () => {
    await dropKeyspace(servers, keyspace);
    await dropCollections(servers, keyspace);
  });
  const store = await ScyllaDBStore.connect({ ...rest, ...(config.index === undefined ? {} : { qdrant }), ...config });
  cleanups.push(() => store.stop());
  return { store, keyspace };
}

/** Returns all rows, oldest first, read by day and shard as an operator does. */
async function rowsOf(keyspace: string): Promise<types.Row[]> {
  const days = [Date.now() - 60_000, Date.now()].map((time) => new Date(time).toISOString().slice(0, 10));
  const rows = await withCql(servers, async (client) => {
    const columns = "begun_at, actor, operation, namespace, key, version, outcome, duration_ms, TTL(operation) AS ttl";
    const asked = `SELECT ${columns} FROM "${keyspace}".audit WHERE day = ? AND shard IN (0,1,2,3,4,5,6,7,8,9)`;
    return Promise.all([...new Set(days)].map((day) => client.execute(asked, [types.LocalDate.fromString(day)], { prepare: true })));
  });
  return rows.flatMap((result) => result.rows).sort((a, b) => Number(a["version"] ?? Infinity) - Number(b["version"] ?? Infinity));
}

describe("the audit table", () => {
  test("has one row per operation with actor, item, time, version and outcome, and expires it", async () => {
    const { store, keyspace } = await open({ audit: { table: { retentionDays: 2 } } });
    const view = store.scoped(["tenants", "a:b"]).with({ actor: "ann'; DROP TABLE x; --" });
    await view.put(["notes"], "k\u0000\"\n", { text: "hidden" });
    await view.delete(["notes"], "k\u0000\"\n");
    await store.batch(Array.from({ length: 20 }, (_, n) => ({ namespace: ["b"], key: String(n), value: { n } })));
    const rows = await rowsOf(keyspace);
    expect(rows).toHaveLength(22);
    const [put, deleted, batched] = rows.map((row) => present(row));
    expect(put).toMatchObject({ actor: "ann'; DROP TABLE x; --", operation: "put", namespace: "tenants.a:b.notes", key: "k\u0000\"\n", outcome: "ok" });
    expect(deleted).toMatchObject({ operation: "delete", outcome: "ok" });
    expect(Number(present(put)["version"])).toBeGreaterThan(Date.UTC(2020, 0) * 1000);
    expect(batched).toMatchObject({ actor: null, operation: "put", namespace: "b" });
    expect(present(put)["begun_at"]).toBeInstanceOf(Date);
    for (const row of rows) {
      expect(row["ttl"]).toBeGreaterThan(2 * 86_400 - 600);
      expect(row["ttl"]).toBeLessThanOrEqual(2 * 86_400);
    }
    expect(JSON.stringify(rows)).not.toContain("hidden");
  });

  test("an erasure deletes namespace, key and the subject's actor from its rows, also of writers with a fast clock", async () => {
    const { store, keyspace } = await open({ audit: { table: {}, reads: true } });
    await store.with({ actor: "mia" }).put(["users", "mia"], "food", { n: 1 });
    await store.with({ actor: "support" }).get(["users", "mia", "notes"], "n1");
    await store.with({ actor: "mia@example.com" }).put(["shared"], "list", { n: 1 });
    await store.with({ actor: "mia2" }).put(["users", "mia2"], "food", { n: 1 });
    await withCql(servers, (client) =>
      client.execute(
        `INSERT INTO "${keyspace}".audit (day, shard, begun_at, id, actor, operation, namespace, key) VALUES (?, 3, ?, uuid(), 'mia', 'put', 'users.mia', 'ahead') USING TIMESTAMP ?`,
        [types.LocalDate.fromDate(new Date()), new Date(), types.Long.fromNumber((Date.now() + 1_800_000) * 1_000)],
        { prepare: true },
      ),
    );
    const subject = { prefix: ["users", "mia"], audit: true, auditActors: ["mia@example.com"], actor: "officer" };
    expect(await store.erase({ ...subject, dryRun: true })).toMatchObject({ audit: { where: ["the audit table"], entries: 5, failed: null } });
    const report = await store.erase(subject);
    expect(report).toMatchObject({ complete: true, audit: { failed: null } });
    const text = JSON.stringify(await rowsOf(keyspace));
    expect(text).not.toMatch(/users\.mia(?!2)|n1|ahead|mia@|"mia"/);
    expect(text).toMatch(/officer/);
    const rows = (await rowsOf(keyspace)).filter((row) => row["operation"] === "put");
    expect(rows.map((row): unknown[] => [row["actor"], row["namespace"], row["key"]])).toEqual([
      [null, null, null],
      [null, "shared", "list"],
      ["mia2", "users.mia2", "food"],
      [null, null, null],
    ]);
    // The search of the dry run itself, as reads are audited.
    expect(await store.erase({ ...subject, dryRun: true })).toMatchObject({ audit: { entries: 1 } });
  });

  test("an erasure whose audit part fails reports it, is not complete, and says nothing else is left", async () => {
    const { store, keyspace } = await open({});
    await store.put(["users", "mia"], "food", { n: 1 });
    await withCql(servers, (client) => client.execute(`DROP TABLE "${keyspace}".audit`, [], { readTimeout: 60_000 }));
    expect(await store.erase({ prefix: ["users", "mia"], audit: true })).toMatchObject({
      complete: false,
      erased: { items: 1 },
      audit: { failed: expect.stringContaining("the audit table: ") as string },
    });
  });

  test("stops writes under block while it is not writable, and lets reads continue", async () => {
    const { store, keyspace } = await open({ audit: { table: {} } });
    await store.put(["a"], "k", { n: 1 });
    await withCql(servers, (client) => client.execute(`DROP TABLE "${keyspace}".audit`, [], { readTimeout: 60_000 }));
    expect(await rejectionOf(store.put(["a"], "k", { n: 2 }))).toMatchObject({ code: "AUDIT", applied: false });
    expect((await store.get(["a"], "k"))?.value).toEqual({ n: 1 });
  });
});

describe("values and points of the codec on servers", () => {
  /** Returns the payload of the only point. */
  async function payload(keyspace: string): Promise<string> {
    const client = qdrantClient(servers);
    const { points } = await client.scroll(keyspace, { with_payload: true, limit: 10 });
    expect(points).toHaveLength(1);
    return JSON.stringify(points[0]?.payload);
  }

  test("the point contains nothing of the value, unless index.payload includes it", async () => {
    const codec = aesGcmCodec({ keys: { k1: randomBytes(32) }, current: "k1" });
    const { store, keyspace } = await open({ index: { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] }, codec });
    await store.put(["a"], "k", { text: "whispered words", lang: "klingon" });
    expect((await store.search(["a"], { query: "whispered", filter: { lang: "klingon" } })).map(({ key }) => key)).toEqual(["k"]);
    expect(await payload(keyspace)).not.toMatch(/klingon|whispered|lang/);
  });

  test("the record contains nothing in clear text, and the point only the payload paths", async () => {
    const index = { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"], payload: ["lang"] };
    const codec = aesGcmCodec({ keys: { k1: randomBytes(32) }, current: "k1" });
    const { store, keyspace } = await open({ index, codec });
    const value = { text: "whispered words", lang: "en", mood: "gloomy" };
    await store.put(["a"], "k", value);
    expect((await store.get(["a"], "k"))?.value).toEqual(value);
    for (const filter of [{ lang: "en" }, { mood: "gloomy" }, { $or: [{ mood: "gloomy" }, { lang: "de" }] }]) {
      expect((await store.search(["a"], { query: "whispered", filter })).map(({ key }) => key)).toEqual(["k"]);
    }
    expect(await store.search(["a"], { query: "whispered", filter: { mood: "merry" } })).toEqual([]);
    const stored = await payload(keyspace);
    expect(stored).toContain("lang=string:en");
    expect(stored).not.toMatch(/gloomy|whispered/);
    const records = await withCql(servers, (client) => client.execute(`SELECT record FROM "${keyspace}".items`));
    const bytes = records.rows[0]?.["record"] as Buffer;
    expect(bytes.includes("k1")).toBe(true);
    for (const text of ["whispered", "gloomy", "lang"]) expect(bytes.includes(text)).toBe(false);
  });
});

test("an entry that the audit table refuses fails alone; the other entries of its group are written", async () => {
  const keyspace = uniqueName("audit");
  const backend = new CqlBackend({ ...servers.cql, keyspace }, { setup: "auto", logger: silentLogger });
  cleanups.push(() => dropKeyspace(servers, keyspace), () => backend.stop());
  await backend.start();
  const time = new Date().toISOString();
  const entry = (key: string, id: string): AuditEntry => ({
    id,
    phase: "outcome",
    time,
    actor: null,
    operation: "put",
    namespace: ["a"],
    key,
    version: 1,
    outcome: "ok",
    durationMs: 1,
  });
  const table = backend.auditTable(1);
  const outcomes = await table.write([entry("first", randomUUID()), entry("bad", "00000000 is no uuid"), entry("last", randomUUID())]);
  expect(outcomes).toMatchObject([{ status: "fulfilled" }, { status: "rejected" }, { status: "fulfilled" }]);
  expect((await rowsOf(keyspace)).map((row) => String(row["key"])).sort()).toEqual(["first", "last"]);
});
