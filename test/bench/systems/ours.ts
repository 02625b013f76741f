/** This store on servers and on one file, with default options. */
import { join } from "node:path";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { INDEX } from "../corpus.ts";
import { settled } from "../qdrant-status.ts";
import { storeSystem } from "../store-system.ts";
import type { BenchEnvironment, ServerPair, System } from "../system.ts";

/** On CQL and Qdrant. */
export async function serversSystem({ cql, qdrant }: ServerPair, { storeName: name, hasTerms }: BenchEnvironment): Promise<System> {
  const replication = { [cql.localDataCenter]: 1 };
  const store = await ScyllaDBStore.connect({
    cql: { ...cql, keyspace: name, replication },
    qdrant: { ...qdrant, collection: name },
    index: indexOf(hasTerms),
  });
  return { ...storeSystem(store, () => store.stop(), { hasModes: hasTerms }), settle: () => settled(qdrant.url, name) };
}

/** On one file. */
export async function embeddedSystem({ folder, storeName, hasTerms }: BenchEnvironment): Promise<System> {
  const store = await ScyllaDBStore.embedded({ path: join(folder, `${storeName}.db`), index: indexOf(hasTerms) });
  return storeSystem(store, () => store.stop(), { hasModes: hasTerms });
}

/** Versions without keyword search reject its option. */
function indexOf(hasTerms: boolean): typeof INDEX & { readonly keyword?: false } {
  return hasTerms ? INDEX : { ...INDEX, keyword: false };
}
