/** What alerts are decided by: how a store is at one moment. */
import type { BreakerState, Service } from "../../ports/events.ts";

/** Counts since the store was made; the difference of two says what happened in between. */
export interface AlertCounts {
  /** Operations that ended, however they ended. */
  readonly operations: number;
  /** Those that failed by a fault of ours or of a server; a caller's mistake, abort or rate limit is none. */
  readonly failed: number;
  /** Those that took longer than `telemetry.slowOperationMs`. */
  readonly slow: number;
  /** Records that were stored without their vectors, for the time being. */
  readonly vectorSyncFailures: number;
  /** Texts that had their vectors in the cache. */
  readonly cacheHits: number;
  /** Texts that had not. */
  readonly cacheMisses: number;
  /** Times that a breaker opened, by its service: it may have closed again between two looks. */
  readonly breakerOpenings: Readonly<Partial<Record<Service, number>>>;
  /** Failed renewals, by the reference of the secret. */
  readonly secretFailures: Readonly<Record<string, number>>;
}

/** A node of the CQL cluster. */
export interface NodeState {
  /** Its address: "10.0.0.1:9042". */
  readonly name: string;
  readonly isUp: boolean;
}

/** How much of the connections to the CQL cluster is in use. */
export interface PoolState {
  /** Requests under way. */
  readonly inFlight: number;
  /** Most that can be under way. */
  readonly capacity: number;
}

/** Writes that wait to be finished. */
export interface BacklogState {
  readonly intents: number;
  readonly deadLettered: number;
  /** For how many milliseconds the longest waiting one has been due. */
  readonly overdueMs: number;
}

/** How a store is. */
export interface AlertSnapshot {
  /** Of the breakers that there are. */
  readonly breakers: Readonly<Partial<Record<Service, BreakerState>>>;
  /** Null where there is no pool, as before a local file. */
  readonly pool: PoolState | null;
  /** None where there is no cluster. */
  readonly nodes: readonly NodeState[];
  readonly counts: AlertCounts;
  /** 99 of 100 operations of a kind took no longer, milliseconds; of the kinds that were called lately. */
  readonly p99Ms: Readonly<Record<string, number>>;
  /** Null when it could not be read. */
  readonly backlog: BacklogState | null;
  /** Whether the vectors hold what the records say. */
  readonly hasAllVectors: boolean;
  /** Whether searches with a query are ranked by keywords at the moment. */
  readonly isSearchDegraded: boolean;
  /** Whether audit entries cannot be kept at the moment. */
  readonly isAuditFailing: boolean;
}

/** Says how the store is; may take a moment, and may fail. */
export type TakeSnapshot = () => Promise<AlertSnapshot>;
