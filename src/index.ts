/** LangGraph long-term memory on ScyllaDB or Cassandra with Qdrant, or on one local file. */
export * from "./api.ts";
export { loadConfig, type ConfigOverrides, type LoadOptions, type Profile } from "./config/load.ts";
export type { WatchOptions } from "./config/watch.ts";
export { ScyllaDBStore, type FromConfigOptions } from "./scylladb-store.ts";
