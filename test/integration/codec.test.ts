/** Encrypted values on servers: records that someone with access to the database changed. */
import { randomBytes } from "node:crypto";
import { aesGcmCodec, ScyllaDBStore } from "langgraph-store-scylladb";
import { Client, types } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { rejectionOf } from "../../src/testing/expectations.ts";
import { dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("codec");
const client = new Client({ ...servers.cql, keyspace });
const codec = aesGcmCodec({ keys: { k1: randomBytes(32) }, current: "k1" });
const { cql } = serverConfig(servers, keyspace);
let store: ScyllaDBStore;

beforeAll(async () => {
  store = await ScyllaDBStore.connect({ cql, codec });
  await client.connect();
});
afterAll(async () => {
  await store.stop();
  await client.shutdown();
  await dropKeyspace(servers, keyspace);
});

interface StoredRow {
  readonly namespace: string;
  readonly bucket: number;
  readonly record: Buffer;
  readonly written: types.Long;
}

const prepare = true;

async function rowOf(key: string): Promise<StoredRow> {
  const query = "SELECT namespace, bucket, record, writetime(record) AS written FROM items WHERE key = ? ALLOW FILTERING";
  const [row] = (await client.execute(query, [key], { prepare, consistency: types.consistencies.localQuorum })).rows;
  return row as unknown as StoredRow;
}

/** Replaces the record of a row, at the given timestamp or one microsecond after the stored one. Of equal timestamps the longer TTL wins. */
async function replace(key: string, record: Buffer, at?: types.Long): Promise<void> {
  const { namespace, bucket, written } = await rowOf(key);
  const query = "INSERT INTO items (namespace, bucket, key, record) VALUES (?, ?, ?, ?) USING TIMESTAMP ? AND TTL 100000";
  await client.execute(query, [namespace, bucket, key, record, at ?? written.add(1)], { prepare, consistency: types.consistencies.localQuorum });
}

function partsOf(record: Buffer): [header: string, value: Buffer] {
  const end = record.indexOf("\n") + 1;
  return [record.toString("utf8", 0, end), record.subarray(end)];
}

async function expectRefused(namespace: string, key: string): Promise<void> {
  expect(await rejectionOf(store.get([namespace], key))).toMatchObject({ name: "CodecError", code: "CODEC" });
  const found = await store.search([namespace]);
  expect(found.map((item) => item.key)).toEqual(["sound"]);
  expect(found.info.unreadable).toBe(1);
  // Nor after what reads everything.
  expect((await store.repair()).unreadable).toBeGreaterThanOrEqual(1);
  expect(await rejectionOf(store.get([namespace], key))).toMatchObject({ name: "CodecError", code: "CODEC" });
  const [both] = await Promise.allSettled([store.batch([{ namespace: [namespace], key }, { namespace: [namespace], key: "sound" }])]);
  expect(both).toMatchObject({ reason: { outcomes: [{ status: "rejected", reason: { code: "CODEC" } }, { status: "fulfilled", value: { key: "sound" } }] } });
  await store.put([namespace], key, { n: 3 });
  expect((await store.get([namespace], key))?.value).toEqual({ n: 3 });
}

describe("an encrypted record that was changed in the database is a typed error, not a value", () => {
  test("an older record that was copied over a newer one", async () => {
    await store.put(["copied"], "sound", { n: 0 });
    await store.put(["copied"], "copied-key", { n: 1 });
    const { record: older } = await rowOf("copied-key");
    await store.put(["copied"], "copied-key", { n: 2 });
    await replace("copied-key", older);
    await expectRefused("copied", "copied-key");
  });

  test("the value of an older record under the header of a newer one", async () => {
    await store.put(["value"], "sound", { n: 0 });
    await store.put(["value"], "value-key", { n: 1 });
    const { record: older } = await rowOf("value-key");
    await store.put(["value"], "value-key", { n: 2 });
    const [header] = partsOf((await rowOf("value-key")).record);
    await replace("value-key", Buffer.concat([Buffer.from(header), partsOf(older)[1]]));
    await expectRefused("value", "value-key");
  });

  test("a later expiry at the same timestamp", async () => {
    await store.put(["expiry"], "sound", { n: 0 });
    await store.put(["expiry"], "expiry-key", { n: 1 }, undefined, { ttl: 60 });
    const { record, written } = await rowOf("expiry-key");
    const [header, value] = partsOf(record);
    const fields = JSON.parse(header) as { x: number };
    const later = { ...fields, x: fields.x + 3_600_000 };
    await replace("expiry-key", Buffer.concat([Buffer.from(`${JSON.stringify(later)}\n`), value]), written);
    await expectRefused("expiry", "expiry-key");
  });
});

test("a record whose time to live was renewed is read, listed and repaired as before", async () => {
  await store.put(["renewed"], "k", { n: 1 }, undefined, { ttl: 1 });
  await expect
    .poll(async () => {
      await store.get(["renewed"], "k");
      return store.stats().ttlRefresh.written;
    })
    .toBe(1);
  expect((await store.get(["renewed"], "k", { refreshTtl: false }))?.value).toEqual({ n: 1 });
  const found = await store.search(["renewed"], { refreshTtl: false });
  expect([found.map(({ key }) => key), found.info.unreadable]).toEqual([["k"], 0]);
});
