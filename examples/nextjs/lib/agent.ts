/** One store and one agent for the process. Next.js reloads modules in development, so they live on globalThis. */
import { createAgent } from "langchain";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { LocalEmbeddings, LOCAL_EMBEDDINGS_DIMS } from "langgraph-store-scylladb/local-embeddings";
import { createMemoryMiddleware, createMemoryTools } from "langgraph-store-scylladb/tools";
import { chatModel } from "./chat-model.ts";

const PLACE = { namespace: ["users", "{user_id}", "memories"] };

async function create() {
  const store = await ScyllaDBStore.embedded({
    path: process.env["STORE_FILE"] ?? "./next-memory.db",
    index: { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] },
  });
  const agent = createAgent({ model: chatModel(), store, tools: createMemoryTools(PLACE), middleware: [createMemoryMiddleware(PLACE)] });
  return { store, agent };
}

const shared = globalThis as { chat?: ReturnType<typeof create> };

/** Returns the store and the agent; creates them at the first request. */
export function chat(): ReturnType<typeof create> {
  return (shared.chat ??= create());
}
