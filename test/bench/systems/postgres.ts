import { PostgresStore } from "@langchain/langgraph-checkpoint-postgres/store";
import { INDEX, TENANTS_ROOT } from "../corpus.ts";
import { storeSystem } from "../store-system.ts";
import type { System } from "../system.ts";

/**
 * LangGraph's store on Postgres and pgvector, set up as in its documentation: the default pool (10 connections)
 * and the default vector index (HNSW, cosine).
 *
 * @param connectionString names a database, in which missing tables are created
 */
export async function postgresSystem(connectionString: string): Promise<System> {
  const { dims, embeddings, fields } = INDEX;
  const store = PostgresStore.fromConnString(connectionString, { index: { dims, embed: embeddings, fields } });
  try {
    await store.setup();
  } catch (error) {
    await store.stop();
    throw error;
  }
  // It refuses to search at the root. All vectors are below this label.
  return storeSystem(store, () => store.stop(), { everything: [TENANTS_ROOT], hasModes: true });
}
