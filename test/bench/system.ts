/** A system under measurement: a store, or the drivers below it. */
import type { CaseName } from "./cases.ts";

/** The names of all systems, in the order of reports. */
export const SYSTEMS = ["servers", "embedded", "raw", "memory", "postgres"] as const;

/** The name of a system. */
export type SystemName = (typeof SYSTEMS)[number];

/** One call of a case. `n` counts the calls of all clients of a case, and never repeats. */
export type Call = (n: number) => Promise<unknown>;

/** How the calls of a case are made, where a system makes them another way than the case says. */
interface Shape {
  readonly clients: number;
  readonly itemsPerCall: number;
}

/** A system, connected. */
export interface System {
  /** What is called for each case; a case that the system cannot do is absent. */
  readonly calls: Readonly<Partial<Record<CaseName, Call>>>;
  readonly shapes?: Readonly<Partial<Record<CaseName, Shape>>>;
  /** Writes what the reading cases read: see `corpus.ts`. */
  seed(): Promise<void>;
  /** Waits until the servers have done what earlier writes left them to do in the background; at most 20 s. */
  settle?(): Promise<void>;
  stop(): Promise<void>;
}

/** Addresses of a CQL database and a Qdrant. */
export interface ServerPair {
  readonly cql: { readonly contactPoints: string[]; readonly localDataCenter: string };
  readonly qdrant: { readonly url: string };
}

/** Where systems find their servers and files. */
export interface BenchEnvironment {
  /** Null if no measured system needs them. */
  readonly servers: ServerPair | null;
  /** Null where Postgres could not be started. */
  readonly postgres: string | null;
  /** A folder for the embedded store. */
  readonly folder: string;
  /** Keyspace, collection and file name of our store: two versions in one run must not share them. */
  readonly storeName: string;
}
