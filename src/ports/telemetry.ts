/** The observer that components report their work to, for traces, metrics and logs. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { Service } from "./events.ts";

/** Outcome of an intent that the reconciler processed; `stale`: of stale vectors that a search found. */
export type ReconcileVerdict = "settled" | "watched" | "failed" | "dead" | "stale";

/** Outcome of a TTL refresh; `dropped`: the queue was full, or the store was stopped. */
export type RefreshOutcome = "written" | "failed" | "dropped";

/** Kinds of background work that have a span. */
export type MaintenanceTask = "reconcile" | "repair" | "sweep";

/** Observes the store's work. No method throws or waits; methods with a task run it and return its outcome. */
export interface Observer {
  /** Runs the rest of a search that is not ranked by similarity. */
  fallback<T>(reason: DegradedReason, task: () => Promise<T>): Promise<T>;
  /** Runs the vector writes of a put or delete. */
  syncVectors<T>(task: () => Promise<T>): Promise<T>;
  /** Runs background work that has something to do. */
  maintenance<T>(kind: MaintenanceTask, task: () => Promise<T>): Promise<T>;
  /** Reports that vectors of items became searchable, `ms` after the write of their records. */
  vectorsSynced(path: "write" | "reconcile", ms: number, items: number): void;
  /** Reports hits that a search omitted because their vectors did not match their records. */
  staleHits(hits: number): void;
  /** Reports intents that the reconciler processed. */
  reconciled(verdict: ReconcileVerdict, intents: number): void;
  /** Reports expired items that the sweeper deleted. */
  swept(what: "points" | "records", items: number): void;
  /** Reports completed TTL refreshes. */
  refreshed(outcome: RefreshOutcome, items: number): void;
  /** Reports the source of the vector of a text. */
  embedded(purpose: "document" | "query", source: "cache" | "shared" | "provider"): void;
  /** Reports a failed attempt that is retried after a delay. */
  retried(service: Service, attempt: number, delayMs: number, error: unknown): void;
}

/** Observes nothing. */
export const unobserved: Observer = {
  fallback: (_, task) => task(),
  syncVectors: (task) => task(),
  maintenance: (_, task) => task(),
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
  /** Address and port: "10.0.0.1:9042". */
  readonly name: string;
  readonly isUp: boolean;
  /** Open connections. */
  readonly connections: number;
  /** Requests in flight. */
  readonly inFlight: number;
  /** Most requests that these connections carry concurrently. */
  readonly capacity: number;
}
