import { PostgresStore } from "@langchain/langgraph-checkpoint-postgres/store";
import { INDEX, TENANTS_ROOT } from "../corpus.ts";
import { storeSystem } from "../store-system.ts";
import type { System } from "../system.ts";

/**
 * LangGraph's own store on Postgres and pgvector, as its documentation sets it up: its default pool (10 connections),
 * and its default vector index (HNSW, cosine).
 *
 * @param connectionString names a database in which its tables are made where they are not
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
  // It refuses to search at the root; below this label lie the same vectors.
  return storeSystem(store, () => store.stop(), [TENANTS_ROOT]);
}
