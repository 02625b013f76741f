/** A measured system: a store, or the raw drivers. */
import type { CaseName } from "./cases.ts";

/** The names of all systems, in the order of reports. */
export const SYSTEMS = ["servers", "embedded", "raw", "memory", "postgres"] as const;

/** The name of a system. */
export type SystemName = (typeof SYSTEMS)[number];

/** One call of a case. `n` counts the calls of all clients of a case, and never repeats. */
export type Call = (n: number) => Promise<unknown>;

/** Overrides how a system makes the calls of a case. */
interface Shape {
  readonly clients: number;
  readonly itemsPerCall: number;
}

/** A connected system. */
export interface System {
  /** The call of each case; absent for a case that the system does not support. */
  readonly calls: Readonly<Partial<Record<CaseName, Call>>>;
  readonly shapes?: Readonly<Partial<Record<CaseName, Shape>>>;
  /** Writes the data of the reading cases, see `corpus.ts`. */
  seed(): Promise<void>;
  /** Waits up to 20 s until the servers have completed the background work of earlier writes. */
  settle?(): Promise<void>;
  stop(): Promise<void>;
}

/** Addresses of a CQL database and a Qdrant. */
export interface ServerPair {
  readonly cql: { readonly contactPoints: string[]; readonly localDataCenter: string };
  readonly qdrant: { readonly url: string };
}

/** Servers and files of the systems. */
export interface BenchEnvironment {
  /** Null if no measured system needs them. */
  readonly servers: ServerPair | null;
  /** Null if Postgres could not be started. */
  readonly postgres: string | null;
  /** A folder for the embedded store. */
  readonly folder: string;
  /** Keyspace, collection and file name of this store, separate for each version in a run. */
  readonly storeName: string;
  /** Whether this store indexes terms; false compares puts with versions that had no keyword search. */
  readonly hasTerms: boolean;
}
