/** Puts a memory together from its parts, whichever databases they are on. */
import { auditTrailOf, type AuditTrail } from "./audit/index.ts";
import { sealItems } from "./codec/sealed-items.ts";
import { isSame } from "./config/change.ts";
import type { CommonConfig } from "./config/schema.ts";
import { SharedEmbedder } from "./core/embedding.ts";
import { IndexRules } from "./core/index-rules.ts";
import type { Indexing } from "./core/indexing.ts";
import { IntentLog } from "./core/intent-log.ts";
import { Memory, type Answer } from "./core/memory.ts";
import { RefusalWarning, UpkeepRights } from "./core/upkeep-rights.ts";
import { gateTo } from "./gate.ts";
import type { Guards } from "./guards.ts";
import { VersionClock } from "./model/version-clock.ts";
import type { AuditSink } from "./ports/audit.ts";
import type { Backend, Resource } from "./ports/backend.ts";
import type { BreakerState } from "./ports/events.ts";
import type { RunRequests } from "./ports/requests.ts";
import type { Settings } from "./ports/settings.ts";
import type { VectorIndex } from "./ports/vector-index.ts";
import { guardEmbeddings } from "./resilience/guarded-embedder.ts";
import { RateLimiter } from "./resilience/rate-limit.ts";
import { SharedResource, type Hold } from "./shared-resource.ts";
import { Reconciler } from "./sync/reconciler.ts";
import { Refill, type Collection } from "./sync/refill.ts";
import { Repair, type RepairOptions, type RepairReport } from "./sync/repair.ts";
import { Sweeper, type SweepReport } from "./sync/sweeper.ts";
import { readHealth, type Health } from "./telemetry/health.ts";
import { StoreEvents } from "./telemetry/store-events.ts";
import { StoreLog } from "./telemetry/store-log.ts";

/** What stays while the configuration changes: one for the whole life of a store. */
export interface Lasting {
  readonly log: StoreLog;
  readonly events: StoreEvents;
  /** Two clocks could draw one version. */
  readonly clock: VersionClock;
}

/** What a new store begins with. */
export function lastingFor(config: CommonConfig): Lasting {
  const log = new StoreLog(config);
  const events = new StoreEvents(log);
  // Of each composition that ends, one: several may end at once.
  events.emitter.setMaxListeners(100);
  return { log, events, clock: new VersionClock() };
}

/** A memory that is put together, but not connected yet, and can be put together anew. */
export interface Composition extends Composed {
  /**
   * Puts together one for another configuration, which is checked first; null when nothing of it differs.
   *
   * @throws {ConfigurationError} that lists every mistake, or names what cannot change while the store runs.
   */
  renew(config: unknown): Renewal | null;
}

/** A composition that may take the place of another. */
interface Renewal {
  readonly composition: Composition;
  /** Names of the options that differ. */
  readonly changed: readonly string[];
}

/** A memory that is put together, but not connected yet. */
export interface Composed extends Resource {
  readonly config: CommonConfig;
  readonly memory: Memory;
  /** Runs requests on the memory, through the rate limits and the audit trail. */
  readonly run: RunRequests<Answer>;
  readonly reconciler: Reconciler;
  readonly events: StoreEvents;
  /** What one that takes its place may keep. */
  readonly estate: Estate;
  repair(options: RepairOptions): Promise<RepairReport>;
  sweep(): Promise<SweepReport>;
  health(): Promise<Health>;
  /** From now on it is the one in force: its log level counts, and what it keeps of the one before is its own. */
  takeOver(): void;
}

/** What a composition may leave to the one that takes its place. */
export interface Estate {
  readonly config: CommonConfig;
  readonly memory: Memory;
  readonly guards: Guards;
  /** Of the connections: others have others. */
  readonly settings: Settings;
  readonly embedder: SharedEmbedder | null;
  readonly trail: Hold<AuditTrail> | null;
  readonly limiter: Hold<LimiterResource> | null;
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
  readonly guards: Guards;
  /** Vectors that live apart from the records and may be lost without them; null where they cannot. */
  readonly collection: Collection | null;
  readonly settings: Settings;
  /** The audit trail in the database; null where none is configured there. */
  readonly auditTable: AuditSink | null;
  /** The secret that a text refers to, or the text itself; `option` says where it stands, for messages. */
  readonly follow: (text: string, option: string) => Promise<string>;
}

/**
 * Puts a memory together.
 *
 * @param given - the configuration, checked
 * @param previous - what the one left whose place it takes
 */
