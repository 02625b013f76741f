/** The store of the reindex drill, the same in all of its processes. */
import { ScyllaDBStore, type EmbeddedStoreConfig, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { PATIENT } from "../../support/patient.ts";

/** Where the store is: on servers, or in a local file. */
export type DrillPlace = Pick<ScyllaDBStoreConfig, "cql" | "qdrant"> | Required<Pick<EmbeddedStoreConfig, "path">>;

/** Opens a store that knows both indexes, and returns it with the embedder of the next one. */
export async function openReindexed(place: DrillPlace): Promise<{ readonly store: ScyllaDBStore; readonly next: HashEmbeddings }> {
  const next = new HashEmbeddings({ dims: 384 });
  const options = {
    index: { dims: 256, embeddings: new HashEmbeddings({ dims: 256 }), model: "old", fields: ["text"], next: { dims: 384, embeddings: next, model: "new" } },
    reconcile: { flushMs: 0, graceMs: 5_000, tickMs: 1_000 },
    logLevel: "error" as const,
    limits: PATIENT,
  };
  const store = await ("path" in place ? ScyllaDBStore.embedded({ ...place, ...options }) : ScyllaDBStore.connect({ ...place, ...options }));
  return { store, next };
}
