/** The store of the reindex drill, the same in all of its processes. */
import type { ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";

/** Where the store is. */
export type DrillPlace = Pick<ScyllaDBStoreConfig, "cql" | "qdrant">;

/** Returns a configuration that knows both indexes, and the embedder of the next one. */
export function reindexConfig(place: DrillPlace): { readonly config: ScyllaDBStoreConfig; readonly next: HashEmbeddings } {
  const next = new HashEmbeddings({ dims: 384 });
  return {
    next,
    config: {
      ...place,
      index: { dims: 256, embeddings: new HashEmbeddings({ dims: 256 }), model: "old", fields: ["text"], next: { dims: 384, embeddings: next, model: "new" } },
      reconcile: { flushMs: 0, graceMs: 5_000, tickMs: 1_000 },
      logLevel: "error",
    },
  };
}
