/** Deadlines, signals and bounds of operations. */
import { ScyllaDBStore, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, expect, test, vi } from "vitest";
import { SqliteOutbox } from "../../src/backends/sqlite/outbox.ts";
import { SqliteItemRepository } from "../../src/backends/sqlite/item-repository.ts";
import { SqliteVectorIndex } from "../../src/backends/sqlite/vector-index.ts";
import { IntentLog } from "../../src/core/intent-log.ts";
import { PATIENT } from "../support/patient.ts";

/** An embedding provider that answers when the test releases it. */
class HeldEmbeddings extends HashEmbeddings {
  #gate = Promise.withResolvers<void>();
  held = false;
  waiting = 0;

  release(): void {
    this.held = false;
    this.#gate.resolve();
    this.#gate = Promise.withResolvers<void>();
  }

  async #pass(): Promise<void> {
    if (!this.held) return;
    this.waiting += 1;
    await this.#gate.promise;
  }

  override async embedDocuments(documents: string[]): Promise<number[][]> {
    await this.#pass();
    return super.embedDocuments(documents);
  }

  override async embedQuery(text: string): Promise<number[]> {
    await this.#pass();
    return super.embedQuery(text);
  }
}

const stores: ScyllaDBStore[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(stores.splice(0).map((store) => store.stop()));
});

async function open(embeddings: HeldEmbeddings, more: Omit<EmbeddedStoreConfig, "path"> = {}): Promise<ScyllaDBStore> {
  const index = { dims: embeddings.dims, embeddings, fields: ["text"] };
  const store = await ScyllaDBStore.embedded({ path: ":memory:", index, ...more, limits: { ...PATIENT, ...more.limits } });
  stores.push(store);
  return store;
}

test("a delete of a missing item supersedes an in-doubt put that arrives later", async () => {
  // Before the store is composed, which binds the methods.
  const put = vi.spyOn(SqliteItemRepository.prototype, "put");
  const store = await open(new HeldEmbeddings(), { limits: { writeDeadlineMs: 1_000 } });
  const gate = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  put.mockImplementationOnce(async function (this: SqliteItemRepository, records) {
    await gate.promise;
    const outcomes = await this.put(records);
    written.resolve();
    return outcomes;
  });
  await expect(store.put(["a"], "k", { text: "late" })).rejects.toMatchObject({ code: "TIMEOUT" });
  await store.delete(["a"], "k");
  gate.resolve();
  await written.promise;
  expect(await store.get(["a"], "k")).toBeNull();
});

test("a put whose provider does not answer rejects at its deadline, and nothing is stored then or later", async () => {
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings, { limits: { writeDeadlineMs: 1_000 }, reconcile: { flushMs: 0 } });
  embeddings.held = true;
  // The provider is released only afterwards. Without a deadline, the put would never end.
  await expect(store.put(["a"], "k", { text: "tea" })).rejects.toMatchObject({ code: "EMBEDDING", retryable: true });
  embeddings.release();
  // After the late embedding, so that its effects have happened.
  await store.put(["a"], "other", { text: "tea" });
  expect(await store.get(["a"], "k")).toBeNull();
  expect((await store.reconcile()).watched).toBe(0);
});

test("with store-unindexed, a provider that does not answer does not delay the put beyond its deadline", async () => {
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings, { limits: { writeDeadlineMs: 2_000 }, embeddingFailure: "store-unindexed" });
  embeddings.held = true;
  await store.put(["a"], "k", { text: "tea" });
  expect((await store.get(["a"], "k"))?.value).toEqual({ text: "tea" });
  expect((await store.health()).events).toMatchObject({ "embedding-postponed": 1 });
  embeddings.release();
});

test("an abort ends a put that has not begun to write, and nothing is stored", async () => {
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings);
  embeddings.held = true;
  const controller = new AbortController();
  const put = store.put(["a"], "k", { text: "tea" }, undefined, { signal: controller.signal });
  await expect.poll(() => embeddings.waiting).toBe(1);
  controller.abort("changed my mind");
  await expect(put).rejects.toMatchObject({ name: "AbortError", code: "ABORTED", cause: "changed my mind" });
  embeddings.release();
  await store.put(["a"], "other", { text: "tea" });
  expect(await store.get(["a"], "k")).toBeNull();
});

test("an abort ends its search or its operation of a batch, and no other", async () => {
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings);
  await store.put(["a"], "k", { text: "tea" });
  embeddings.held = true;
  const controller = new AbortController();
  const search = store.search(["a"], { query: "green", signal: controller.signal });
  const batch = store.batch([
    { namespace: ["a"], key: "k" },
    { namespacePrefix: ["a"], query: "black", limit: 1, offset: 0, signal: controller.signal },
  ] as Parameters<typeof store.batch>[0]);
  controller.abort();
  await expect(search).rejects.toMatchObject({ code: "ABORTED", message: "The search was aborted by its caller." });
  await expect(batch).rejects.toMatchObject({
    code: "BATCH",
    outcomes: [{ status: "fulfilled", value: { key: "k" } }, { status: "rejected", reason: { code: "ABORTED" } }],
  });
  embeddings.release();
});

