/**
 * An agent for a LangGraph server. The server passes its own store to every graph, so the tools and the middleware take this package's
 * store as an option. Start it with `npx @langchain/langgraph-cli dev` in this folder.
 */
import { createAgent } from "langchain";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { LocalEmbeddings, LOCAL_EMBEDDINGS_DIMS } from "langgraph-store-scylladb/local-embeddings";
import { createMemoryMiddleware, createMemoryTools } from "langgraph-store-scylladb/tools";
import { chatModel } from "./chat-model.ts";

/** Opened when the server loads the graph, and used by all its runs. */
export const store = await ScyllaDBStore.embedded({
  path: process.env["STORE_FILE"] ?? "./server-memory.db",
  index: { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] },
});

// Without authentication, user_id is what the client sends. With it, use "{langgraph_auth_user_id}", which the server sets.
const place = { namespace: ["users", "{user_id}", "memories"], store };

export const agent = createAgent({ model: chatModel(), tools: createMemoryTools(place), middleware: [createMemoryMiddleware(place)] });
