/** Lets a program import this package by its name without a build: `node --import` this file. */
import { registerHooks } from "node:module";

const SOURCES: Readonly<Record<string, string>> = {
  "langgraph-store-scylladb": "index.ts",
  "langgraph-store-scylladb/testing": "testing/index.ts",
  "langgraph-store-scylladb/local-embeddings": "embeddings/local.ts",
};

registerHooks({
  resolve(specifier, context, next) {
    const source = SOURCES[specifier];
    return source === undefined
      ? next(specifier, context)
      : { url: new URL(`../../src/${source}`, import.meta.url).href, shortCircuit: true };
  },
});
