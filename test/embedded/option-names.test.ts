/** Misspelled options of direct calls are errors; unknown fields of batched operations are ignored. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { AsyncBatchedStore } from "@langchain/langgraph-checkpoint";
import { afterAll, expect, test } from "vitest";

const embeddings = new HashEmbeddings();
const store = await ScyllaDBStore.embedded({ path: ":memory:", index: { dims: embeddings.dims, embeddings, fields: ["text"] } });
afterAll(() => store.stop());

/** Options of a caller without TypeScript. */
const untyped = (options: Record<string, unknown>): never => options as never;

test.each([
  ["search", "minscore", "minScore", () => store.search(["a"], untyped({ query: "tea", minscore: 0.9 }))],
  ["search", "min_score", "minScore", () => store.search(["a"], untyped({ min_score: 0.9 }))],
  ["search", "filters", "filter", () => store.search(["a"], untyped({ filters: { a: 1 } }))],
  ["get", "refreshTTL", "refreshTtl", () => store.get(["a"], "k", untyped({ refreshTTL: false }))],
  ["put", "expires_at", "expiresAt", () => store.put(["a"], "k", { text: "tea" }, undefined, untyped({ expires_at: new Date() }))],
  ["delete", "signl", "signal", () => store.delete(["a"], "k", untyped({ signl: null }))],
  ["listNamespaces", "maxdepth", "maxDepth", () => store.listNamespaces(untyped({ maxdepth: 1 }))],
  ["batch", "signals", "signal", () => store.batch([], untyped({ signals: [] }))],
  ["repair", "dryrun", "dryRun", () => store.repair(untyped({ dryrun: true }))],
])("%s() rejects %s and suggests %s", async (call, given, near, run) => {
  await expect(run()).rejects.toMatchObject({ code: "VALIDATION", message: expect.stringContaining(`${call}() has no option "${given}". Did you mean "${near}"?`) as string });
  expect(await store.get(["a"], "k")).toBeNull();
});

test("collection() and the puts and updates of a collection reject a misspelled option and suggest the nearest", async () => {
  expect(() => store.collection(["a"], untyped({ shema: {} }))).toThrow('collection() has no option "shema". Did you mean "schema"?');
  const items = store.collection(["a"]);
  for (const write of [items.put("k", { text: "tea" }, untyped({ indx: false })), items.update("k", {}, untyped({ indx: false }))]) {
    await expect(write).rejects.toThrow('has no option "indx". Did you mean "index"?');
  }
  await expect(items.search(untyped({ minscore: 1 }))).rejects.toThrow('search() has no option "minscore". Did you mean "minScore"?');
  expect(await store.get(["a"], "k")).toBeNull();
});

test.each([new Map([["limit", 1]]), new Date(0), new Set(), Promise.resolve(), /limit/, new AbortController().signal])("options that are %o are rejected with their kind", async (given) => {
  const options = given as never;
  const items = store.collection(["a"]);
  const isNoOption = expect.stringMatching(/The options of \w+\(\) must be a plain object, but got (Map|Date|Set|Promise|RegExp|AbortSignal)\./) as string;
  const calls = [
    store.search(["a"], options),
    store.get(["a"], "k", options),
    store.put(["a"], "k", { text: "tea" }, undefined, options),
    store.delete(["a"], "k", options),
    store.listNamespaces(options),
    store.repair(options),
    items.put("k", { text: "tea" }, options),
    items.update("k", {}, options),
    items.get("k", options),
    items.search(options),
  ];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "VALIDATION", message: isNoOption });
  for (const call of [() => store.collection(["a"], options), () => store.with(options)]) {
    expect(call).toThrow(expect.objectContaining({ code: "VALIDATION", message: isNoOption }) as Error);
  }
  expect(await store.get(["a"], "k")).toBeNull();
});

test("options may be an object of a class, or without a prototype", async () => {
  class Page {
    readonly limit = 1;
  }
  expect(await store.search(["none"], new Page())).toEqual([]);
  expect(await store.search(["none"], Object.assign(Object.create(null) as object, { limit: 1 }))).toEqual([]);
});

test.each(["on", "off"] as const)("%s() rejects an unknown event and suggests the nearest, and a listener that is no function", (call) => {
  expect(() => store[call]("breaker_open" as never, () => undefined)).toThrow(
    expect.objectContaining({ code: "VALIDATION", message: expect.stringContaining(`${call}() has no event "breaker_open". Did you mean "breaker-opened"?`) as string }) as Error,
  );
  expect(() => store[call]("nope" as never, () => undefined)).toThrow(`${call}() has no event "nope".`);
  expect(() => store[call]("toString" as never, () => undefined)).toThrow(`${call}() has no event "toString".`);
  expect(() => store[call](new Map() as never, () => undefined)).toThrow(`The event of ${call}() must be a text, but got Map.`);
  expect(() => store[call]("breaker-opened", "log" as never)).toThrow(`The listener of ${call}() must be a function, but got string.`);
});

test("with() rejects a misspelled default and suggests the nearest", () => {
  expect(() => store.with(untyped({ minscore: 1 }))).toThrow('with() has no option "minscore". Did you mean "minScore"?');
});

test("every option that LangGraph passes is accepted, even if undefined", async () => {
  await store.put(["b"], "k", { text: "tea" }, ["text"], { ttl: 5 });
  expect(await store.search(["b"], { filter: { text: "tea" }, limit: 5, offset: 0, query: "tea" })).toHaveLength(1);
  expect(await store.search(["b"], untyped({ limit: 5, another: undefined }))).toHaveLength(1);
  expect(await store.search(["b"], null as never)).toHaveLength(1);
  expect(await store.listNamespaces({ prefix: ["b"], suffix: ["b"], maxDepth: 1, limit: 5, offset: 0 })).toEqual([["b"]]);
  const batched = new AsyncBatchedStore(store);
  batched.start();
  expect(await batched.search(["b"], { query: "tea" })).toHaveLength(1);
  await batched.stop();
});

test("unknown fields of batched operations are ignored", async () => {
  const operations = [
    { namespace: ["c"], key: "k", value: { text: "tea" }, tracing: { id: 1 } },
    { namespace: ["b"], key: "k", runId: "r" },
    { namespacePrefix: ["b"], limit: 1, offset: 0, minscore: 2, runId: "r" },
    { matchConditions: [], limit: 1, offset: 0, runId: "r" },
  ];
  const [put, item, found, namespaces] = (await store.batch(operations)) as unknown[];
  expect([put, (item as { key: string }).key, (found as unknown[]).length, (namespaces as unknown[]).length]).toEqual([undefined, "k", 1, 1]);
});
