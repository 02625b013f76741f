/** The process is killed in the middle of puts and deletes, again and again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { expect, inject, test } from "vitest";
import { dropCollections, dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";
import { survivesCrashes } from "./crashes.ts";

const index = { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] };
const CRASHES = 8;

test("on one local file", { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "crash-"));
  const config = { path: join(folder, "store.db") };
  const store = await ScyllaDBStore.embedded({ ...config, index });
  await survivesCrashes(config, store, uniqueName("crash"), CRASHES);
  await store.stop();
  await rm(folder, { recursive: true });
});

test("on CQL and Qdrant", { timeout: 180_000 }, async () => {
  const servers = inject("servers");
  const keyspace = uniqueName("crash");
  const config = serverConfig(servers, keyspace);
  const store = await ScyllaDBStore.connect({ ...config, index });
  await survivesCrashes(config, store, uniqueName("crash"), CRASHES);
  const report = await store.reconcile();
  expect(report.failed).toBe(0);
  await store.stop();
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});
