import { ScyllaDBStore } from "langgraph-store-scylladb";
import { inject } from "vitest";
import { metricUse } from "../support/metric-use.ts";
import { dropCollections, dropKeyspace, patientConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");

metricUse("CQL and Qdrant", () => {
  const keyspace = uniqueName("metric");
  return {
    open: (options) => ScyllaDBStore.connect({ ...patientConfig(servers, keyspace), ...options }),
    async dispose() {
      await dropKeyspace(servers, keyspace);
      await dropCollections(servers, keyspace);
    },
  };
});
