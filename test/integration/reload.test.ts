/** Reloads of a store on servers while it is used. */
import { createServer } from "node:net";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, afterEach, describe, expect, inject, onTestFinished, test } from "vitest";
import { CertificateAuthority } from "../servers/certificates.ts";
import { TlsProxy } from "../servers/tls-proxy.ts";
import { PATIENT, PATIENT_REQUEST_MS } from "../support/patient.ts";
import { startLoad } from "../support/reload-load.ts";
import { dropCollections, dropKeyspace, patientConfig, serverConfig, uniqueName } from "../support/stores.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { inTime } from "../support/in-time.ts";

const servers = inject("servers");
const keyspace = uniqueName("reload");
const [contactPoint = ""] = servers.cql.contactPoints;
const [host = "", port = ""] = contactPoint.split(":");

const right = serverConfig(servers, keyspace);
const BASE: ScyllaDBStoreConfig = {
  ...right,
  index: { dims: 16, embeddings: new HashEmbeddings({ dims: 16 }), fields: ["text"] },
};

const stores: ScyllaDBStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.stop()));
});
afterAll(async () => {
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

async function storeWith(config: ScyllaDBStoreConfig): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.connect(config);
  stores.push(store);
  return store;
}

/** A closed port. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 1;
}

test("a reload changes limits while the database is unreachable, without a new connection", async () => {
  const network = await TcpProxy.start({ host, port: Number(port) });
  try {
    const cql = { ...right.cql, contactPoints: [`127.0.0.1:${network.port}`] };
    const store = await storeWith({ ...BASE, cql, limits: PATIENT });
    await store.put(["outage"], "k", { text: "green tea" });
    network.impose({ kind: "partition" });
    // A new connection would take longer, and the previous deadline is longer too.
    await inTime(30_000, async () => {
      await store.reload({ ...BASE, cql, limits: { deadlineMs: 300 }, retry: { maxAttempts: 1 } });
      await expect(store.get(["outage"], "k")).rejects.toMatchObject({ retryable: true });
    });
    network.heal();
    await store.reload({ ...BASE, cql });
    expect((await store.get(["outage"], "k"))?.value).toEqual({ text: "green tea" });
  } finally {
    await network.stop();
  }
});

describe("a reload that cannot be applied keeps the previous configuration", () => {
  test.each<[string, string, (dead: number) => object]>([
    ["another keyspace", "CONFIGURATION", () => ({ cql: { ...right.cql, keyspace: "other" } })],
    ["other partitions", "CONFIGURATION", () => ({ cql: { ...right.cql, buckets: [{ namespace: ["a"], buckets: 4 }] } })],
    ["another collection", "CONFIGURATION", () => ({ qdrant: { ...right.qdrant, collection: "other" } })],
    ["another set-up", "CONFIGURATION", () => ({ setup: "never" })],
    ["another data center", "CONFIGURATION", () => ({ cql: { ...right.cql, localDataCenter: "nowhere" } })],
    ["a database that is not there", "CONNECTION", (dead) => ({ cql: { ...right.cql, contactPoints: [`127.0.0.1:${dead}`] } })],
    ["a Qdrant that is not there", "CONNECTION", (dead) => ({ qdrant: { ...right.qdrant, url: `http://127.0.0.1:${dead}` } })],
  ])("%s", async (_, code, change) => {
    const store = await storeWith(BASE);
    await store.put(["kept"], "k", { text: "green tea" });
    await expect(store.reload({ ...BASE, ...change(await deadPort()) })).rejects.toMatchObject({ code });
    await store.put(["kept"], "k", { text: "black coffee" });
    const found = await store.search(["kept"], { query: "coffee" });
    expect([found.info.mode, found[0]?.value]).toEqual(["semantic", { text: "black coffee" }]);
  });
});

test("a store that has not connected yet connects with the current configuration", async () => {
  const store = new ScyllaDBStore({ ...BASE, cql: { ...right.cql, contactPoints: [`127.0.0.1:${await deadPort()}`] } });
  stores.push(store);
  await store.reload(BASE);
  await store.put(["late"], "k", { text: "green tea" });
  expect((await store.get(["late"], "k"))?.value).toEqual({ text: "green tea" });
});

test.each(["file", "secret reference"])("a reload loads another authority in an unchanged %s, and names it", async (kind) => {
  const folder = await mkdtemp(join(tmpdir(), "reload-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "ca.pem");
  const doors = { port: 0, qdrantPort: 0 };
  const open: TlsProxy[] = [];
  onTestFinished(async () => void (await Promise.all(open.map((proxy) => proxy.stop()))));
  const withNewAuthority = async (): Promise<void> => {
    await Promise.all(open.splice(0).map((proxy) => proxy.stop()));
    const authority = await CertificateAuthority.create("Authority of the tests");
    const pair = await authority.issue({ names: ["127.0.0.1"] });
    await writeFile(path, authority.cert);
    const cqlDoor = await TlsProxy.start({ ...pair, targetPort: Number(port), port: doors.port });
    const qdrantDoor = await TlsProxy.start({ ...pair, targetPort: Number(new URL(right.qdrant?.url ?? "").port), port: doors.qdrantPort });
    open.push(cqlDoor, qdrantDoor);
    Object.assign(doors, { port: cqlDoor.port, qdrantPort: qdrantDoor.port });
  };
  await withNewAuthority();
  const tls = { ca: kind === "file" ? path : `file://${path}` };
  const config = {
    ...BASE,
    cql: { ...right.cql, contactPoints: [`127.0.0.1:${doors.port}`], tls },
    qdrant: { ...right.qdrant, url: `https://127.0.0.1:${doors.qdrantPort}`, tls },
  };
  const store = await storeWith(config);
  await store.put(["tls"], "k", { text: "green tea" });
  expect(await store.reload(config)).toEqual({ changed: [] });
  await withNewAuthority();
  const emitted: string[] = [];
  for (const type of ["secret-rotated", "config-reloaded"] as const) store.on(type, () => void emitted.push(type));
  expect(await store.reload(config)).toEqual({ changed: ["cql.tls.ca", "qdrant.tls.ca"] });
  expect(emitted).toEqual(["config-reloaded"]);
  expect((await store.search(["tls"], { query: "tea" })).info.mode).toBe("semantic");
  expect((await store.get(["tls"], "k"))?.value).toEqual({ text: "green tea" });
  expect(await store.reload(config)).toEqual({ changed: [] });
});

// This test runs last, because a reload of an older keyspace takes only 0.1 s.
test("20 reloads with new connections under load fail no operation", async () => {
  const store = await storeWith({ ...BASE, ...patientConfig(servers, keyspace) });
  const end = startLoad(store, "load", 4);
  for (let i = 0; i < 20; i += 1) {
    const { changed } = await store.reload({
      ...BASE,
      cql: { ...right.cql, requestTimeoutMs: PATIENT_REQUEST_MS + i, pooling: { connectionsPerNode: 1 + (i % 2) } },
      limits: { ...PATIENT, deadlineMs: PATIENT.deadlineMs + i },
    });
    expect(changed).toContain("cql.pooling.connectionsPerNode");
  }
  const { done, failures } = await end();
  expect(failures).toEqual([]);
  expect(done).toBeGreaterThan(100);
  await store.reconcile();
  expect(await store.repair()).toMatchObject({ missing: 0, stale: 0, orphaned: 0, unlisted: 0, failed: 0 });
  expect((await store.search(["load"], { query: "item 1" })).info.mode).toBe("semantic");
  expect(await store.health()).toMatchObject({ status: "ok" });
});
