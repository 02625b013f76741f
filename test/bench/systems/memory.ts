import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { INDEX } from "../corpus.ts";
import { storeSystem } from "../store-system.ts";
import type { System } from "../system.ts";

/** LangGraph's in-memory store: no server, no file. */
export async function memorySystem(): Promise<System> {
  return storeSystem(new InMemoryStore({ index: INDEX }), () => Promise.resolve());
}
