/** Points in Qdrant with malformed payloads: searches work without them, and they are repaired. */
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { pointId } from "../../src/backends/qdrant/point.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { PATIENT } from "../support/patient.ts";
import { dropCollections, dropKeyspace, qdrantClient, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const client = qdrantClient(servers);
const embeddings = new HashEmbeddings();
const name = uniqueName("malformed");
const NAMESPACE = ["users", "42"];

/** Changes to the payload of an item's point; null deletes the field. */
const DAMAGE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "no version": { version: null },
  "version is a text": { version: "7" },
  "no write id": { write_id: null },
  "write id is a number": { write_id: 7 },
  "version and write id are lists": { version: [1, 2], write_id: ["a"] },
};

let store: ScyllaDBStore;
let collection = "";

beforeAll(async () => {
  store = await ScyllaDBStore.connect({ ...serverConfig(servers, name), limits: PATIENT, index: { dims: 64, embeddings, fields: ["text"] }, reconcile: { flushMs: 0 } });
  await store.batch(["sound", ...Object.keys(DAMAGE)].map((key) => ({ namespace: NAMESPACE, key, value: { text: `green tea ${key}` } })));
  const { collections } = await client.getCollections();
  collection = collections.find((each) => each.name.startsWith(`${name}_`))?.name ?? "";
  for (const [key, fields] of Object.entries(DAMAGE)) {
    const id = pointId({ namespace: NAMESPACE.join("."), key });
    const gone = Object.keys(fields).filter((field) => fields[field] === null);
    if (gone.length > 0) await client.deletePayload(collection, { keys: gone, points: [id], wait: true });
    const set = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    if (Object.keys(set).length > 0) await client.setPayload(collection, { payload: set, points: [id], wait: true });
  }
  const near = await embeddings.embedQuery("green tea");
  const payloads = [{}, { ns: 7, key: "k" }, { ns: "users.42" }, { ns: "users.42", key: null }, { ns: "users.42", key: "x".repeat(70_000), write_id: "w" }];
  const points = payloads.map((payload, i) => ({ id: i + 1, vector: [near], payload: { prefixes: [".", "users", "users.42"], ...payload } }));
  await client.upsert(collection, { points, wait: true });
});
afterAll(async () => {
  await store.stop();
  await dropKeyspace(servers, name);
  await dropCollections(servers, name);
});

describe("with malformed points", () => {
  test("a search returns every item, and orphaned points displace none", async () => {
    const found = await store.search(NAMESPACE, { query: "green tea", limit: 10 });
    expect(found.info).toMatchObject({ mode: "semantic", degraded: false });
    expect(found.map(({ key }) => key).sort()).toEqual(["sound", ...Object.keys(DAMAGE)].sort());
    const first = await store.search(NAMESPACE, { query: "green tea", limit: 1 });
    expect(first.map(({ score }) => typeof score)).toEqual(["number"]);
  });

  test("the reconciler rewrites their vectors, so that they are ranked", async () => {
    await waitUntil("all items to be ranked", async () => {
      await store.reconcile();
      const found = await store.search(NAMESPACE, { query: "green tea", limit: 10 });
      return found.length === 6 && found.every(({ score }) => score !== undefined);
    });
    // A repair finds points that lack only their version.
    expect(await store.repair()).toMatchObject({ examined: 6, missing: 0, failed: 0 });
    expect(await store.repair()).toMatchObject({ examined: 6, missing: 0, stale: 0, failed: 0 });
  });

  test("a delete removes a point whose payload has no version or write id", async () => {
    await client.overwritePayload(collection, {
      payload: { ns: "users.42", key: "sound", prefixes: [".", "users", "users.42"] },
      points: [pointId({ namespace: "users.42", key: "sound" })],
      wait: true,
    });
    await store.delete(NAMESPACE, "sound");
    expect(await client.retrieve(collection, { ids: [pointId({ namespace: "users.42", key: "sound" })] })).toEqual([]);
  });
});
