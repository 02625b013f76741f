import { defineConfig } from "tsdown";

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/testing/index.ts",
    "src/embeddings/local.ts",
    // The embedded store runs it in a thread of its own.
    "src/backends/libsql/worker.ts",
  ],
  format: ["esm", "cjs"],
  platform: "node",
  target: "node22.12",
  dts: true,
  sourcemap: true,
  // One file a module: the worker and the migrations are found beside the modules that use them.
  unbundle: true,
  shims: true,
  copy: [{ from: "src/backends/cql/migrations", to: "dist/backends/cql" }],
});
