/** Puts a memory together from its parts, whichever databases they are on. */
import { StoreAlerts } from "./alerts.ts";
import { auditTrailOf, type AuditTrail } from "../audit/index.ts";
import { sealItems } from "../codec/sealed-items.ts";
import { isSame } from "../config/change.ts";
import type { CommonConfig } from "../config/schema.ts";
import { warnOfTlsVariable } from "../config/tls-variable.ts";
import { DegradedState } from "../core/degraded-state.ts";
import { SharedEmbedder } from "../core/embedding.ts";
import { IndexRules } from "../core/index-rules.ts";
import type { Indexing } from "../core/indexing.ts";
import { IntentLog } from "../core/intent-log.ts";
import { Memory, type Answer } from "../core/memory.ts";
import { identityOf } from "../core/model-identity.ts";
import { RefusalWarning, UpkeepRights } from "../core/upkeep-rights.ts";
import { gateTo } from "./gate.ts";
import type { Guards } from "./guards.ts";
import type { StoreError } from "../model/errors.ts";
import { VersionClock } from "../model/version-clock.ts";
import type { AuditSink } from "../ports/audit.ts";
import type { Backend, Resource } from "../ports/backend.ts";
import type { BreakerState, Service } from "../ports/events.ts";
import type { RunRequests } from "../ports/requests.ts";
import type { Outbox } from "../ports/outbox.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import type { Settings } from "../ports/settings.ts";
import type { CqlNode } from "../ports/telemetry.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { clientRetriesOf } from "../resilience/client-retries.ts";
import { guardEmbeddings } from "../resilience/guarded-embedder.ts";
import { refusalOf } from "../resilience/rate-limit-run.ts";
import { RateLimiter } from "../resilience/rate-limit.ts";
import { SharedResource, type Hold } from "./shared-resource.ts";
import type { ReconcileDependencies } from "../core/reconcile-item.ts";
import { Reconciler } from "../sync/reconciler.ts";
import { Refill, type Collection } from "../sync/refill.ts";
import { RepairJournal } from "../sync/repair-journal.ts";
import { Repair, type RepairOptions, type RepairReport } from "../sync/repair.ts";
import { Sweeper, type SweepReport } from "../sync/sweeper.ts";
import { AlertEvents } from "../telemetry/alerts/sources.ts";
import { watchGroups } from "../telemetry/group-watch.ts";
import { readHealth, type Health } from "../telemetry/health.ts";
import { observeEmbedder, observeProvider } from "../telemetry/observed-calls.ts";
import type { GuardState, StateSources } from "../telemetry/state.ts";
import { readStats, type StoreStats } from "../telemetry/stats.ts";
import { StoreEvents } from "../telemetry/store-events.ts";
import { StoreLog } from "../telemetry/store-log.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { detached } from "../telemetry/tracing.ts";

/** What stays while the configuration changes: one for the whole life of a store. */
export interface Lasting {
  readonly log: StoreLog;
  readonly events: StoreEvents;
  readonly telemetry: Telemetry;
  readonly alertEvents: AlertEvents;
  readonly degraded: DegradedState;
  /** Two clocks could draw one version. */
  readonly clock: VersionClock;
}

/** What a new store begins with. */
export function lastingFor(config: CommonConfig): Lasting {
  const log = new StoreLog(config);
  const telemetry = new Telemetry(config.telemetry, log);
  const events = new StoreEvents(log, (type) => telemetry.eventEmitted(type));
  const alertEvents = new AlertEvents(events.internal);
  return { log, events, telemetry, alertEvents, degraded: new DegradedState(events), clock: new VersionClock() };
}

/** A memory that is put together, but not connected yet, and can be put together anew. */
export interface Composition extends Composed {
  /**
   * Puts together one for another configuration, which is checked first; null when nothing of it differs, nor of the files
   * and secrets that it names.
   *
   * @throws {ConfigurationError} that lists every mistake, or names what cannot change while the store runs.
   */
  renew(config: unknown): Promise<Renewal | null>;
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
  /** The error with which a rate limit refuses operations, before they are parsed; undefined where none does. */
  refusalOf(scope: string, operations: readonly unknown[]): StoreError | undefined;
  readonly reconciler: Reconciler;
  readonly events: StoreEvents;
  /** What one that takes its place may keep. */
  readonly estate: Estate;
  repair(options: RepairOptions): Promise<RepairReport>;
  sweep(): Promise<SweepReport>;
  /** Resolves when the work that calls have left behind is done: refreshes of times to live. */
  drained(): Promise<void>;
  health(): Promise<Health>;
  /** What was measured since the store was made. */
  stats(): StoreStats;
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
  readonly alerts: StoreAlerts | null;
}

