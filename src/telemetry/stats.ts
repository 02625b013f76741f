/** Statistics of a store in this process, with or without an SDK. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { BreakerState, Service, StoreEventType } from "../ports/events.ts";
import type { CqlNode, ReconcileVerdict, RefreshOutcome } from "../ports/telemetry.ts";
import { GROUPS, type GroupName, type Ledger, type ServiceCounts } from "./ledger.ts";
import { OPERATIONS, type OperationName } from "./names.ts";
import type { LatencyStats } from "./recent-latency.ts";
import type { GuardState, StateSources } from "./state.ts";

/** Operations of one kind. */
export interface OperationStats {
  /** Completed operations; each operation of a batch counts. */
  readonly count: number;
  /** Operations that failed because of the store or a server. */
  readonly failed: number;
  /** Operations rejected because of invalid input, an abort or a rate limit. Rejections before the start do not count. */
  readonly refused: number;
  /** The refused operations that a rate limit rejected. */
  readonly rateLimited: number;
  /** Operations that took longer than `telemetry.slowOperationMs`. */
  readonly slow: number;
  /** Latencies of the last one or two minutes; null when there were none. */
  readonly latencyMs: LatencyStats | null;
}

/** Calls to one service. */
export interface ServiceStats {
  readonly calls: number;
  readonly failed: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Calls in flight; null for services without a guard, such as a local file. */
  readonly inFlight: number | null;
  /** Calls that wait at the bulkhead; null for services without a guard. */
  readonly waiting: number | null;
  /** Null for services without a breaker. */
  readonly breaker: BreakerState | null;
  readonly latencyMs: LatencyStats | null;
}

/** Statistics since the store was created, in this process. */
export interface StoreStats {
  /** Time when the store was created, ISO 8601 in UTC. */
  readonly since: string;
  readonly uptimeMs: number;
  readonly operations: Readonly<Record<OperationName, OperationStats>>;
  /** Operations in flight. */
  readonly inFlight: number;
  readonly services: Readonly<Record<Service, ServiceStats>>;
  readonly embedding: {
    /** Texts to embed. */
    readonly texts: number;
    /** Texts whose vectors were in the cache. */
    readonly cacheHits: number;
    /** Texts that a call in flight was already embedding. */
    readonly shared: number;
    /** Share of cache hits, from 0 to 1; null when there were no texts. */
    readonly hitRate: number | null;
    /** Texts in the cache; null when the store has no index. */
    readonly cacheEntries: number | null;
  };
  /** Grouped calls, and the sum of their inputs. */
  readonly groups: Readonly<Record<GroupName, { readonly groups: number; readonly inputs: number }>>;
  readonly search: {
    /** Degraded searches, by reason. */
    readonly degraded: Readonly<Partial<Record<DegradedReason, number>>>;
    /** Vector hits that were omitted because they did not match their record. */
    readonly staleHits: number;
  };
  /** Items whose vectors were written, and the latency after their records, by the write itself and by the reconciler. */
  readonly vectorSync: Readonly<Record<"write" | "reconcile", { readonly items: number; readonly latencyMs: LatencyStats | null }>>;
  /** False while a lost collection is rebuilt; null when the store has no index. */
  readonly vectorsComplete: boolean | null;
  /** Intents that the reconciler processed, by outcome. `health()` returns the backlog. */
  readonly reconciled: Readonly<Record<ReconcileVerdict, number>>;
  /** Expired items that the sweeper deleted. */
  readonly swept: { readonly points: number; readonly records: number };
  /** TTL refreshes of items that were read, by outcome. `dropped`: the queue was full, or the store was stopped. */
  readonly ttlRefresh: Readonly<Record<RefreshOutcome, number>>;
  /** Values of puts, with their encoded size. */
  readonly values: { readonly puts: number; readonly bytes: number; readonly largest: number };
  /** Nodes of the CQL cluster; none on a local file. */
  readonly nodes: readonly CqlNode[];
  /** Number of events of each type. */
  readonly events: Partial<Record<StoreEventType, number>>;
}

/** Reads the statistics. */
export function readStats(ledger: Ledger, state: StateSources | null, events: StoreStats["events"]): StoreStats {
  const now = performance.now();
  const { texts } = ledger;
  const requested = texts.cache + texts.shared + texts.provider;
  const guard = (service: Service): GuardState | null => state?.guards[service]?.() ?? null;
  return {
    since: ledger.since.toISOString(),
    uptimeMs: Math.round(now - ledger.startedAt),
    operations: each(OPERATIONS, (name) => {
      const { latency, count, failed, refused, rateLimited, slow } = ledger.operations[name];
      return { count, failed, refused, rateLimited, slow, latencyMs: latency.read(now) };
    }),
    inFlight: ledger.inFlight,
    services: each(["records", "vectors", "embeddings"], (name) => serviceStats(ledger.services[name], guard(name), now)),
    embedding: {
      texts: requested,
      cacheHits: texts.cache,
      shared: texts.shared,
      hitRate: requested === 0 ? null : texts.cache / requested,
      cacheEntries: state?.cachedTexts() ?? null,
    },
    groups: each(GROUPS, (name) => ({ ...ledger.groups[name] })),
    search: { degraded: Object.fromEntries(ledger.degraded), staleHits: ledger.staleHits },
    vectorSync: each(["write", "reconcile"], (path) => ({ items: ledger.synced[path], latencyMs: ledger.syncLatency[path].read(now) })),
    vectorsComplete: state?.isComplete() ?? null,
    reconciled: { ...ledger.reconciled },
    swept: { ...ledger.swept },
    ttlRefresh: { ...ledger.ttlRefresh },
    values: { ...ledger.values },
    nodes: state?.nodes() ?? [],
    events,
  };
}

/** Recent 99th percentile of the latency of each kind of operation that was called, milliseconds. */
export function p99OfOperations({ operations }: Ledger): Record<string, number> {
  const read = OPERATIONS.map((name) => [name, operations[name].latency.read()] as const);
  return Object.fromEntries(read.flatMap(([name, latency]) => (latency === null ? [] : [[name, latency.p99]])));
}

/** Totals over all operations, and counts of the embedding cache. */
export function totalsOf({ operations, texts }: Ledger) {
  const sum = (of: "count" | "failed" | "slow"): number => OPERATIONS.reduce((total, name) => total + operations[name][of], 0);
  return {
    operations: sum("count"),
    failed: sum("failed"),
    slow: sum("slow"),
    cacheHits: texts.cache,
    cacheMisses: texts.shared + texts.provider,
  };
}

function serviceStats({ calls, failed, retries, latency }: ServiceCounts, guard: GuardState | null, now: number): ServiceStats {
  const [inFlight, waiting] = [guard?.calls.inFlight ?? null, guard?.calls.waiting ?? null];
  return { calls, failed, retries, inFlight, waiting, breaker: guard?.breaker ?? null, latencyMs: latency.read(now) };
}

function each<Name extends string, Each>(names: readonly Name[], of: (name: Name) => Each): Record<Name, Each> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, Each>;
}
