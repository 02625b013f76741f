/** What was measured of a store in this process, with or without an SDK. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { BreakerState, Service, StoreEventType } from "../ports/events.ts";
import type { CqlNode, ReconcileVerdict, RefreshOutcome } from "../ports/telemetry.ts";
import { GROUPS, type GroupName, type Ledger, type ServiceCounts } from "./ledger.ts";
import { OPERATIONS, type OperationName } from "./names.ts";
import type { LatencyStats } from "./recent-latency.ts";
import type { GuardState, StateSources } from "./state.ts";

/** Operations of one kind. */
export interface OperationStats {
  /** Those that ended, each of a batch. */
  readonly count: number;
  /** Those that failed by a fault of the store or of a server. */
  readonly failed: number;
  /** Those that the caller's input, signal or rate limit ended. What is refused before it begins does not count. */
  readonly refused: number;
  /** Those of the refused that a rate limit refused. */
  readonly rateLimited: number;
  /** Those that took longer than `telemetry.slowOperationMs`. */
  readonly slow: number;
  /** Of the last one or two minutes; null when there were none. */
  readonly latencyMs: LatencyStats | null;
}

/** Calls to one service. */
export interface ServiceStats {
  readonly calls: number;
  readonly failed: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Calls under way; null where no guard counts them, as before a local file. */
  readonly inFlight: number | null;
  /** Calls that wait for their turn; null where no guard makes them. */
  readonly waiting: number | null;
  /** Null where there is none. */
  readonly breaker: BreakerState | null;
  readonly latencyMs: LatencyStats | null;
}

/** What was measured since the store was made, in this process. */
export interface StoreStats {
  /** When the store was made, ISO 8601 in UTC. */
  readonly since: string;
  readonly uptimeMs: number;
  readonly operations: Readonly<Record<OperationName, OperationStats>>;
  /** Operations under way. */
  readonly inFlight: number;
  readonly services: Readonly<Record<Service, ServiceStats>>;
  readonly embedding: {
    /** Texts that were to be embedded. */
    readonly texts: number;
    /** Those whose vectors were in the cache. */
    readonly cacheHits: number;
    /** Those that another call was embedding already. */
    readonly shared: number;
    /** Share of the cache hits, from 0 to 1; null when there were no texts. */
    readonly hitRate: number | null;
    /** Texts in the cache; null when the store has no index. */
    readonly cacheEntries: number | null;
  };
  /** Calls that served several, and how many inputs they had together. */
  readonly groups: Readonly<Record<GroupName, { readonly groups: number; readonly inputs: number }>>;
  readonly search: {
    /** Searches that were not ranked by similarity, although asked for, by their reason. */
    readonly degraded: Readonly<Partial<Record<DegradedReason, number>>>;
    /** Vector hits that were left out, as they were not of their record. */
    readonly staleHits: number;
  };
  /** Items whose vectors were written, and how long after their records: by the write itself, and by the reconciler. */
  readonly vectorSync: Readonly<Record<"write" | "reconcile", { readonly items: number; readonly latencyMs: LatencyStats | null }>>;
  /** Whether the vectors hold what the records say; null when the store has no index. */
  readonly vectorsComplete: boolean | null;
  /** Intents that the reconciler looked at, by what became of them. How many wait is told by `health()`. */
  readonly reconciled: Readonly<Record<ReconcileVerdict, number>>;
  /** What had ended and was taken away. */
  readonly swept: { readonly points: number; readonly records: number };
  /** Items whose time to live was to be refreshed because they were read. Dropped: too many waited, or the store was stopped. */
  readonly ttlRefresh: Readonly<Record<RefreshOutcome, number>>;
  /** Values that were put, encoded. */
  readonly values: { readonly puts: number; readonly bytes: number; readonly largest: number };
  /** Nodes of the CQL cluster; none on a local file. */
  readonly nodes: readonly CqlNode[];
  /** How often each event happened. */
  readonly events: Partial<Record<StoreEventType, number>>;
}

/** Reads what was measured. */
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

/** 99 of 100 operations of a kind took no longer lately, milliseconds; of the kinds that were called. */
export function p99OfOperations({ operations }: Ledger): Record<string, number> {
  const read = OPERATIONS.map((name) => [name, operations[name].latency.read()] as const);
  return Object.fromEntries(read.flatMap(([name, latency]) => (latency === null ? [] : [[name, latency.p99]])));
}

/** Counts of all operations together, and of the embedding cache. */
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
