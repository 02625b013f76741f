/** Without hints every call costs what the first one does, and returns the same: the contract, once more, with all of them disabled. */
import "../support/no-hints.ts";
import { storeConformance } from "langgraph-store-scylladb/testing";
import { inject } from "vitest";
import { onServers } from "../support/stores.ts";

storeConformance({
  name: "ScyllaDBStore on CQL and Qdrant without hints",
  create: onServers(inject("servers")),
  claims: { batchOutcomes: true, cursor: true },
});
