/** Our store, on servers and on one file, with its defaults. */
import { join } from "node:path";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { INDEX } from "../corpus.ts";
import { settled } from "../qdrant-status.ts";
import { storeSystem } from "../store-system.ts";
import type { Ground, System } from "../system.ts";

const KEYSPACE = "bench_store";

/** On CQL and Qdrant. */
export async function serversSystem({ cql, qdrant }: Ground): Promise<System> {
  const replication = { [cql.localDataCenter]: 1 };
  const store = await ScyllaDBStore.connect({
    cql: { ...cql, keyspace: KEYSPACE, replication },
    qdrant: { ...qdrant, collection: KEYSPACE },
    index: INDEX,
  });
  return { ...storeSystem(store, () => store.stop()), settle: () => settled(qdrant.url, KEYSPACE) };
}

/** On one file. */
export async function embeddedSystem({ folder }: Ground): Promise<System> {
  const store = await ScyllaDBStore.embedded({ path: join(folder, "store.db"), index: INDEX });
  return storeSystem(store, () => store.stop());
}