/** Records, intents and vectors, ready to use. */
export type Stores = Pick<Backend, "items" | "outbox"> & {
  /** Null when the store has no index. */
  readonly vectors: VectorIndex | null;
};

/** What a memory is put together from. */
export interface Parts extends Resource, Stores {
  /** The same with the time budgets of maintenance, which do not depend on those of callers. */
  readonly maintenance: Stores;
  /** The same, past their guards: for the health check. */
  readonly bare: Stores;
  readonly breakers: { readonly records: (() => BreakerState) | null; readonly vectors: (() => BreakerState) | null };
  readonly guards: Guards;
  /** Of the CQL cluster; none on a local file, and while not connected. */
  readonly nodes: () => readonly CqlNode[];
  /** Vectors that live apart from the records and may be lost without them; null where they cannot. */
  readonly collection: Collection | null;
  readonly settings: Settings;
  /** Identifies the store among those of one host; the same after a restart. */
  readonly identity: string;
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
  const { settings, guards } = parts;
  const { logger, codec } = config;
  const { events, telemetry } = lasting;
  const sealed = (items: ItemRepository): ItemRepository => (codec === undefined ? items : sealItems(items, codec));
  const { indexing, embedder } = composeIndexing(config, parts.vectors, guards, telemetry);
  const dependencies = { items: sealed(parts.items), indexing };
  const upkeep = composeUpkeep(config, lasting, parts, maintenanceDependencies(dependencies, sealed, parts.maintenance));
  const { reconciler, sweeper } = upkeep;
  const memory = composeMemory(config, lasting, dependencies, upkeep);
  const trail = trailFor(config, lasting, parts, previous);
  const limiter = limiterFor(config, previous);
  const run = gateTo(memory, config, trail?.resource ?? null, limiter?.resource.limiter ?? null, telemetry);
  let isRunning = false;
  const state = stateOf(parts, embedder, () => isRunning);
  if (previous === null) telemetry.watch(state);
  const alerts = alertsFor(config, lasting, state, trail, parts.identity);
  // Forgotten once it is taken over: else each would keep all before it in memory.
  let predecessor = previous;
  const estate: Estate = { config: given, memory, guards, settings, embedder, trail, limiter, alerts };
  return {
    config,
    memory,
    run,
    refusalOf: (scope, operations) => (limiter === null ? undefined : refusalOf(limiter.resource.limiter, scope, operations)),
    reconciler,
    events,
    estate,
    repair: (options) => runRepair(options, upkeep, settings, logger, telemetry),
    sweep: () => sweeper.sweep(),
    drained: () => memory.drained(),
    health: healthOf(parts, lasting, indexing !== null, trail),
    stats: () => readStats(telemetry.ledger, state, events.counts()),
    async start() {
      warnOfTlsVariable(process.env, logger);
      // Where it may be in use by the one before, it is last: a change that is refused must leave its keys as they are.
      if (previous === null) await codec?.start?.(parts.follow);
      await parts.start();
      isRunning = true;
      await trail?.start();
      await alerts?.start();
      if (previous !== null) await codec?.start?.(parts.follow);
      // On nobody's behalf, whoever is the first to use the store.
      detached(() => {
        upkeep.start();
        telemetry.start();
        // One that takes the place of another goes on with its alerts, and not before it does.
        if (predecessor === null) alerts?.watch(null);
      });
    },
    takeOver() {
      lasting.log.use(given);
      telemetry.use(given.telemetry);
      telemetry.watch(state);
      if (predecessor === null) return;
      if (isRunning) detached(() => alerts?.watch(predecessor?.alerts ?? null));
      if (predecessor.embedder !== null) embedder?.takeCacheOf(predecessor.embedder);
      guards.emitBreakersClosed(predecessor.guards);
      predecessor = null;
    },
    async stop() {
      isRunning = false;
      telemetry.unwatch(state);
      memory.stop();
      await alerts?.stop();
      await limiter?.stop();
      await trail?.stop();
      await upkeep.stop();
      await parts.stop();
    },
  };
}

