/** Puts a memory together from its parts, whichever databases they are on. */
import type { CommonConfig } from "./config/schema.ts";
import { SharedEmbedder } from "./core/embedding.ts";
import { IndexRules } from "./core/index-rules.ts";
import type { Indexing } from "./core/indexing.ts";
import { IntentLog } from "./core/intent-log.ts";
import { Memory } from "./core/memory.ts";
import type { Backend, Resource } from "./ports/backend.ts";
import type { BreakerState, Events, Service } from "./ports/events.ts";
import type { Settings } from "./ports/settings.ts";
import type { VectorIndex } from "./ports/vector-index.ts";
import { Guard } from "./resilience/guard.ts";
import { guardEmbeddings } from "./resilience/guarded-embedder.ts";
import { Reconciler } from "./sync/reconciler.ts";
import { Refill, type Collection } from "./sync/refill.ts";
import { Repair, type RepairOptions, type RepairReport } from "./sync/repair.ts";
import { Sweeper, type SweepReport } from "./sync/sweeper.ts";
import { readHealth, type Health } from "./telemetry/health.ts";
import type { StoreEvents } from "./telemetry/store-events.ts";

/** A memory that is put together, but not connected yet. */
export interface Composition extends Resource {
  readonly config: CommonConfig;
  readonly memory: Memory;
  readonly reconciler: Reconciler;
  readonly events: StoreEvents;
  repair(options: RepairOptions): Promise<RepairReport>;
  sweep(): Promise<SweepReport>;
  health(): Promise<Health>;
}

type Stores = Pick<Backend, "items" | "outbox"> & {
  /** Null when the store has no index. */
  readonly vectors: VectorIndex | null;
};

/** What a memory is put together from. */
export interface Parts extends Resource, Stores {
  /** The same, past their guards: for the health check. */
  readonly bare: Stores;
  readonly breakers: { readonly records: (() => BreakerState) | null; readonly vectors: (() => BreakerState) | null };
  /** Vectors that live apart from the records and may be lost without them; null where they cannot. */
  readonly collection: Collection | null;
  readonly settings: Settings;
}

/** The guard of a service, as configured. */
export function guardFor(service: Service, name: string, { retry, breaker, bulkhead }: CommonConfig, events: Events): Guard {
  return new Guard({ service, name, retry, breaker, bulkhead, events });
}

/** Puts a memory together. */
export function compose(config: CommonConfig, events: StoreEvents, parts: Parts): Composition {
  const { items, outbox, collection, settings } = parts;
  const { limits, ttl, logger, vectorSync, embeddingFailure, reconcile } = config;
  const { indexing, providerBreaker } = composeIndexing(config, parts.vectors, events);
  const ground = { items, indexing };
  const intents = new IntentLog(outbox, reconcile);
  const reconciler = new Reconciler({ ground, outbox, log: intents, events, logger, tickMs: reconcile.tickMs });
  const sweeper = new Sweeper({ ground, logger, intervalMs: ttl.sweepIntervalMinutes * 60_000 });
  const refill = collection === null ? null : new Refill({ ground, collection, settings, events, logger });
  // What failed while a service was away is done soon after it is back, and not after a pause that grew meanwhile.
  const wake = (): void => void reconciler.wake();
  const memory = new Memory({
    ...ground,
    intents,
    policy: { vectorSync, embeddingFailure },
    limits: { ...limits, searches: { maxConcurrent: limits.maxConcurrentSearches, maxQueued: limits.maxQueuedSearches } },
    ttl,
    events,
    logger,
    onStale: (ids) => reconciler.noteStale(ids),
  });
  return {
    config,
    memory,
    reconciler,
    events,
    async repair(options) {
      const compared = refill?.name;
      const repair = new Repair(ground, logger, options);
      const report = await repair.run();
      if (compared !== undefined && repair.isComplete) await refill?.complete(compared);
      return report;
    },
    sweep: () => sweeper.sweep(),
    health: () =>
      readHealth({
        ...parts.bare,
        isComplete: () => collection?.isComplete ?? true,
        breakers: { ...parts.breakers, embeddings: providerBreaker },
        events: () => events.counts(),
      }),
    async start() {
      await parts.start();
      events.emitter.on("breaker-closed", wake);
      reconciler.start();
      sweeper.start();
      refill?.start();
    },
    async stop() {
      events.emitter.off("breaker-closed", wake);
      await Promise.all([reconciler.stop(), sweeper.stop(), refill?.stop()]);
      await parts.stop();
    },
  };
}

function composeIndexing(
  config: CommonConfig,
  vectors: VectorIndex | null,
  events: Events,
): { readonly indexing: Indexing | null; readonly providerBreaker: (() => BreakerState) | null } {
  const { index, embedding, limits } = config;
  if (index === undefined || vectors === null) return { indexing: null, providerBreaker: null };
  const guard = guardFor("embeddings", "The embedding provider", config, events);
  const provider = guardEmbeddings(index.embeddings, guard, {
    queryMs: Math.ceil(limits.deadlineMs / 2),
    documentsMs: Math.ceil(limits.writeDeadlineMs / 2),
  });
  const embedder = new SharedEmbedder(provider, index.dims, embedding);
  const rules = new IndexRules(index.fields, index.rules);
  return { indexing: { rules, embedder, vectors }, providerBreaker: () => guard.breaker };
}
