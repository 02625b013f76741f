import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { INDEX } from "../corpus.ts";
import { storeSystem } from "../store-system.ts";
import type { System } from "../system.ts";

/** LangGraph's own store in memory: no server, no file, nothing kept. */
export async function memorySystem(): Promise<System> {
  return storeSystem(new InMemoryStore({ index: INDEX }), () => Promise.resolve());
}
