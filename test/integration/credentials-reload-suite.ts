/** A reload of credentials while the store is used. Call this where secured servers are started. */
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { beforeAll, expect, inject, test } from "vitest";
import type { types } from "cassandra-driver";
import type { Credentials } from "../servers/node-client.ts";
import { QDRANT_KEYS } from "../servers/tls-servers.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { KeyGate } from "../support/key-gate.ts";
import { startLoad } from "../support/reload-load.ts";
import { dropCollections, dropKeyspace, serverConfig, withCql } from "../support/stores.ts";
import { INDEX, rightCql, type Servers } from "./tls-harness.ts";

const KEYSPACE = "reloaded_credentials";
const FIRST = { username: "first_role", password: "password of the first" } as const;
const SECOND = { username: "second_role", password: "password of the second" } as const;

/** Needs secured servers, and the shared ones for another store. */
export function credentialsReloadSuite(servers: Servers): void {
  /** @returns the rows of the last one */
  const asAdmin = (...statements: readonly string[]): Promise<types.Row[]> => {
    const { contactPoint, localDataCenter, credentials } = servers().cassandra;
    const cql = { contactPoints: [contactPoint], localDataCenter, ...(credentials === undefined ? {} : { credentials }) };
    return withCql({ ...inject("servers"), cql }, async (client) => {
      let rows: types.Row[] = [];
      for (const statement of statements) ({ rows } = await client.execute(statement));
      return rows;
    });
  };
  const config = (credentials: Credentials, gate: KeyGate): ScyllaDBStoreConfig => ({
    cql: { ...rightCql(servers(), KEYSPACE), credentials },
    qdrant: { url: gate.url, apiKey: gate.accepted },
    index: INDEX,
  });
  const gateFor = (key: string): Promise<KeyGate> =>
    KeyGate.start(key, { port: Number(new URL(servers().plainQdrant.url).port), apiKey: QDRANT_KEYS.full });

  beforeAll(async () => {
    for (const { username, password } of [FIRST, SECOND]) {
      await asAdmin(`CREATE ROLE ${username} WITH PASSWORD = '${password}' AND LOGIN = true`, `GRANT ALL ON ALL KEYSPACES TO ${username}`);
    }
  });

  test("a reload changes the role and the API key under load without a failed operation, and the old ones are no longer used", async () => {
    const before = await gateFor("key before");
    await using after = await gateFor("key after");
    await using store = await ScyllaDBStore.connect(config(FIRST, before));
    const end = startLoad(store, "swap");
    const { changed } = await store.reload(config(SECOND, after));
    expect(changed).toEqual(["cql.credentials.username", "cql.credentials.password", "qdrant.url", "qdrant.apiKey"]);
    await waitUntil("the connections of the first role to be closed", async () => {
      const names = (await asAdmin("SELECT username FROM system_views.clients")).map((row) => String(row["username"]));
      return names.includes(SECOND.username) && !names.includes(FIRST.username);
    });
    await asAdmin(`DROP ROLE ${FIRST.username}`);
    await before[Symbol.asyncDispose]();
    await store.put(["after"], "k", { text: "green tea" });
    const { done, failures } = await end();
    expect(failures).toEqual([]);
    expect(done).toBeGreaterThan(50);
    expect((await store.search(["after"], { query: "tea" })).info.mode).toBe("semantic");
  });

  test("a reload with wrong credentials is rejected, and the previous ones stay in use", async () => {
    await using gate = await gateFor("key");
    await using store = await ScyllaDBStore.connect(config(SECOND, gate));
    const wrong = { ...SECOND, password: "not the password" };
    await expect(store.reload(config(wrong, gate))).rejects.toMatchObject({ code: "AUTHENTICATION" });
    const wrongKey = { ...config(SECOND, gate), qdrant: { url: gate.url, apiKey: "not the key" } };
    await expect(store.reload(wrongKey)).rejects.toMatchObject({ code: "AUTHENTICATION" });
    await store.put(["kept"], "k", { text: "green tea" });
    expect((await store.search(["kept"], { query: "tea" })).info.mode).toBe("semantic");
  });

  test("a reload with addresses of another store is rejected, and nothing is created there", async () => {
    await using gate = await gateFor("key");
    await using store = await ScyllaDBStore.connect(config(SECOND, gate));
    const elsewhere = serverConfig(inject("servers"), KEYSPACE);
    const there = { ...config(SECOND, gate), cql: elsewhere.cql };
    await expect(store.reload(there)).rejects.toMatchObject({ code: "SCHEMA" });
    const others = await ScyllaDBStore.connect({ ...elsewhere, index: INDEX });
    await others.stop();
    try {
      await expect(store.reload(there)).rejects.toThrow("cql leads to the keyspace of another store");
      await store.put(["kept"], "k", { text: "green tea" });
    } finally {
      await dropKeyspace(inject("servers"), KEYSPACE);
      await dropCollections(inject("servers"), KEYSPACE);
    }
  });
}
