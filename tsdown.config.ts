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
  // ES modules only, which Jest and other programs that run CommonJS cannot load.
  deps: { alwaysBundle: ["cockatiel"] },
  outputOptions: (options) => ({ ...options, entryFileNames: ({ name }) => packedName(String(options.entryFileNames), name) }),
  copy: [
    { from: "src/backends/cql/migrations", to: "dist/backends/cql" },
    { from: "node_modules/cockatiel/LICENSE", to: "dist/bundled/cockatiel" },
  ],
});

/** npm packs no folder named node_modules. */
function packedName(pattern: string, name: string): string {
  return name.includes("node_modules/") ? pattern.replace("[name]", name.replaceAll("node_modules/", "bundled/")) : pattern;
}
