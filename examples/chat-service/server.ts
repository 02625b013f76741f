/**
 * A chat service with memory: `npm run example:chat`, then
 *
 *     curl -N localhost:3000/chat -H 'x-user: mia' -H 'content-type: application/json' \
 *       -d '{"thread": "1", "message": "I am allergic to peanuts"}'
 *
 * With `OPENAI_API_KEY` it uses a model of OpenAI, with `CQL_CONTACT_POINT` and `QDRANT_URL` a store on servers.
 */
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { LocalEmbeddings, LOCAL_EMBEDDINGS_DIMS } from "langgraph-store-scylladb/local-embeddings";
import { chatModel } from "../support/chat-model.ts";
import { chatApp } from "./app.ts";

const { CQL_CONTACT_POINT, CQL_LOCAL_DC = "datacenter1", QDRANT_URL, STORE_FILE = "./chat-memory.db", PORT = "3000" } = process.env;
const index = { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] };

// One store for all requests: it holds the connections, queues and caches.
const store =
  CQL_CONTACT_POINT === undefined
    ? await ScyllaDBStore.embedded({ path: STORE_FILE, index })
    : await ScyllaDBStore.connect({
        cql: { contactPoints: [CQL_CONTACT_POINT], localDataCenter: CQL_LOCAL_DC, keyspace: "chat" },
        ...(QDRANT_URL === undefined ? {} : { qdrant: { url: QDRANT_URL } }),
        index,
      });

// This header stands for your authentication. A real service verifies a session or a token here.
const userOf = (headers: Headers): string | null => headers.get("x-user");
// Within a graph, one failed call fails alone.
const app = chatApp({ model: chatModel(), store: Object.assign(store.with({ batchErrors: "positional" }), { health: () => store.health() }), userOf });
const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: "127.0.0.1" }, ({ port }) => console.log(`Listening on http://127.0.0.1:${port}`)) as Server;

let isStopping = false;
// Without this, the server would not close as long as a client or a load balancer keeps sending requests on an open connection.
server.prependListener("request", (_request, response) => {
  if (isStopping) response.setHeader("connection", "close");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    console.log("Stopping: answers in flight complete first.");
    isStopping = true;
    // No new requests; then the store, which completes its writes.
    server.close(() => void store.stop().then(() => console.log("Stopped.")));
    server.closeIdleConnections();
  });
}
