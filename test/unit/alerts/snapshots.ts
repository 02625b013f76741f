/** Snapshots for tests: a healthy store with the given changes. */
import type { AlertCounts, AlertSnapshot } from "../../../src/telemetry/alerts/snapshot.ts";
import type { AlertNotice } from "../../../src/ports/alerts.ts";

const NO_COUNTS: AlertCounts = {
  operations: 0,
  failed: 0,
  slow: 0,
  vectorSyncFailures: 0,
  cacheHits: 0,
  cacheMisses: 0,
  breakerOpenings: {},
  secretFailures: {},
};

/** Returns the snapshot of a healthy store with the given changes. */
export function snapshot(
  given: Partial<Omit<AlertSnapshot, "counts">> & { readonly counts?: Partial<AlertCounts> } = {},
): AlertSnapshot {
  return {
    breakers: { records: "closed", vectors: "closed", embeddings: "closed" },
    pool: { inFlight: 3, capacity: 100 },
    nodes: [{ name: "10.0.0.1:9042", isUp: true }],
    p99Ms: { get: 4, put: 20 },
    backlog: { intents: 2, deadLettered: 0, overdueMs: 0 },
    hasAllVectors: true,
    isSearchDegraded: false,
    isAuditFailing: false,
    ...given,
    counts: { ...NO_COUNTS, ...given.counts },
  };
}

/** Returns the notice of a firing alert with the given changes. */
export function notice(given: Partial<AlertNotice> = {}): AlertNotice {
  return {
    status: "firing",
    isRepeat: false,
    id: "langgraph-store/host-1/breaker-open/vectors",
    condition: "breaker-open",
    subject: "vectors",
    severity: "critical",
    summary: "Calls to Qdrant keep failing: its circuit breaker is open.",
    value: null,
    limit: null,
    source: "host-1",
    startedAt: "2026-01-02T03:04:05.000Z",
    endedAt: null,
    runbook: "https://docs.example.com/operations#breaker-open",
    ...given,
  };
}