/** Runs a repair; one that found all right, or made it so, completes a collection that was to be rebuilt. */
async function runRepair(
  options: RepairOptions,
  { dependencies, refill }: ReturnType<typeof composeUpkeep>,
  settings: Settings,
  logger: Logger,
  telemetry: Telemetry,
): Promise<RepairReport> {
  const compared = refill?.name;
  const journal = new RepairJournal<RepairReport>(settings, "repair:place", compared ?? "");
  const repair = new Repair(dependencies, logger, options, { journal });
  const report = await telemetry.upkeep("repair", () => repair.run());
  if (compared !== undefined && repair.isComplete) await refill?.complete(compared);
  return report;
}

function healthOf(
  { bare, collection, breakers, guards }: Parts,
  { events }: Lasting,
  isIndexed: boolean,
  trail: Hold<AuditTrail> | null,
): () => Promise<Health> {
  const asked = {
    ...bare,
    outbox: countedOnce(bare.outbox),
    isComplete: () => collection?.isComplete ?? true,
    breakers: { ...breakers, embeddings: isIndexed ? () => guards.of("embeddings").breaker : null },
    audit: () => (trail === null ? null : { failing: trail.resource.isFailing, lost: trail.resource.lost }),
    events: () => events.counts(),
  };
  return () => readHealth(asked);
}

function composeMemory(
  { limits, ttl, logger, vectorSync, embeddingFailure }: CommonConfig,
  { events, clock, telemetry, degraded }: Lasting,
  dependencies: ReconcileDependencies,
  { intents, reconciler, rights }: ReturnType<typeof composeUpkeep>,
): Memory {
  return new Memory({
    ...dependencies,
    intents,
    policy: { vectorSync, embeddingFailure },
    limits: { ...limits, searches: { maxConcurrent: limits.maxConcurrentSearches, maxQueued: limits.maxQueuedSearches } },
    ttl,
    events,
    logger,
    observer: telemetry,
    clock,
    onStale: (ids) => reconciler.reportStale(ids),
    upkeep: rights(),
    degraded,
  });
}

/** What maintenance works on: the same data, with time budgets of its own. */
function maintenanceDependencies(
  { indexing }: ReconcileDependencies,
  sealed: (items: ItemRepository) => ItemRepository,
  { items, vectors }: Stores,
): ReconcileDependencies {
  return { items: sealed(items), indexing: indexing === null || vectors === null ? null : { ...indexing, vectors } };
}

/** What looks after the data: notes of writes, and those who see to what was left behind. */
function composeUpkeep(
  { bulkhead, reconcile, ttl, logger }: CommonConfig,
  { events, telemetry, degraded }: Lasting,
  { outbox, collection, settings, maintenance, breakers, guards }: Parts,
  dependencies: ReconcileDependencies,
) {
  const intents = new IntentLog(outbox, reconcile, bulkhead.maxQueued, watchGroups(telemetry, "intents"));
  const warning = new RefusalWarning(logger);
  const rights = (): UpkeepRights => new UpkeepRights(warning);
  const observers = { logger, observer: telemetry };
  const reconciler = new Reconciler({ dependencies, outbox: maintenance.outbox, log: intents, events, ...observers, upkeep: rights(), tickMs: reconcile.tickMs });
  const sweeper = new Sweeper({ dependencies, ...observers, upkeep: rights(), intervalMs: ttl.sweepIntervalMinutes * 60_000 });
  const refill = collection === null ? null : new Refill({ dependencies, collection, settings, events, ...observers });
  // What failed while a service was away is done soon after it is back, and not after a pause that grew meanwhile.
  const wake = (): void => void detached(() => reconciler.wake());
  const recover = (): void => {
    const states = [breakers.vectors?.() ?? "closed", guards.of("embeddings").breaker];
    if (states.every((state) => state === "closed")) degraded.recovered();
  };
  return {
    dependencies,
    intents,
    rights,
    reconciler,
    sweeper,
    refill,
    start() {
      events.internal.on("breaker-closed", wake);
      events.internal.on("breaker-closed", recover);
      degraded.hold(reconciler);
      reconciler.start();
      sweeper.start();
      refill?.start();
    },
    async stop(): Promise<void> {
      events.internal.off("breaker-closed", wake);
      events.internal.off("breaker-closed", recover);
      degraded.release(reconciler);
      await Promise.all([reconciler.stop(), sweeper.stop(), refill?.stop()]);
    },
  };
}

