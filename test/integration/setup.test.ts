/** Starts of a store: by several processes, without rights, with a wrong configuration, with a connection string. */
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { inject, test } from "vitest";
import { toEndpoint } from "../../src/backends/qdrant/options.ts";
import { dropAtEnd } from "../support/drop-at-end.ts";
import { patientConfig, uniqueName } from "../support/stores.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const servers = inject("servers");
const drop = dropAtEnd(servers);

function config(keyspace = uniqueName("setup"), dims = 8): ScyllaDBStoreConfig {
  drop(keyspace);
  return { ...patientConfig(servers, keyspace), index: { dims, embeddings: new HashEmbeddings({ dims }), fields: ["text"] } };
}

// All at the same time: each has its own keyspace, and mostly waits for its settings.
test.concurrent("four stores start concurrently on an empty database, and each reads the writes of the others", async ({ expect }) => {
  const same = config();
  const stores = await Promise.all(Array.from({ length: 4 }, () => ScyllaDBStore.connect(same)));
  await Promise.all(stores.map((store, i) => store.put(["a"], `${i}`, { text: `green tea ${i}` })));
  for (const store of stores) expect(await store.search(["a"], { query: "green" })).toHaveLength(4);
  await Promise.all(stores.map((store) => store.stop()));
});

test.concurrent("the first operation connects, start and stop are idempotent, and a stopped store rejects calls", async ({ expect }) => {
  const store = new ScyllaDBStore(config());
  await store.put(["a"], "k", { text: "x" });
  await store.start();
  await store.start();
  expect((await store.get(["a"], "k"))?.value).toEqual({ text: "x" });
  await store.stop();
  await store.stop();
  await expect(store.get(["a"], "k")).rejects.toMatchObject({ code: "CLOSED" });
  await expect(store.start()).rejects.toMatchObject({ code: "CLOSED" });
});

test.concurrent('setup "never" uses what exists, and names what is missing', async ({ expect }) => {
  const there = config();
  await (await ScyllaDBStore.connect(there)).stop();
  const store = await ScyllaDBStore.connect({ ...there, setup: "never" });
  await store.put(["a"], "k", { text: "x" });
  await store.stop();
  await expect(ScyllaDBStore.connect({ ...config(), setup: "never" })).rejects.toMatchObject({ code: "SCHEMA" });
});

test.concurrent("vectors of another model or length are rejected, and the error names the fix", async ({ expect }) => {
  const first = config();
  await (await ScyllaDBStore.connect(first)).stop();
  const other = config(first.cql.keyspace, 16);
  await expect(ScyllaDBStore.connect(other)).rejects.toMatchObject({
    code: "SCHEMA",
    message: expect.stringContaining("vectors of two models, and scores of two metrics, cannot be compared") as string,
  });
});

test.concurrent("a store without an index needs no Qdrant, and one with an index names the missing option", async ({ expect }) => {
  const { cql } = config();
  const store = await ScyllaDBStore.connect({ cql });
  await store.put(["a"], "k", { text: "x" });
  const found = await store.search(["a"], { query: "x" });
  expect([found.length, found.info.mode]).toEqual([1, "filter"]);
  await store.stop();
  const { index } = config();
  expect(() => new ScyllaDBStore({ cql, index })).toThrow("qdrant: is required");
});

test.concurrent("a store connects with a connection string", async ({ expect }) => {
  const { cql, qdrant, index, limits } = config();
  const login = cql.credentials === undefined ? "" : `${String(cql.credentials.username)}:${String(cql.credentials.password)}@`;
  const text = `scylladb://${login}${cql.contactPoints?.join(",")}/${cql.keyspace}?dc=${cql.localDataCenter}`;
  await using store = ScyllaDBStore.fromConnString(text, { cql: { requestTimeoutMs: cql.requestTimeoutMs }, qdrant, index, limits });
  await store.put(["a"], "k", { text: "x" });
  expect(await store.get(["a"], "k")).toMatchObject({ value: { text: "x" } });
});

test.concurrent("setup() creates what is missing, also with setup: never, and is idempotent", async ({ expect }) => {
  const options = { ...config(), setup: "never" } as const;
  const refused = new ScyllaDBStore(options);
  await expect(refused.start()).rejects.toMatchObject({ code: "SCHEMA" });
  await refused.stop();
  await using store = new ScyllaDBStore(options);
  await store.setup();
  await store.setup();
  await store.put(["a"], "k", { text: "green tea" });
  expect(await store.search(["a"], { query: "tea" })).toHaveLength(1);
  await using another = new ScyllaDBStore(options);
  expect(await another.get(["a"], "k")).toMatchObject({ value: { text: "green tea" } });
});

test.concurrent("a failed start can be repeated", async ({ expect }) => {
  const { host, port } = toEndpoint(servers.qdrant.url);
  const proxy = await TcpProxy.start({ host, port });
  await proxy.stop();
  const store = new ScyllaDBStore({ ...config(), qdrant: { ...servers.qdrant, url: `http://127.0.0.1:${proxy.port}` } });
  await expect(store.start()).rejects.toMatchObject({ code: "CONNECTION" });
  const again = await TcpProxy.start({ host, port }, proxy.port);
  await store.put(["a"], "k", { text: "green tea" });
  expect(await store.search(["a"], { query: "tea" })).toHaveLength(1);
  await store.stop();
  await again.stop();
});
