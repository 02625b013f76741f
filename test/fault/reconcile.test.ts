/** Vectors that differ from their records are fixed by the reconciler and by repair. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { startQdrant, type LocalQdrant } from "../servers/qdrant.ts";
import { dropCollections, dropKeyspace, qdrantClient, patientConfig, uniqueName } from "../support/stores.ts";
import { SwitchedEmbeddings } from "../support/switched-embeddings.ts";

const servers = inject("servers");

let qdrant: LocalQdrant;
let keyspace: string;
let store: ScyllaDBStore;
const embeddings = new SwitchedEmbeddings({ dims: 64 });

beforeAll(async () => {
  qdrant = await startQdrant();
});
afterAll(() => qdrant.stop());

beforeEach(async () => {
  embeddings.down = false;
  keyspace = uniqueName("reconcile");
  store = await connect();
});
afterEach(async () => {
  await store.stop();
  await dropKeyspace(servers, keyspace);
});

function connect(more: Partial<Parameters<typeof ScyllaDBStore.connect>[0]> = {}): Promise<ScyllaDBStore> {
  return ScyllaDBStore.connect({
    ...patientConfig(servers, keyspace),
    qdrant: { url: qdrant.url },
    index: { dims: 64, embeddings, fields: ["text"] },
    retry: { maxAttempts: 1 },
    breaker: { failures: 100, halfOpenAfterMs: 100 },
    reconcile: { flushMs: 0, tickMs: 3_600_000 },
    ...more,
  });
}

async function points(): Promise<number> {
  const client = qdrantClient({ ...servers, qdrant: { url: qdrant.url } });
  const { collections } = await client.getCollections();
  const name = collections.find((each) => each.name.startsWith(`${keyspace}_`))?.name ?? "";
  return (await client.count(name, { exact: true })).count;
}

test("the reconciler completes a put, a delete and an unindexing that Qdrant missed", async () => {
  for (const key of ["deleted", "cleared", "changed"]) await store.put(["a"], key, { text: `green ${key}` });
  expect(await points()).toBe(3);
  await qdrant.kill();
  const outcomes = await Promise.allSettled([
    store.put(["a"], "new", { text: "green new" }),
    store.put(["a"], "changed", { text: "red iron" }),
    store.put(["a"], "cleared", { text: "green cleared" }, false),
    store.delete(["a"], "deleted"),
  ]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "VECTOR_SYNC", stored: true, queued: true } });
  }
  await qdrant.restart({ data: "keep" });
  expect(await store.reconcile()).toMatchObject({ failed: 0 });
  const found = await store.search(["a"], { query: "green new" });
  expect(found.map(({ key, score }) => [key, score === undefined])).toEqual([["new", false], ["changed", false], ["cleared", true]]);
  expect(await points()).toBe(2);
  expect(await store.reconcile()).toMatchObject({ examined: 0 });
});

test.each(["keyword", "hybrid", "semantic"] as const)(
  "%s: after a put and a delete that Qdrant missed, old terms find nothing and new terms find the item, before and after the reconciler runs",
  async (mode) => {
    await store.put(["a"], "changed", { text: "a pot of green tea" });
    await store.put(["a"], "deleted", { text: "a pot of white tea" });
    await store.put(["a"], "steel", { text: "iron and steel" });
    await qdrant.kill();
    await expect(store.put(["a"], "changed", { text: "strong black coffee" })).rejects.toMatchObject({ code: "VECTOR_SYNC", stored: true });
    await expect(store.delete(["a"], "deleted")).rejects.toMatchObject({ code: "VECTOR_SYNC", stored: true });
    await qdrant.restart({ data: "keep" });
    const find = async (query: string) => {
      const results = await store.search(["a"], { query, mode });
      expect(results.info).toMatchObject({ mode, source: "index", degraded: false, reason: null });
      return results.map(({ key, value, score }) => ({ key, text: value["text"] as string, isScored: score !== undefined }));
    };
    const changed = { key: "changed", text: "strong black coffee" };
    const steel = { key: "steel", text: "iron and steel", isScored: true };
    // Qdrant still has both points with the old terms. Similarity ranks every item; those that are not indexed follow without a score.
    expect(await points()).toBe(3);
    expect(await find("pot of tea")).toEqual(mode === "keyword" ? [] : [steel, { ...changed, isScored: false }]);
    expect(await find("coffee")).toEqual([...(mode === "keyword" ? [] : [steel]), { ...changed, isScored: false }]);
    expect(await points()).toBe(3);
    expect(await store.reconcile()).toMatchObject({ failed: 0 });
    expect(await points()).toBe(2);
    if (mode === "keyword") expect(await find("pot of tea")).toEqual([]);
    expect((await find("coffee"))[0]).toEqual({ ...changed, isScored: true });
  },
);

test("a deferred put resolves while Qdrant is down, its item is listed, and it is indexed later", async () => {
  await store.stop();
  store = await connect({ vectorSync: "deferred" });
  await qdrant.kill();
  await store.put(["a"], "k", { text: "green tea" });
  await qdrant.restart({ data: "keep" });
  const before = await store.search(["a"], { query: "green" });
  expect(before.map(({ key, score }) => [key, score])).toEqual([["k", undefined]]);
  await store.reconcile();
  const [after] = await store.search(["a"], { query: "green" });
  expect(after?.score).toBeGreaterThan(0.5);
});

test("with store-unindexed, an item whose text cannot be embedded is stored, listed, and indexed later", async () => {
  await store.stop();
  store = await connect({ embeddingFailure: "store-unindexed" });
  embeddings.down = true;
  await store.put(["a"], "k", { text: "green tea" });
  embeddings.down = false;
  expect((await store.search(["a"], { query: "green" })).map(({ score }) => score)).toEqual([undefined]);
  expect(await store.reconcile()).toMatchObject({ settled: 1, failed: 0 });
  expect((await store.search(["a"], { query: "green" }))[0]?.score).toBeGreaterThan(0.5);
});

test("concurrent puts with and without vectors leave no orphaned point", async () => {
  const keys = Array.from({ length: 40 }, (_, i) => `${i}`);
  await Promise.all(
    keys.flatMap((key) => [store.put(["a"], key, { text: "green" }), store.put(["a"], key, { text: "green" }, false)]),
  );
  await Promise.all(keys.map((key) => store.delete(["a"], key)));
  await store.reconcile();
  await store.reconcile();
  expect(await points()).toBe(0);
});

test("after a restart with a lost collection, searches are degraded, never empty, until the automatic rebuild completes", async () => {
  for (let i = 0; i < 30; i += 1) await store.put(["a", `${i}`], "k", { text: `green tea ${i}` });
  await store.stop();
  await dropCollections({ ...servers, qdrant: { url: qdrant.url } }, keyspace);
  embeddings.down = true;
  store = await connect();
  const first = await store.search(["a"], { query: "green", limit: 50 });
  expect(first).toHaveLength(30);
  embeddings.down = false;
  await expect.poll(async () => (await store.search(["a"], { query: "green" })).info.mode).toBe("semantic");
  const after = await store.search(["a"], { query: "green", limit: 50 });
  expect(after.filter(({ score }) => score !== undefined)).toHaveLength(30);
});

test("concurrent puts and deletes of one key all succeed, and the vectors match the record", async () => {
  const other = await connect();
  const stores = [store, other];
  for (let round = 0; round < 15; round += 1) {
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => {
        const each = stores[i % 2] as ScyllaDBStore;
        return i % 3 === 2 ? each.delete(["a"], "k") : each.put(["a"], "k", { text: `green ${round} ${i}` });
      }),
    );
  }
  await other.stop();
  await store.reconcile();
  const item = await store.get(["a"], "k");
  expect(await points()).toBe(item === null ? 0 : 1);
  if (item !== null) expect((await store.search(["a"], { query: String(item.value["text"]) }))[0]?.score).toBeGreaterThan(0.99);
});
