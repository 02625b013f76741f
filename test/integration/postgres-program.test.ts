/** A program written for PostgresStore runs on this store after a change of its constructor line. */
import type { BaseStore, GetOperation, SearchOperation } from "@langchain/langgraph-checkpoint";
import { PostgresStore } from "@langchain/langgraph-checkpoint-postgres/store";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { startPostgres, type LocalPostgres } from "../servers/postgres.ts";
import { dropCollections, dropKeyspace, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const embeddings = new HashEmbeddings();
const keyspace = uniqueName("ported");
let postgres: LocalPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.stop();
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

type Constructed = BaseStore & { setup(): Promise<void> };

/** The program, without its constructor line. */
async function program(store: Constructed): Promise<unknown[]> {
  const log: unknown[] = [];
  await store.setup();
  await store.setup();
  await store.put(["users", "mia"], "tea", { text: "likes green tea", stars: 4 });
  await store.put(["users", "mia"], "chess", { text: "plays chess at night", stars: 5 });
  await store.put(["users", "leo"], "tea", { text: "dislikes tea", stars: 1 }, false);
  log.push((await store.get(["users", "mia"], "tea"))?.value, await store.get(["users", "mia"], "none"));
  log.push((await store.search(["users", "mia"], { query: "green tea", limit: 1 })).map(({ key }) => key));
  log.push((await store.search(["users"], { filter: { stars: { $gte: 4 } } })).map(({ key }) => key).sort());
  log.push((await store.listNamespaces({ prefix: ["users"] })).map((labels) => labels.join("/")).sort());
  log.push((await store.listNamespaces({ limit: 1 })).length);
  await store.delete(["users", "mia"], "tea");
  const [got, found] = await store.batch<[GetOperation, SearchOperation]>([
    { namespace: ["users", "mia"], key: "tea" },
    { namespacePrefix: ["users", "mia"], limit: 10 },
  ]);
  log.push(got, found.map(({ key }) => key));
  await store.stop();
  return log;
}

test("a program written for PostgresStore prints the same with this store", async () => {
  const { cql, qdrant } = servers;
  const login = cql.credentials === undefined ? "" : `${String(cql.credentials.username)}:${String(cql.credentials.password)}@`;
  const before = PostgresStore.fromConnString(postgres.connectionString, { index: { dims: 64, embed: embeddings, fields: ["text"] } });
  const after = ScyllaDBStore.fromConnString(
    `scylladb://${login}${cql.contactPoints.join(",")}/${keyspace}?dc=${cql.localDataCenter}`,
    { qdrant, index: { dims: 64, embeddings, fields: ["text"] } },
  );
  expect(await program(after)).toEqual(await program(before));
});
