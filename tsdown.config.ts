import { defineConfig } from "tsdown";

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/testing/index.ts",
    "src/embeddings/local.ts",
    "src/cli/main.ts",
    "src/tools/index.ts",
    "src/mcp/index.ts",
    // Each runs in a thread of its own: of the local file, and of the local embedder.
    "src/backends/sqlite/worker.ts",
    "src/embeddings/local-worker.ts",
  ],
  format: ["esm", "cjs"],
  platform: "node",
  target: "node22.13",
  dts: true,
  sourcemap: true,
  // One file a module: the worker and the migrations are found beside the modules that use them.
  unbundle: true,
  shims: true,
  copy: [{ from: "src/backends/cql/migrations", to: "dist/backends/cql" }],
});