test("the error of an abort says of writes alone that they may be stored", async () => {
  const store = await open(new HeldEmbeddings());
  for (const [call, message] of [
    [(signal: AbortSignal) => store.get(["a"], "k", { signal }), /^The get was aborted by its caller\.$/],
    [(signal: AbortSignal) => store.search(["a"], { signal }), /^The search was aborted by its caller\.$/],
    [(signal: AbortSignal) => store.listNamespaces({ signal }), /^Listing the namespaces was aborted by its caller\.$/],
    [(signal: AbortSignal) => store.delete(["a"], "k", { signal }), /^The write was aborted by its caller\. If it had started, it continues and may be stored/],
  ] as const) {
    const controller = new AbortController();
    const aborted = call(controller.signal);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED", message: expect.stringMatching(message) as string });
  }
});

test("an aborted signal ends the call before it begins; a value that is not a signal is rejected", async () => {
  const store = await open(new HeldEmbeddings());
  const signal = AbortSignal.abort();
  for (const call of [
    store.get(["a"], "k", { signal }),
    store.put(["a"], "k", {}, false, { signal }),
    store.delete(["a"], "k", { signal }),
    store.search(["a"], { signal }),
    store.listNamespaces({ signal }),
  ]) {
    await expect(call).rejects.toMatchObject({ code: "ABORTED" });
  }
  expect(await store.get(["a"], "k")).toBeNull();
  const wrong = store.get(["a"], "k", { signal: "now" } as unknown as { signal: AbortSignal });
  await expect(wrong).rejects.toMatchObject({ code: "VALIDATION" });
});

test("searches beyond the bounds are rejected, and the others are answered", async () => {
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings, { limits: { maxConcurrentSearches: 1, maxQueuedSearches: 1 } });
  await store.put(["a"], "k", { text: "tea" });
  embeddings.held = true;
  const searches = ["one", "two", "three"].map((query) => store.search(["a"], { query }));
  await expect(searches[2]).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
  embeddings.release();
  expect((await Promise.all(searches.slice(0, 2))).map((results) => results.length)).toEqual([1, 1]);
});

test("puts beyond limits.maxPendingBytes are rejected, and nothing of them is stored", async () => {
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings, { limits: { maxPendingBytes: 1_000 } });
  embeddings.held = true;
  const first = store.put(["a"], "first", { text: "x".repeat(800) });
  await expect.poll(() => embeddings.waiting).toBe(1);
  await expect(store.put(["a"], "second", { text: "x".repeat(800) })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  embeddings.release();
  await first;
  expect(await store.get(["a"], "second")).toBeNull();
  await store.put(["a"], "second", { text: "x".repeat(5_000) });
});

test("stop aborts operations that do not end, and reports it", async () => {
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings, { limits: { drainMs: 100 } });
  embeddings.held = true;
  const put = store.put(["a"], "k", { text: "tea" });
  await expect.poll(() => embeddings.waiting).toBe(1);
  const given = expect(put).rejects.toMatchObject({ code: "CLOSED" });
  await store.stop();
  await given;
  embeddings.release();
  expect(await store.health()).toMatchObject({ status: "down", records: { error: expect.stringContaining("stopped") as string } });
});

test("a throwing or rejecting listener affects neither the put nor other listeners", async () => {
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings, { embeddingFailure: "store-unindexed" });
  await store.put(["a"], "k", { text: "tea" });
  expect(await store.health()).toEqual({
    status: "ok",
    records: { status: "up", latencyMs: expect.any(Number) as number, error: null, breaker: null },
    vectors: { status: "up", latencyMs: expect.any(Number) as number, error: null, breaker: null, complete: true, keywords: "ready", previousCollection: null },
    embeddings: { breaker: "closed" },
    backlog: { intents: 1, more: false, unreadable: 0, deadLettered: 0, overdueMs: 0 },
    audit: null,
    events: {},
  });
  const heard: string[] = [];
  store.on("embedding-postponed", () => {
    throw new Error("listener");
  });
  // An unhandled rejection would fail this run.
  store.on("embedding-postponed", () => Promise.reject(new Error("async listener")));
  store.on("embedding-postponed", ({ type }) => heard.push(type));
  vi.spyOn(embeddings, "embedDocuments").mockRejectedValue(new Error("down"));
  await store.put(["a"], "k2", { text: "other" });
  expect(heard).toEqual(["embedding-postponed"]);
  expect(await store.get(["a"], "k2")).not.toBeNull();
});

