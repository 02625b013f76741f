/** Differences between records and vectors that others caused are repaired; expired items are swept. */
import { ScyllaDBStore, type RepairProgress } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, beforeEach, expect, inject, onTestFinished, test, vi } from "vitest";
import { pointId } from "../../src/backends/qdrant/point.ts";
import { dropCollections, dropKeyspace, qdrantClient, patientConfig, uniqueName, withCql } from "../support/stores.ts";

const servers = inject("servers");
const qdrant = qdrantClient(servers);
const dims = 64;

let keyspace: string;
let store: ScyllaDBStore;

beforeEach(async () => {
  keyspace = uniqueName("repair");
  store = await ScyllaDBStore.connect({
    ...patientConfig(servers, keyspace),
    index: { dims, embeddings: new HashEmbeddings({ dims }), fields: ["text"] },
    reconcile: { flushMs: 0, tickMs: 3_600_000 },
  });
});
afterEach(async () => {
  await store.stop();
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

/** The collection of the store under test. */
async function collection(): Promise<string> {
  const { collections } = await qdrant.getCollections();
  return collections.find(({ name }) => name.startsWith(`${keyspace}_`))?.name ?? "";
}

const idOf = (key: string): string => pointId({ namespace: "a", key });
const points = async (): Promise<number> => (await qdrant.count(await collection(), { exact: true })).count;

/** Five items and four faults: a missing point, a point of another write, a point without a record, an unlisted record. */
async function breakSome(): Promise<void> {
  for (const key of ["fine", "missing", "stale"]) await store.put(["a"], key, { text: `green ${key}` });
  await store.put(["a"], "plain", { text: "not indexed" }, false);
  const name = await collection();
  const [model] = await qdrant.retrieve(name, { ids: [idOf("fine")], with_payload: true, with_vector: true });
  await qdrant.delete(name, { wait: true, points: [idOf("missing")] });
  await qdrant.setPayload(name, { wait: true, points: [idOf("stale")], payload: { write_id: "of another write" } });
  await qdrant.upsert(name, {
    wait: true,
    points: [{ id: idOf("orphan"), vector: model?.vector as number[][], payload: { ...model?.payload, key: "orphan" } }],
  });
  // As if only half of a write had arrived.
  await withCql(servers, async (client) => {
    const { rows } = await client.execute(
      `SELECT record, writetime(record) AS written FROM "${keyspace}".items WHERE namespace = 'a' AND bucket = 0 AND key = 'plain'`,
    );
    await client.execute(
      `INSERT INTO "${keyspace}".items (namespace, bucket, key, record) VALUES ('a', 0, 'unlisted', ?) USING TIMESTAMP ?`,
      [rows[0]?.["record"], rows[0]?.["written"]],
      { prepare: true },
    );
  });
}

const faults = { examined: 5, missing: 1, stale: 1, orphaned: 1, unlisted: 1, unreadable: 0, emptyNamespaces: 0, failed: 0 };
const none = { ...faults, missing: 0, stale: 0, orphaned: 0, unlisted: 0 };

test("a dry run counts differences without changes, and a repair fixes them", async () => {
  await breakSome();
  expect(await store.repair({ dryRun: true })).toEqual(faults);
  expect(await store.repair({ dryRun: true })).toEqual(faults);
  const reported: RepairProgress[] = [];
  expect(await store.repair({ onProgress: (progress) => reported.push(progress) })).toEqual(faults);
  expect(new Set(reported.map(({ phase }) => phase))).toEqual(new Set(["records", "points"]));
  expect(reported.at(-1)).toMatchObject({ phase: "points", done: 1 });
  expect(await store.repair()).toEqual(none);
  const listed = await store.search(["a"], { limit: 10 });
  expect(listed.map(({ key }) => key)).toContain("unlisted");
  for (const key of ["fine", "missing", "stale"]) {
    const [best] = await store.search(["a"], { query: `green ${key}`, limit: 1 });
    expect([best?.key, (best?.score ?? 0) > 0.99]).toEqual([key, true]);
  }
  expect(await points()).toBe(3);
});

test("a repair ends on abort", async () => {
  await store.put(["a"], "k", { text: "tea" });
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(store.repair({ signal })).rejects.toThrow("enough");
});

test("stale vectors that a search finds are repaired automatically", async () => {
  await store.put(["a"], "k", { text: "green tea" });
  const name = await collection();
  await qdrant.setPayload(name, { wait: true, points: [idOf("k")], payload: { write_id: "of another write" } });
  const before = await store.search(["a"], { query: "green tea" });
  // Its vectors are stale, so it has no score, but it is still returned.
  expect(before.map(({ key, score }) => [key, score])).toEqual([["k", undefined]]);
  expect(await store.reconcile()).toMatchObject({ stale: 1 });
  const [after] = await store.search(["a"], { query: "green tea" });
  expect(after?.score).toBeGreaterThan(0.99);
});

test("vectors of expired items are swept, and those of refreshed items stay", async () => {
  const MINUTE = 60_000;
  const begun = Date.now();
  // The clock of the store, so that nothing expires because the machine is slow.
  vi.useFakeTimers({ toFake: ["Date"], now: begun });
  onTestFinished(() => void vi.useRealTimers());
  await store.put(["a"], "ends", { text: "green ends" }, undefined, { expiresAt: new Date(begun + MINUTE) });
  await store.put(["a"], "stays", { text: "green stays" });
  await store.put(["a"], "renewed", { text: "green renewed" }, undefined, { ttl: 10 });
  vi.setSystemTime(begun + MINUTE + 1_000);
  expect(await store.get(["a"], "ends")).toBeNull();
  expect(await points()).toBe(3);
  // Not before a read of the live item could have refreshed it.
  expect((await store.sweep()).points).toBe(0);
  for (const [refreshes, minutes] of [6, 12].entries()) {
    vi.setSystemTime(begun + minutes * MINUTE);
    expect(await store.get(["a"], "renewed")).not.toBeNull();
    await expect.poll(() => store.stats().ttlRefresh.written).toBe(refreshes + 1);
  }
  vi.setSystemTime(begun + 17 * MINUTE);
  expect((await store.sweep()).points).toBe(1);
  expect(await points()).toBe(2);
  expect((await store.sweep()).points).toBe(0);
  const [best] = await store.search(["a"], { query: "green renewed", limit: 1 });
  expect([best?.key, (best?.score ?? 0) > 0.99]).toEqual(["renewed", true]);
});
