/** What a process of a history is told, as JSON in its one argument. */
import type { EmbeddedStoreConfig, ScyllaDBStoreConfig } from "../../../src/index.ts";

/** Options of a store that survive JSON: the index is added by the process itself. */
export type StoreOptions =
  | { readonly kind: "servers"; readonly options: Omit<ScyllaDBStoreConfig, "index" | "logger"> }
  | { readonly kind: "embedded"; readonly options: Omit<EmbeddedStoreConfig, "index" | "logger"> };

/** A clock that is wrong: ahead by `skewMs`, and advancing in steps of `tickMs`. */
export interface ClockFault {
  readonly skewMs?: number;
  readonly tickMs?: number;
}

/** What every process is told. */
export interface ProcessConfig {
  /** Unique in the history. */
  readonly name: string;
  /** File that the log is written to. */
  readonly log: string;
  /** Folder of the store's sources: those of the repository, or a copy. */
  readonly sources: string;
  readonly store: StoreOptions;
  readonly clock?: ClockFault;
  /** Hostile users; none unless told. */
  readonly hostile?: HostileUsers;
}

/** Users who call the store beside the clients, and do all of it wrong. */
export interface HostileUsers {
  /** How many, in each process. */
  readonly users: number;
  /** The embedding provider rejects longer texts, and blank ones. */
  readonly maxTextChars: number;
}

/** How often each kind of call is made, relative to the others. */
export interface Mix {
  readonly get: number;
  readonly put: number;
  /** A put that ends by itself. */
  readonly "put-ttl": number;
  readonly delete: number;
  readonly batch: number;
  readonly "search-text": number;
  readonly "search-filter": number;
  readonly list: number;
}

/** What a process of clients is told. */
export interface ClientConfig extends ProcessConfig {
  readonly seed: string;
  /** Clients that call the store at once, each one call after the other. */
  readonly clients: number;
  readonly namespaces: readonly (readonly string[])[];
  /** Keys in each namespace, all shared by all clients. */
  readonly keys: readonly string[];
  readonly mix: Mix;
  /** Longest pause of a client between two calls, milliseconds. */
  readonly pauseMs: number;
  /** Share of the calls that their client may abort, and how long after their start at most, milliseconds. */
  readonly aborts: { readonly share: number; readonly withinMs: number };
  /** Bytes that each value has beside its text. */
  readonly padBytes: number;
  /** Time to live of the puts that have one, milliseconds. */
  readonly ttlMs: number;
  /** Longest wait of the judge for what has ended to be swept, milliseconds. */
  readonly sweepMs: number;
  /** Most results of a search; more than there are items, so that what is not among them is known not to be there. */
  readonly limit: number;
}

/** A mix of everything. */
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
