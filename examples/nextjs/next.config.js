/** The store and the local embedder start worker threads from files beside their own: they must not be bundled. */
export default {
  serverExternalPackages: ["langgraph-store-scylladb", "@energetic-ai/core", "@energetic-ai/embeddings", "cassandra-driver"],
  typescript: { tsconfigPath: "tsconfig.next.json" },
};