test.each([
  ["an error", () => new Error("no")],
  ["undefined", () => undefined],
  ["what has no text", () => Object.create(null) as unknown],
  ["an error whose message is a symbol", () => Object.assign(new Error("x"), { message: Symbol("x") })],
  ["a value that cannot be inspected", revoked],
])("a listener and a logger that both throw %s fail no call", async (_, thrown) => {
  let calls = 0;
  const fail = (): never => {
    calls += 1;
    throw thrown() as Error;
  };
  const embeddings = new HeldEmbeddings();
  const store = await open(embeddings, {
    embeddingFailure: "store-unindexed",
    logger: { debug: fail, info: fail, warn: fail, error: fail },
    logLevel: "debug",
  });
  store.on("embedding-postponed", fail);
  vi.spyOn(embeddings, "embedDocuments").mockRejectedValue(new Error("down"));
  await store.put(["a"], "k", { text: "tea" });
  expect((await store.get(["a"], "k"))?.value).toEqual({ text: "tea" });
  expect((await store.search(["a"])).map(({ key }) => key)).toEqual(["k"]);
  expect(calls).toBeGreaterThan(1);
});

/** A value that throws on any access. */
function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test("performance pin: intents of many writes are compared with their records in parts, so other calls run in between", async () => {
  const get = vi.spyOn(SqliteItemRepository.prototype, "get");
  const store = await open(new HeldEmbeddings(), { reconcile: { flushMs: 0 } });
  await store.batch(Array.from({ length: 1_000 }, (_, n) => ({ namespace: ["a", `${n % 7}`], key: `${n}`, value: { text: `tea ${n}` } })));
  get.mockClear();
  await vi.waitFor(async () => {
    await store.reconcile();
    expect(get.mock.calls.flatMap(([ids]) => ids)).toHaveLength(1_000);
  }, { timeout: 120_000 });
  expect(Math.max(...get.mock.calls.map(([ids]) => ids.length))).toBeLessThanOrEqual(200);
});

test("performance pin: a page that the prefix's own items fill is read without listing the namespaces below", async () => {
  const namespaces = vi.spyOn(SqliteItemRepository.prototype, "namespacesAfter");
  const store = await open(new HeldEmbeddings());
  await store.batch(["a", "b", "c"].map((key) => ({ namespace: ["user"], key, value: { key } })));
  await store.put(["user", "below"], "d", { key: "d" });
  const keys = async (limit: number): Promise<string[]> => (await store.search(["user"], { limit })).map(({ key }) => key);
  expect(await keys(2)).toEqual(["a", "b"]);
  const first = namespaces.mock.calls.length;
  expect(await keys(2)).toEqual(["a", "b"]);
  expect(namespaces.mock.calls).toHaveLength(first);
  expect(await keys(4)).toEqual(["a", "b", "c", "d"]);
  expect(namespaces.mock.calls.length).toBeGreaterThan(first);
});

test("performance pin: intents of many writes are read together when they are reconciled", async () => {
  const stored = vi.spyOn(SqliteVectorIndex.prototype, "stored");
  const get = vi.spyOn(SqliteItemRepository.prototype, "get");
  // As those of another process, which did not remove them.
  vi.spyOn(IntentLog.prototype, "takeCompleted").mockReturnValue([]);
  const store = await open(new HeldEmbeddings(), {});
  await store.batch(Array.from({ length: 100 }, (_, n) => ({ namespace: ["a"], key: `${n}`, value: { text: `tea ${n}` } })));
  for (const spy of [stored, get]) spy.mockClear();
  expect(await store.reconcile()).toMatchObject({ examined: 100, settled: 100, failed: 0 });
  for (const { mock } of [stored, get]) {
    expect(mock.calls.flatMap(([ids]) => ids)).toHaveLength(100);
    expect(mock.calls.length).toBeLessThan(10);
  }
});

test("a backlog count in flight is not repeated by further calls of health", async () => {
  const store = await open(new HeldEmbeddings());
  await store.put(["a"], "k", { text: "tea" });
  const gate = Promise.withResolvers<never>();
  const backlog = vi.spyOn(SqliteOutbox.prototype, "backlog").mockReturnValue(gate.promise);
  const answers = await Promise.all(Array.from({ length: 20 }, () => store.health()));
  expect(answers.map((health) => health.backlog)).toEqual(answers.map(() => null));
  expect(backlog).toHaveBeenCalledTimes(1);
  backlog.mockRestore();
  gate.reject(new Error("the count failed"));
  await vi.waitFor(async () => expect((await store.health()).backlog).not.toBeNull(), { timeout: 120_000 });
});

test("bulkhead.maxQueued bounds the queue of the local file, and can be raised while the store runs", async () => {
  const store = await ScyllaDBStore.embedded({ path: ":memory:", bulkhead: { maxQueued: 50 } });
  stores.push(store);
  const puts = (count: number) =>
    Promise.allSettled(Array.from({ length: count }, (_, n) => store.put(["import"], `${n}`, { n })));
  const refused = (await puts(200)).flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) {
    expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true, message: expect.stringContaining("bulkhead.maxQueued") as string });
    expect(error.message).not.toMatch(/Infinity|\b0 bytes/);
  }
  await store.reload({ path: ":memory:", bulkhead: { maxQueued: 100_000 } });
  expect((await puts(15_000)).filter(({ status }) => status === "rejected")).toEqual([]);
});