function alertsFor(
  { alerts, secrets, logger }: CommonConfig,
  { telemetry, events, alertEvents, degraded }: Lasting,
  state: StateSources,
  trail: Hold<AuditTrail> | null,
  store: string,
): StoreAlerts | null {
  if (alerts === undefined) return null;
  return new StoreAlerts(alerts, {
    store,
    telemetry,
    state,
    alertEvents,
    events,
    logger,
    secrets,
    isSearchDegraded: () => degraded.isDegraded,
    isAuditFailing: () => trail?.resource.isFailing ?? false,
  });
}

/** What says how a composition is; nothing of its connections while they are not made. */
function stateOf(parts: Parts, embedder: SharedEmbedder | null, isRunning: () => boolean): StateSources {
  const { guards, breakers, collection } = parts;
  const behind: Service[] = embedder === null ? [] : ["embeddings"];
  if (breakers.records !== null) behind.push("records");
  if (breakers.vectors !== null && embedder !== null) behind.push("vectors");
  const guardState = (service: Service) => (): GuardState => {
    const { breaker, calls } = guards.of(service);
    return { breaker, calls };
  };
  return {
    guards: Object.fromEntries(behind.map((service) => [service, guardState(service)])),
    nodes: () => (isRunning() ? parts.nodes() : []),
    isComplete: () => (embedder === null || !isRunning() ? null : (collection?.isComplete ?? true)),
    cachedTexts: () => embedder?.cached ?? null,
    // Through the guard, as counts are maintenance: during an outage they do not add to the load.
    outbox: countedOnce(parts.outbox),
  };
}

/** Shares a count that is in flight: a slow one is not repeated beside itself by everyone who asks. */
function countedOnce(outbox: Outbox): Pick<Outbox, "backlog"> {
  let counting: ReturnType<Outbox["backlog"]> | null = null;
  return {
    backlog(bound) {
      counting ??= outbox.backlog(bound).finally(() => (counting = null));
      return counting;
    },
  };
}

/** A put and a ranked search wait for half of their time; the provider has less, so that its failure comes before their end. */
const EMBEDDING_SHARE = 0.45;

function composeIndexing(
  config: CommonConfig,
  vectors: VectorIndex | null,
  guards: Guards,
  telemetry: Telemetry,
): { readonly indexing: Indexing | null; readonly embedder: SharedEmbedder | null } {
  const { index, embedding, limits } = config;
  if (index === undefined || vectors === null) return { indexing: null, embedder: null };
  const retries = clientRetriesOf(index.embeddings);
  if (retries > 0) {
    config.logger.warn(
      { maxRetries: retries },
      "The embeddings client retries failed calls by itself, which hides why they fail and ignores the store's time limits: create it with maxRetries: 0; the store retries by `retry`.",
    );
  }
  const provider = guardEmbeddings(index.embeddings, guards.of("embeddings"), {
    queryMs: limits.queryEmbeddingDeadlineMs,
    // A put waits for its share of the time itself; maintenance, which shares its calls, needs more than a short write deadline.
    documentsMs: Math.max(Math.ceil(limits.writeDeadlineMs * EMBEDDING_SHARE), limits.queryEmbeddingDeadlineMs),
  });
  const observers = { observer: telemetry, watch: watchGroups(telemetry, "embeddings") };
  const embedder = new SharedEmbedder(observeProvider(provider, telemetry, identityOf(index).model), index.dims, embedding, observers);
  const rules = new IndexRules(index.fields, index.rules);
  return { indexing: { rules, embedder: observeEmbedder(embedder, telemetry), vectors }, embedder };
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
