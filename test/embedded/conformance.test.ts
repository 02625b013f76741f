import { storeConformance } from "langgraph-store-scylladb/testing";
import { makeEmbeddedStore } from "../support/stores.ts";

storeConformance({
  name: "ScyllaDBStore on one local file",
  create: makeEmbeddedStore,
  claims: { batchOutcomes: true, cursor: true },
});
