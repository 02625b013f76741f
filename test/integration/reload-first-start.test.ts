/** Reloads of a store on servers before its first start has completed. */
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { expect, inject, onTestFinished, test } from "vitest";
import { toEndpoint } from "../../src/backends/qdrant/options.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { dropAtEnd } from "../support/drop-at-end.ts";
import { patientConfig, uniqueName, withCql } from "../support/stores.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const servers = inject("servers");
const drop = dropAtEnd(servers);

function config(): ScyllaDBStoreConfig {
  const keyspace = uniqueName("first_start");
  drop(keyspace);
  return { ...patientConfig(servers, keyspace), index: { dims: 16, embeddings: new HashEmbeddings({ dims: 16 }), fields: ["text"] } };
}

async function proxyTo(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(target);
  onTestFinished(() => proxy.stop());
  return proxy;
}

test("a reload during the first start waits for it, and then rejects addresses that lead to another store", async () => {
  const base = config();
  await (await ScyllaDBStore.connect(base)).stop();
  const qdrant = await proxyTo(toEndpoint(servers.qdrant.url));
  qdrant.impose({ kind: "partition" });
  const store = new ScyllaDBStore({ ...base, qdrant: { ...base.qdrant, url: `http://127.0.0.1:${qdrant.port}` } });
  onTestFinished(() => store.stop());
  const started = store.start();
  // The start has read whose keyspace this is, and waits for Qdrant.
  await waitUntil("the connection to Qdrant", () => qdrant.connections > 0);
  // From here on, the addresses of the configuration lead to the keyspace of another store.
  await withCql(servers, (client) => client.execute(`UPDATE "${base.cql.keyspace}".settings SET value = 'another' WHERE name = 'store-id'`));
  const reloaded = store.reload({ ...base, cql: { ...base.cql, contactPoints: [...(base.cql.contactPoints ?? []), ...(base.cql.contactPoints ?? [])] } });
  const outcome = expect(reloaded).rejects.toThrow("cql leads to the keyspace of another store");
  qdrant.heal();
  await started;
  await outcome;
  await store.put(["a"], "k", { text: "green tea" });
});

test("setup() after a reload creates the schema with the reloaded configuration", async () => {
  const base = { ...config(), setup: "never" } as const;
  const gone = await TcpProxy.start({ host: "127.0.0.1", port: 1 });
  await gone.stop();
  const store = new ScyllaDBStore({ ...base, cql: { ...base.cql, contactPoints: [`127.0.0.1:${gone.port}`] } });
  onTestFinished(() => store.stop());
  await expect(store.setup()).rejects.toMatchObject({ code: "CONNECTION" });
  await store.reload(base);
  await store.setup();
  await store.put(["a"], "k", { text: "green tea" });
  expect(await store.search(["a"], { query: "tea" })).toHaveLength(1);
});
