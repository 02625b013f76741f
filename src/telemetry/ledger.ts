/** Counts since the store was created, independent of OpenTelemetry. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { Service } from "../ports/events.ts";
import type { ReconcileVerdict, RefreshOutcome } from "../ports/telemetry.ts";
import { OPERATIONS, type OperationName } from "./names.ts";
import { RecentLatency } from "./recent-latency.ts";

/** Counts of one kind of operation. */
export class OperationCounts {
  count = 0;
  /** Failures of the store or of a server. */
  failed = 0;
  /** Rejections because of invalid input, an abort or a rate limit. */
  refused = 0;
  rateLimited = 0;
  slow = 0;
  readonly latency = new RecentLatency();
}

/** Counts of the calls to one service. */
export class ServiceCounts {
  calls = 0;
  failed = 0;
  retries = 0;
  readonly latency = new RecentLatency();

  /** Counts a completed call. */
  completed(isFailed: boolean, ms: number, now: number): void {
    this.calls += 1;
    if (isFailed) this.failed += 1;
    this.latency.record(ms, now);
  }
}

/** Kinds of grouped calls. */
export const GROUPS = ["intents", "embeddings", "upserts", "removals"] as const;

/** A kind of grouped call. */
export type GroupName = (typeof GROUPS)[number];

/** All counts of a store. */
export class Ledger {
  readonly since = new Date();
  readonly startedAt = performance.now();
  inFlight = 0;
  readonly operations = Object.fromEntries(OPERATIONS.map((name) => [name, new OperationCounts()])) as Record<OperationName, OperationCounts>;
  readonly services: Readonly<Record<Service, ServiceCounts>> = {
    records: new ServiceCounts(),
    vectors: new ServiceCounts(),
    embeddings: new ServiceCounts(),
  };
  readonly texts = { cache: 0, shared: 0, provider: 0 };
  readonly groups = Object.fromEntries(GROUPS.map((name) => [name, { groups: 0, inputs: 0 }])) as Record<
    GroupName,
    { groups: number; inputs: number }
  >;
  readonly synced = { write: 0, reconcile: 0 };
  readonly syncLatency = { write: new RecentLatency(), reconcile: new RecentLatency() };
  readonly degraded = new Map<DegradedReason, number>();
  staleHits = 0;
  readonly reconciled: Record<ReconcileVerdict, number> = { settled: 0, watched: 0, failed: 0, dead: 0, stale: 0 };
  readonly swept = { points: 0, records: 0 };
  readonly ttlRefresh: Record<RefreshOutcome, number> = { written: 0, failed: 0, dropped: 0 };
  readonly values = { puts: 0, bytes: 0, largest: 0 };
}
