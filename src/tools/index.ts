/** Memory for LangChain agents: tools that a model calls, and a middleware that shows it what is remembered. */
export { createMemoryMiddleware, type MemoryMiddlewareOptions } from "./memory-middleware.ts";
export { createMemoryTools, type MemoryAction, type MemoryToolsOptions } from "./memory-tools.ts";
export type { SearchMode } from "../model/search-mode.ts";
export type { JsonSchema } from "./memory-shape.ts";
export type { MemoryPlace } from "./run-memories.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "../model/standard-schema.ts";
