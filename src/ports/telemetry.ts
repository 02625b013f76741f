/** What the parts of the store tell of their work, for traces, metrics and logs. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { Service } from "./events.ts";

/** What became of an intent that the reconciler looked at; `stale`: of vectors that a search had found not to be right. */
export type ReconcileVerdict = "settled" | "watched" | "failed" | "dead" | "stale";

/** What became of the refresh of a time to live; `dropped`: too much waited, or the store was stopped. */
export type RefreshOutcome = "written" | "failed" | "dropped";

/** Kinds of upkeep that have a span of their own. */
export type Upkeep = "reconcile" | "repair" | "sweep";

/** Is told of the store's work. Telling never throws and never waits; what is given to be run is run, and its outcome given back. */
export interface Observer {
  /** A search goes on without similarity. */
  fallback<T>(reason: DegradedReason, task: () => Promise<T>): Promise<T>;
  /** A write brings its vectors in step with its records. */
  syncVectors<T>(task: () => Promise<T>): Promise<T>;
  /** Upkeep has found something to do. */
  upkeep<T>(kind: Upkeep, task: () => Promise<T>): Promise<T>;
  /** Vectors of so many items can be found, so many milliseconds after their records were written. */
  vectorsSynced(path: "write" | "reconcile", ms: number, items: number): void;
  /** A search left out so many hits, as their vectors were not those of their records. */
  staleHits(hits: number): void;
  /** The reconciler has looked at so many intents. */
  reconciled(verdict: ReconcileVerdict, intents: number): void;
  /** So much that had ended was taken away. */
  swept(what: "points" | "records", items: number): void;
  /** So many refreshes of the time to live of items that were read are done with. */
  refreshed(outcome: RefreshOutcome, items: number): void;
  /** A text was to be embedded; says where its vector came from. */
  embedded(purpose: "document" | "query", source: "cache" | "shared" | "provider"): void;
  /** An attempt failed, and is made again after a pause. */
  retried(service: Service, attempt: number, delayMs: number, error: unknown): void;
}

/** Nobody is told. */
export const unobserved: Observer = {
  fallback: (_, task) => task(),
  syncVectors: (task) => task(),
  upkeep: (_, task) => task(),
  vectorsSynced() {},
  staleHits() {},
  reconciled() {},
  swept() {},
  refreshed() {},
  embedded() {},
  retried() {},
};

/** A node of the CQL cluster, as the driver sees it. */
export interface CqlNode {
  /** Its address and port: "10.0.0.1:9042". */
  readonly name: string;
  readonly isUp: boolean;
  /** Open connections to it. */
  readonly connections: number;
  /** Requests under way to it. */
  readonly inFlight: number;
  /** Requests that these connections can carry at once. */
  readonly capacity: number;
}
