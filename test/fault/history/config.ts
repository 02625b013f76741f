/** Configuration of a history process, passed as one JSON argument. */
import type { EmbeddedStoreConfig, ScyllaDBStoreConfig } from "../../../src/index.ts";

/** Store options that JSON can express. The process adds the index. */
export type StoreOptions =
  | { readonly kind: "servers"; readonly options: Omit<ScyllaDBStoreConfig, "index" | "logger"> }
  | { readonly kind: "embedded"; readonly options: Omit<EmbeddedStoreConfig, "index" | "logger"> };

/** A wrong clock: ahead by `skewMs`, and advancing in steps of `tickMs`. */
export interface ClockFault {
  readonly skewMs?: number;
  readonly tickMs?: number;
}

/** Exit code of a process that something kept alive after its store was stopped. */
export const LINGERED = 77;

/** Options of every process. */
export interface ProcessConfig {
  /** Unique in the history. */
  readonly name: string;
  /** Path of the log file. */
  readonly log: string;
  /** Folder of the store's sources: those of the repository, or a copy. */
  readonly sources: string;
  readonly store: StoreOptions;
  readonly clock?: ClockFault;
  /** Hostile users. Default: none. */
  readonly hostile?: HostileUsers;
}

/** Users who make only invalid calls beside the clients. */
export interface HostileUsers {
  /** Number of hostile users in each process. */
  readonly users: number;
  /** Maximum text length of the embedding provider, which also rejects blank texts. */
  readonly maxTextChars: number;
}

/** Relative frequency of each kind of call. */
export interface Mix {
  readonly get: number;
  readonly put: number;
  /** A put with a TTL. */
  readonly "put-ttl": number;
  readonly delete: number;
  readonly batch: number;
  readonly "search-text": number;
  readonly "search-filter": number;
  readonly list: number;
}

/** Options of a client process. */
export interface ClientConfig extends ProcessConfig {
  readonly seed: string;
  /** Number of concurrent clients, each with one call at a time. */
  readonly clients: number;
  readonly namespaces: readonly (readonly string[])[];
  /** Keys per namespace, shared by all clients. */
  readonly keys: readonly string[];
  readonly mix: Mix;
  /** Longest pause of a client between calls in milliseconds. */
  readonly pauseMs: number;
  /** Share of aborted calls, and the latest abort after their start in milliseconds. */
  readonly aborts: { readonly share: number; readonly withinMs: number };
  /** Size of each value without its text in bytes. */
  readonly padBytes: number;
  /** TTL of puts that have one, in milliseconds. */
  readonly ttlMs: number;
  /** Timeout of the judge for the sweep of expired items, in milliseconds. */
  readonly sweepMs: number;
  /** Limit of a search: more than all items, so a missing item is known to be absent. */
  readonly limit: number;
}

/** A mix of all calls. */
export const EVERYTHING: Mix = {
  get: 4,
  put: 5,
  "put-ttl": 1,
  delete: 1,
  batch: 1,
  "search-text": 3,
  "search-filter": 1,
  list: 2,
};