export function compose(given: CommonConfig, lasting: Lasting, parts: Parts, previous: Estate | null): Composed {
  const config: CommonConfig = { ...given, logger: lasting.log };
  const { outbox, collection, settings, guards } = parts;
  const { limits, ttl, logger, vectorSync, embeddingFailure, reconcile, codec } = config;
  const { events, clock } = lasting;
  const items = codec === undefined ? parts.items : sealItems(parts.items, codec);
  const { indexing, embedder } = composeIndexing(config, parts.vectors, guards);
  const ground = { items, indexing };
  const intents = new IntentLog(outbox, reconcile);
  const warning = new RefusalWarning(logger);
  const rights = (): UpkeepRights => new UpkeepRights(warning);
  const reconciler = new Reconciler({ ground, outbox, log: intents, events, logger, upkeep: rights(), tickMs: reconcile.tickMs });
  const sweeper = new Sweeper({ ground, logger, upkeep: rights(), intervalMs: ttl.sweepIntervalMinutes * 60_000 });
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
    clock,
    onStale: (ids) => reconciler.noteStale(ids),
    upkeep: rights(),
    isDegraded: indexing !== null && (previous?.memory.isDegraded ?? false),
  });
  const trail = trailFor(config, lasting, parts, previous);
  const limiter = limiterFor(config, previous);
  // Forgotten once it is taken over: else each would keep all before it in memory.
  let predecessor = previous;
  const estate: Estate = { config: given, memory, guards, settings, embedder, trail, limiter };
  return {
    config,
    memory,
    run: gateTo(memory, config, trail?.resource ?? null, limiter?.resource.limiter ?? null),
    reconciler,
    events,
    estate,
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
        breakers: { ...parts.breakers, embeddings: indexing === null ? null : () => guards.of("embeddings").breaker },
        audit: () => (trail === null ? null : { failing: trail.resource.isFailing, lost: trail.resource.lost }),
        events: () => events.counts(),
      }),
    async start() {
      await codec?.start?.(parts.follow);
      await parts.start();
      await trail?.start();
      events.emitter.on("breaker-closed", wake);
      reconciler.start();
      sweeper.start();
      refill?.start();
    },
    takeOver() {
      lasting.log.use(given);
      if (predecessor === null) return;
      if (predecessor.embedder !== null) embedder?.takeCacheOf(predecessor.embedder);
      guards.tellReleased(predecessor.guards);
      predecessor = null;
    },
    async stop() {
      events.emitter.off("breaker-closed", wake);
      await limiter?.stop();
      await trail?.stop();
      await Promise.all([reconciler.stop(), sweeper.stop(), refill?.stop()]);
      await parts.stop();
    },
  };
}

function composeIndexing(
  config: CommonConfig,
  vectors: VectorIndex | null,
  guards: Guards,
): { readonly indexing: Indexing | null; readonly embedder: SharedEmbedder | null } {
  const { index, embedding, limits } = config;
  if (index === undefined || vectors === null) return { indexing: null, embedder: null };
  const provider = guardEmbeddings(index.embeddings, guards.of("embeddings"), {
    queryMs: Math.ceil(limits.deadlineMs / 2),
    documentsMs: Math.ceil(limits.writeDeadlineMs / 2),
  });
  const embedder = new SharedEmbedder(provider, index.dims, embedding);
  const rules = new IndexRules(index.fields, index.rules);
  return { indexing: { rules, embedder, vectors }, embedder };
}

/** The trail before goes on where nothing of it changes: two that write one file would put it aside under each other. */
function trailFor(
  { audit, logger }: CommonConfig,
  { events }: Lasting,
  { auditTable, settings }: Parts,
  previous: Estate | null,
): Hold<AuditTrail> | null {
  if (audit === undefined) return null;
  const isKept = isSame(audit, previous?.config.audit) && (auditTable === null || settings === previous?.settings);
  if (isKept && previous?.trail) return previous.trail.again();
  return new SharedResource(auditTrailOf(audit, auditTable, events, logger)).hold();
}

/** A rate limiter, with the life of a resource. */
interface LimiterResource extends Resource {
  readonly limiter: RateLimiter;
}

/** What was used up stays used up where the limits stay the same. */
function limiterFor({ rateLimit }: CommonConfig, previous: Estate | null): Hold<LimiterResource> | null {
  if (rateLimit === undefined) return null;
  if (previous?.limiter && isSame(rateLimit, previous.config.rateLimit)) return previous.limiter.again();
  const limiter = new RateLimiter(rateLimit);
  const resource: LimiterResource = {
    limiter,
    start: () => Promise.resolve(),
    stop() {
      limiter.stop();
      return Promise.resolve();
    },
  };
  return new SharedResource(resource).hold();
}
