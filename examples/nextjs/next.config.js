/** The local embedder starts a worker thread from a file of its package, which a bundler does not copy. Without it, the list is not needed. */
export default {
  serverExternalPackages: ["langgraph-store-scylladb", "@energetic-ai/core", "@energetic-ai/embeddings", "cassandra-driver"],
  typescript: { tsconfigPath: "tsconfig.next.json" },
};
