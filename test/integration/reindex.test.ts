import { ScyllaDBStore } from "langgraph-store-scylladb";
import { inject } from "vitest";
import { reindexUse } from "../support/reindex-use.ts";
import { dropCollections, dropKeyspace, qdrantClient, patientConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");

reindexUse(() => {
  const keyspace = uniqueName("reindex");
  return {
    open: (options) => ScyllaDBStore.connect({ ...patientConfig(servers, keyspace), ...options }),
    reload: (store, options) => store.reload({ ...patientConfig(servers, keyspace), ...options }),
    async vectors() {
      const { collections } = await qdrantClient(servers).getCollections();
      return collections.map(({ name }) => name).filter((name) => name.startsWith(`${keyspace}_`)).toSorted();
    },
    async dispose() {
      await dropCollections(servers, keyspace);
      await dropKeyspace(servers, keyspace);
    },
  };
});
