/** The memory tools on servers, where several processes share one store. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, inject } from "vitest";
import { dropAtEnd } from "../support/drop-at-end.ts";
import { memorySaves } from "../support/memory-saves.ts";
import { patientConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("memories");
dropAtEnd(servers)(keyspace);

// Of all tests: each has its own users.
let stores: readonly [ScyllaDBStore, ScyllaDBStore];
beforeAll(async () => {
  const config = { ...patientConfig(servers, keyspace), index: { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] } };
  stores = [await ScyllaDBStore.connect(config), await ScyllaDBStore.connect(config)];
});
afterAll(() => Promise.all(stores.map((each) => each.stop())));

memorySaves((use) => use(...stores));
