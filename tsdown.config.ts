import { defineConfig } from "tsdown";
import { embedWorker } from "./scripts/embed-worker.ts";

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/servers.ts",
    "src/embedded.ts",
    "src/testing/index.ts",
    "src/embeddings/local.ts",
    "src/cli/main.ts",
    "src/tools/index.ts",
    "src/mcp/index.ts",
    // Runs in a thread of its own: the local embedder.
    "src/embeddings/local-worker.ts",
  ],
  format: ["esm", "cjs"],
  platform: "node",
  target: "node22.13",
  dts: true,
  sourcemap: true,
  // One file a module: the worker of the local embedder is found beside the module that uses it.
  unbundle: true,
  shims: true,
  // ES modules only, which Jest and other programs that run CommonJS cannot load.
  deps: { alwaysBundle: ["cockatiel"] },
  outputOptions: (options) => ({ ...options, entryFileNames: ({ name }) => packedName(String(options.entryFileNames), name) }),
  plugins: [embedWorker()],
  copy: [{ from: "node_modules/cockatiel/LICENSE", to: "dist/bundled/cockatiel" }],
});

/** npm packs no folder named node_modules. */
function packedName(pattern: string, name: string): string {
  return name.includes("node_modules/") ? pattern.replace("[name]", name.replaceAll("node_modules/", "bundled/")) : pattern;
}
