import { storeConformance } from "langgraph-store-scylladb/testing";
import { inject } from "vitest";
import { onServers } from "../support/stores.ts";

storeConformance({
  name: "ScyllaDBStore on CQL and Qdrant",
  create: onServers(inject("servers")),
  claims: { batchOutcomes: true, cursor: true },
});
