/** An intent, record or point that cannot be processed does not block the others. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore, type Codec, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { Connection, toBytes } from "../../src/backends/sqlite/connection.ts";
import { SqliteItemRepository } from "../../src/backends/sqlite/item-repository.ts";
import { SqliteOutbox } from "../../src/backends/sqlite/outbox.ts";
import { QueryError, SchemaError } from "../../src/model/errors.ts";
import type { ItemId, ItemRecord } from "../../src/model/item.ts";
import { PATIENT } from "../support/patient.ts";

/** An embedding provider that rejects every text while a flag is set. A rejection, because an outage is retried for seconds. */
class SwitchedEmbeddings extends HashEmbeddings {
  isRejecting = false;

  protected override vectorOf(text: string): number[] {
    if (this.isRejecting) throw Object.assign(new Error("content policy"), { status: 400 });
    return super.vectorOf(text);
  }
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function open(more: Omit<EmbeddedStoreConfig, "path"> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "upkeep-isolation-"));
  const path = join(directory, "store.db");
  const embeddings = new SwitchedEmbeddings();
  const index = { dims: embeddings.dims, embeddings, fields: ["text"] };
  const store = await ScyllaDBStore.embedded({ path, limits: PATIENT, index, embeddingFailure: "store-unindexed", ...more });
  onTestFinished(async () => {
    await store.stop();
    await rm(directory, { recursive: true });
  });
  return { store, embeddings, path };
}

type Get = (this: SqliteItemRepository, ids: readonly ItemId[]) => Promise<(ItemRecord | null)[]>;

/**
 * Makes it possible to fail reads of the records of one namespace, as if they had a newer format. The store binds the methods
 * of its repositories when it is created, so this comes before.
 */
function unreadableRecords(): { makeUnreadable: (namespace: string) => void } {
  let unreadable: string | undefined;
  const get = Object.getOwnPropertyDescriptor(SqliteItemRepository.prototype, "get")?.value as Get;
  vi.spyOn(SqliteItemRepository.prototype, "get").mockImplementation(async function (this: SqliteItemRepository, ids) {
    if (ids.some((id) => id.namespace === unreadable)) throw new SchemaError("A record is in a newer format.");
    return get.call(this, ids);
  });
  return { makeUnreadable: (namespace) => (unreadable = namespace) };
}

const flush = { graceMs: 60_000, flushMs: 0, tickMs: 3_600_000 };

test("reconcile completes writes although the outbox has intents in a newer format, and reports those", async () => {
  const { store, embeddings, path } = await open({ reconcile: flush });
  embeddings.isRejecting = true;
  await store.put(["a"], "k", { text: "tea" });
  const connection = new Connection(path);
  connection.exec("PRAGMA busy_timeout = 5000");
  const insert = connection.writer("INSERT INTO outbox (due_at, id, batch) VALUES (?, ?, ?)");
  connection.transaction("IMMEDIATE", () => {
    for (let n = 0; n < 1_500; n += 1) insert([n, toBytes(`newer-${n}`), new Uint8Array(Buffer.from('{"b":2}'))]);
  });
  connection.close();
  embeddings.isRejecting = false;
  expect(await store.reconcile()).toMatchObject({ settled: 1, failed: 0, unreadable: 1_500 });
  expect((await store.search(["a"], { query: "tea" }))[0]?.score).toBeCloseTo(1);
  expect((await store.health()).backlog).toMatchObject({ intents: 0, unreadable: 1_000, more: true });
});

test("an unreadable record of a completed write does not block due intents", async () => {
  const { makeUnreadable } = unreadableRecords();
  const { store, embeddings } = await open({ reconcile: flush });
  await store.put(["newer"], "k", { text: "coffee" });
  embeddings.isRejecting = true;
  await store.put(["a"], "k", { text: "tea" });
  embeddings.isRejecting = false;
  makeUnreadable("newer");
  expect(await store.reconcile()).toMatchObject({ settled: 1, failed: 1 });
  expect((await store.search(["a"], { query: "tea" }))[0]?.score).toBeCloseTo(1);
});

test("a batch of intents that cannot be postponed does not block later batches", async () => {
  const { makeUnreadable } = unreadableRecords();
  const add = vi.spyOn(SqliteOutbox.prototype, "add");
  const { store, embeddings } = await open({ reconcile: flush });
  embeddings.isRejecting = true;
  for (const namespace of ["newer", "a", "b"]) await store.put([namespace], "k", { text: "tea" });
  embeddings.isRejecting = false;
  makeUnreadable("newer");
  add.mockRejectedValue(new QueryError("The batch is too large."));
  expect(await store.reconcile()).toMatchObject({ settled: 2, failed: 1 });
});

test("a sweep deletes expired points after a thousand whose records are unreadable", async () => {
  const { makeUnreadable } = unreadableRecords();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  const { store } = await open({ reconcile: flush });
  const items = (namespace: string, count: number) =>
    Array.from({ length: count }, (_, n) => ({ namespace: [namespace], key: `${n}`, value: { text: `tea ${n}` }, ttl: 1 }));
  await store.batch(items("newer", 1_000));
  vi.setSystemTime(Date.now() + 1_000);
  await store.batch(items("a", 20));
  vi.setSystemTime(Date.now() + 120_000);
  makeUnreadable("newer");
  expect((await store.sweep()).points).toBe(20);
});

test("a repair counts a value that the codec decoded to garbage, and repairs the others", async () => {
  let isDamaged = false;
  const codec: Codec = {
    encode: (bytes) => bytes,
    decode: (bytes, { namespace }) => (isDamaged && namespace[0] === "damaged" ? Buffer.from("{") : bytes),
  };
  const { store, embeddings } = await open({ reconcile: flush, codec });
  await store.put(["damaged"], "k", { text: "coffee" });
  embeddings.isRejecting = true;
  await store.put(["a"], "k", { text: "tea" });
  embeddings.isRejecting = false;
  isDamaged = true;
  expect(await store.repair()).toMatchObject({ missing: 1, failed: 0, unreadable: 1, orphaned: 0 });
  expect((await store.search(["a"], { query: "tea" }))[0]?.score).toBeCloseTo(1);
});
