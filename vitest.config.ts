import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { embedWorker } from "./scripts/embed-worker.ts";

function source(path: string): string {
  return fileURLToPath(new URL(`./src/${path}`, import.meta.url));
}

const annotations = process.env["GITHUB_ACTIONS"] === "true" ? ["github-actions"] : [];

/** With `TEST_HINTS=off`, every test runs without hints, see src/concurrency/hints.ts. */
const setupFiles = process.env["TEST_HINTS"] === "off" ? ["./test/support/no-hints.ts"] : [];

export default defineConfig({
  plugins: [embedWorker()],
  resolve: {
    // Tests import the package by its name, as a user does.
    alias: [
      { find: /^langgraph-store-scylladb$/, replacement: source("index.ts") },
      { find: /^langgraph-store-scylladb\/servers$/, replacement: source("servers.ts") },
      { find: /^langgraph-store-scylladb\/embedded$/, replacement: source("embedded.ts") },
      { find: /^langgraph-store-scylladb\/testing$/, replacement: source("testing/index.ts") },
      { find: /^langgraph-store-scylladb\/local-embeddings$/, replacement: source("embeddings/local.ts") },
      { find: /^langgraph-store-scylladb\/tools$/, replacement: source("tools/index.ts") },
      { find: /^langgraph-store-scylladb\/mcp$/, replacement: source("mcp/index.ts") },
    ],
  },
  test: {
    // The servers and the tests mostly wait for each other: three files at once fit on two cores.
    maxWorkers: 3,
    // Only for what hangs: a machine that is busy takes many times as long as an idle one.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000 } },
    reporters: ["default", ...annotations, "./test/support/summary-reporter.ts"],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts"],
      reporter: ["text-summary", "html", "lcov"],
      thresholds: { lines: 90 },
    },
    projects: [
      { test: { name: "unit", setupFiles, include: ["test/unit/**/*.test.ts", "src/**/*.test.ts"] } },
      { test: { name: "embedded", setupFiles, include: ["test/embedded/**/*.test.ts"] } },
      {
        test: {
          name: "servers",
          setupFiles,
          include: ["test/integration/**/*.test.ts", "test/fault/**/*.test.ts", "test/bench/**/*.test.ts"],
          globalSetup: ["./test/servers/global-setup.ts"],
        },
      },
    ],
  },
});
