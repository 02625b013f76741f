/** Moves a live PostgresStore, on a real Postgres, to a store on each backend. */
import { PostgresStore } from "@langchain/langgraph-checkpoint-postgres/store";
import { ScyllaDBStore, type ImportReport } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { startPostgres, type LocalPostgres } from "../servers/postgres.ts";
import { dropCollections, dropKeyspace, patientConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const embeddings = new HashEmbeddings();
const index = { dims: embeddings.dims, embeddings, fields: ["text"] };
const keyspace = uniqueName("from_postgres");
let postgres: LocalPostgres;
let source: PostgresStore;

beforeAll(async () => {
  postgres = await startPostgres();
  source = PostgresStore.fromConnString(postgres.connectionString, { index: { dims: embeddings.dims, embed: embeddings, fields: ["text"] } });
  await source.setup();
  for (let i = 0; i < 620; i += 1) await source.put(["users", `u${i % 9}`], `k${i}`, { text: `likes number ${i}`, nested: { b: i, a: [1, null] } });
  await source.put(["users", "u1", "deeper"], "k", { text: "below" }, undefined, { ttl: 60 });
});

afterAll(async () => {
  await source.stop();
  await postgres.stop();
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

const targets = {
  "the local file": () => ScyllaDBStore.embedded({ path: ":memory:", index }),
  "CQL and Qdrant": () => ScyllaDBStore.connect({ ...patientConfig(servers, keyspace), index }),
};

for (const [name, open] of Object.entries(targets)) {
  test(`a live PostgresStore moves to ${name}: counts and contents are verified, and a second run moves what has changed since`, async () => {
    const store = await open();
    try {
      const first = await store.importFrom(postgres.connectionString, { verify: true });
      expect(first).toMatchObject({ imported: first.items, rejected: 0, verification: { compared: first.items, equal: first.items } } satisfies Partial<ImportReport> | object);
      const original = await source.get(["users", "u1"], "k10");
      const moved = await store.get(["users", "u1"], "k10");
      expect(moved).toMatchObject({ value: original?.value as object, createdAt: original?.createdAt, updatedAt: original?.updatedAt });
      expect(await store.search(["users"], { query: "likes number 77", limit: 1 })).toMatchObject([{ key: "k77" }]);
      await source.put(["users", "u1"], "k10", { text: "changed during the move" });
      await source.put(["users", "new"], "later", { text: `added for ${name}` });
      const second = await store.importFrom(postgres.connectionString, { verify: true });
      expect(second.verification).toMatchObject({ equal: second.items, missing: 0, different: 0 });
      expect(second.imported).toBe(2);
      expect((await store.get(["users", "u1"], "k10"))?.value).toEqual({ text: "changed during the move" });
      await store.put(["users", "u1"], "k10", { text: "written here" });
      const third = await store.importFrom(postgres.connectionString, { verify: true });
      expect(third).toMatchObject({ kept: 1, verification: { different: 1, examples: [{ namespace: ["users", "u1"], key: "k10", problem: "different" }] } });
    } finally {
      await store.stop();
    }
  });
}

for (const [name, open] of Object.entries(targets)) {
  test(`an import to ${name} from a Postgres that is killed half-way says what was written, and a second one moves the rest`, async () => {
    const killed = await startPostgres();
    const old = PostgresStore.fromConnString(killed.connectionString);
    const store = await open();
    try {
      await old.setup();
      for (let start = 0; start < 5_000; start += 500) {
        await old.batch(Array.from({ length: 500 }, (_, i) => ({ namespace: ["moved"], key: `k${start + i}`, value: { text: `likes ${i}` } })));
      }
      await old.stop();
      let killing: Promise<void> | undefined;
      const onProgress = (): void => {
        killing ??= killed.kill();
      };
      const stopped: unknown = await store
        .importFrom(killed.connectionString, { prefix: ["moved"], onProgress })
        .catch((error: unknown) => error);
      expect(stopped).toMatchObject({ code: "CONNECTION", retryable: true });
      const { item = "", written = "" } = /^The import stopped: Postgres failed after item (?<item>\d+): .*\. (?<written>\d+) items were written and stay; .*Import again to continue/.exec((stopped as Error).message)?.groups ?? {};
      // All that was read is written.
      expect([Number(item) % 500, Number(item) > 0, written]).toEqual([0, true, item]);
      expect(await store.count(["moved"])).toBe(Number(item));
      await killing;
      await killed.start();
      const report = await store.importFrom(killed.connectionString, { prefix: ["moved"], verify: true });
      expect(report).toMatchObject({ items: 5_000, unchanged: Number(item), rejected: 0, verification: { compared: 5_000, equal: 5_000 } });
    } finally {
      await store.stop();
      await killed.stop();
    }
  });
}

test("an address without a PostgresStore, and one that cannot be reached, are errors that do not quote the password", async () => {
  const store = await ScyllaDBStore.embedded({ path: ":memory:" });
  try {
    await expect(store.importFrom(`${postgres.connectionString}?schema=none`)).rejects.toMatchObject({ code: "SCHEMA", message: expect.stringContaining("?schema=") as string });
    const error: unknown = await store.importFrom("postgres://me:hunter2@127.0.0.1:1/db").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CONNECTION" });
    expect(String(error)).not.toContain("hunter2");
  } finally {
    await store.stop();
  }
});
