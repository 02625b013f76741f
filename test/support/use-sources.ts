/**
 * Lets a program import this package by name without a build: `node --import` this file. `USE_SOURCES_OF` is the path of
 * another checkout to import instead.
 */
import { registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const CHECKOUT = process.env["USE_SOURCES_OF"] ?? fileURLToPath(new URL("../..", import.meta.url));

const SOURCES: Readonly<Record<string, string>> = {
  "langgraph-store-scylladb": "index.ts",
  "langgraph-store-scylladb/servers": "servers.ts",
  "langgraph-store-scylladb/embedded": "embedded.ts",
  "langgraph-store-scylladb/testing": "testing/index.ts",
  "langgraph-store-scylladb/local-embeddings": "embeddings/local.ts",
  "langgraph-store-scylladb/tools": "tools/index.ts",
  "langgraph-store-scylladb/mcp": "mcp/index.ts",
};

registerHooks({
  resolve(specifier, context, next) {
    const source = SOURCES[specifier];
    return source === undefined
      ? next(specifier, context)
      : { url: pathToFileURL(join(CHECKOUT, "src", source)).href, shortCircuit: true };
  },
});
