/** The memory tools on servers, where several processes share one store. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { inject } from "vitest";
import { memorySaves } from "../support/memory-saves.ts";
import { dropCollections, dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");

memorySaves(async (use) => {
  const keyspace = uniqueName("memories");
  const config = { ...serverConfig(servers, keyspace), index: { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] } };
  const stores = [await ScyllaDBStore.connect(config), await ScyllaDBStore.connect(config)] as const;
  try {
    await use(...stores);
  } finally {
    await Promise.all(stores.map((each) => each.stop()));
    await dropKeyspace(servers, keyspace);
    await dropCollections(servers, keyspace);
  }
});
