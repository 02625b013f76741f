/** The state of a store at one moment, from which alert conditions are evaluated. */
import type { BreakerState, Service } from "../../ports/events.ts";

/** Cumulative counts since the store was created. */
export interface AlertCounts {
  /** Completed operations, failures included. */
  readonly operations: number;
  /** Operations that failed because of the store or a server; not invalid input, aborts or rate limits. */
  readonly failed: number;
  /** Operations that took longer than `telemetry.slowOperationMs`. */
  readonly slow: number;
  /** Records that were stored while their vectors were queued. */
  readonly vectorSyncFailures: number;
  /** Texts whose vectors were in the cache. */
  readonly cacheHits: number;
  /** Texts whose vectors were not in the cache. */
  readonly cacheMisses: number;
  /** Openings of breakers, by service: a breaker may open and close between two snapshots. */
  readonly breakerOpenings: Readonly<Partial<Record<Service, number>>>;
  /** Failed refreshes, by secret reference. */
  readonly secretFailures: Readonly<Record<string, number>>;
}

/** A node of the CQL cluster. */
export interface NodeState {
  /** Address of the node: "10.0.0.1:9042". */
  readonly name: string;
  readonly isUp: boolean;
}

/** Use of the connections to the CQL cluster. */
export interface PoolState {
  /** Requests in flight. */
  readonly inFlight: number;
  /** Most requests in flight. */
  readonly capacity: number;
}

/** The backlog of recorded intents. */
export interface BacklogState {
  readonly intents: number;
  readonly deadLettered: number;
  /** Age of the oldest due intent, milliseconds. */
  readonly overdueMs: number;
}

/** A snapshot of a store. */
export interface AlertSnapshot {
  /** State by service; only services with a breaker. */
  readonly breakers: Readonly<Partial<Record<Service, BreakerState>>>;
  /** Null without a pool, as for a local file. */
  readonly pool: PoolState | null;
  /** Empty without a cluster. */
  readonly nodes: readonly NodeState[];
  readonly counts: AlertCounts;
  /** Recent 99th percentile of the latency, by kind of operation, milliseconds. */
  readonly p99Ms: Readonly<Record<string, number>>;
  /** Null when the backlog could not be read. */
  readonly backlog: BacklogState | null;
  /** False while a lost collection is rebuilt. */
  readonly hasAllVectors: boolean;
  /** Whether searches with a query are currently ranked by keywords. */
  readonly isSearchDegraded: boolean;
  /** Whether writing audit entries currently fails. */
  readonly isAuditFailing: boolean;
}

/** Takes a snapshot; may fail. */
export type TakeSnapshot = () => Promise<AlertSnapshot>;
