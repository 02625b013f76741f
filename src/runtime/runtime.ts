/** A store with one configuration: everything between the public methods and the databases. */
import { sealItems } from "../codec/sealed-items.ts";
import type { CommonConfig } from "../config/schema.ts";
import { warnOfTlsVariable } from "../config/tls-variable.ts";
import type { SharedEmbedder } from "../core/embedding.ts";
import { ConfiguredGenerations, type Generations } from "../core/generations.ts";
import type { Indexing } from "../core/indexing.ts";
import type { Answer, Memory } from "../core/memory.ts";
import type { ReconcileDependencies } from "../core/reconcile-item.ts";
import { messageOf, type ClosedError, type StoreError } from "../model/errors.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { RunRequests } from "../ports/requests.ts";
import { refusalOf } from "../resilience/rate-limit-run.ts";
import type { Health } from "../telemetry/health.ts";
import type { StateSources } from "../telemetry/state.ts";
import { readStats, type StoreStats } from "../telemetry/stats.ts";
import type { StoreEvents } from "../telemetry/store-events.ts";
import { detached } from "../telemetry/tracing.ts";
import { createAlerts, type StoreAlerts } from "./alerts.ts";
import { createContext, type StoreContext } from "./context.ts";
import { createIndexing, createMemory, warmUpModels } from "./core.ts";
import type { Databases } from "./databases.ts";
import { InFlightCalls } from "./in-flight.ts";
import { Maintenance } from "./maintenance.ts";
import { requestPipeline } from "./request-pipeline.ts";
import { shareResources, type SharedResources } from "./shared-resources.ts";
import { healthCheck, stateSources } from "./status.ts";

/**
 * A store with one configuration. Created unconnected; {@link start} connects it, a reload replaces it with its
 * successor ({@link createNext}), and {@link stop} closes it.
 */
export class Runtime {
  /** The checked configuration, with the log of the store as its logger. */
  readonly config: CommonConfig;
  readonly databases: Databases;
  /** Runs requests: telemetry, rate limits and audit trail, then the core. */
  readonly pipeline: RunRequests<Answer>;
  readonly maintenance: Maintenance;
  readonly shared: SharedResources;
  /** Checks each service now. */
  readonly health: () => Promise<Health>;
  readonly #context: StoreContext;
  readonly #memory: Memory;
  readonly #embedder: SharedEmbedder | null;
  readonly #state: StateSources;
  readonly #alerts: StoreAlerts | null;
  readonly #calls = new InFlightCalls();
  /** The runtime that this one replaces; null after the replacement, so that old runtimes can be collected as garbage. */
  #previous: Runtime | null;
  #starting: Promise<void> | null = null;
  #isStarted = false;
  #isConnected = false;

  private constructor(databases: Databases, context: StoreContext, previous: Runtime | null) {
    const config: CommonConfig = { ...databases.config, logger: context.log };
    const { telemetry } = context;
    const { callPorts: calls, maintenancePorts: maintenance } = databases;
    const sealed = (items: ItemRepository): ItemRepository => (config.codec === undefined ? items : sealItems(items, config.codec));
    const { indexings, embedder } = createIndexing(config, databases, telemetry);
    const generationsOf = (those: readonly Indexing[]): Generations | null => (those.length === 0 ? null : new ConfiguredGenerations(those, databases.generations));
    const data: ReconcileDependencies = { items: sealed(calls.items), generations: generationsOf(indexings) };
    const maintained = indexings.map((indexing, i): Indexing => ({ ...indexing, vectors: maintenance.vectors[i] ?? indexing.vectors }));
    this.config = config;
    this.databases = databases;
    this.#context = context;
    this.#previous = previous;
    this.#embedder = embedder;
    this.maintenance = new Maintenance(config, context, databases, { items: sealed(maintenance.items), generations: generationsOf(maintained) });
    this.#memory = createMemory(config, context, data, this.maintenance);
    this.shared = shareResources(config, context, databases, previous);
    const trail = this.shared.trail?.resource ?? null;
    this.pipeline = requestPipeline(this.#memory, config, trail, this.shared.limiter?.resource.limiter ?? null, telemetry);
    this.#state = stateSources(databases, embedder, () => this.#isConnected);
    this.health = healthCheck(databases, context, data.generations, trail);
    this.#alerts = createAlerts(config, context, this.#state, () => trail?.isFailing ?? false, databases.identity);
    if (previous === null) telemetry.watch(this.#state);
  }

  /** Creates the first runtime of a store. */
  static first<Config extends CommonConfig>(config: Config, databases: (config: Config, context: StoreContext) => Databases): Runtime {
    const context = createContext(config);
    return new Runtime(databases(config, context), context, null);
  }

  /**
   * Creates the runtime that may replace this one. Null when the configuration does not differ.
   *
   * @throws {ConfigurationError} that lists every mistake, or names what cannot change while the store runs.
   */
  async createNext(given: unknown): Promise<Runtime | null> {
    const databases = await this.databases.createNext(given);
    return databases === null ? null : new Runtime(databases, this.#context, this);
  }

  get events(): StoreEvents {
    return this.#context.events;
  }

  /** Whether a start has succeeded or is in progress; false again after one that failed. */
  get isStartedOrStarting(): boolean {
    return this.#starting !== null;
  }

  /** Resolves when no start is in progress. Never rejects. */
  async startSettled(): Promise<void> {
    await Promise.allSettled([this.#starting]);
  }

  /** Connects. Concurrent calls share one attempt; after a failed attempt the next call makes another. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Runs a call, after the start. */
  run<T>(call: (runtime: Runtime) => Promise<T>): Promise<T> {
    return this.#calls.track(this.#isStarted ? call(this) : this.start().then(() => call(this)));
  }

  /** Returns the error with which a rate limit refuses operations, before they are parsed; undefined where none does. */
  refusalOf(scope: string, operations: readonly unknown[]): StoreError | undefined {
    const limiter = this.shared.limiter?.resource.limiter;
    return limiter === undefined ? undefined : refusalOf(limiter, scope, operations);
  }

  /** Returns what was measured since the store was created. */
  stats(): StoreStats {
    const { telemetry, events } = this.#context;
    return readStats(telemetry.ledger, this.#state, events.counts());
  }

  /** Becomes the current runtime: takes over logger, gauges, alerts and the cached embeddings of the previous one. */
  activate(): void {
    const { log, telemetry } = this.#context;
    // `this.config.logger` is the log itself; the configuration of the databases has the user's logger.
    const { config } = this.databases;
    log.switchTo(config);
    telemetry.switchTo(config.telemetry);
    telemetry.watch(this.#state);
    this.databases.activate?.();
    const previous = this.#previous;
    if (previous === null) return;
    this.#previous = null;
    if (this.#isConnected) detached(() => this.#alerts?.watch(previous.#alerts));
    if (previous.#embedder !== null) this.#embedder?.copyCacheOf(previous.#embedder);
    this.databases.guards.emitReplacedBreakersClosed(previous.databases.guards);
  }

  /** Resolves when nothing is in flight: the start, calls, and TTL refreshes in the background. Never rejects. */
  async drained(): Promise<void> {
    await Promise.allSettled([this.#starting, this.#calls.settled()]);
    await this.#memory.drained();
  }

  /** Rejects the calls in flight; what they do in the background continues. */
  abortCalls(reason: ClosedError): void {
    this.#calls.abort(reason);
  }

  /** Closes what {@link start} opened; safe after a start that failed. */
  async stop(): Promise<void> {
    const isStarting = this.#starting !== null && !this.#isStarted;
    await this.#close();
    if (isStarting) void this.#closeAfterStart();
  }

  async #start(): Promise<void> {
    try {
      await this.#open();
      this.#isStarted = true;
    } catch (error) {
      this.#starting = null;
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { codec, logger } = this.config;
    const { databases } = this;
    const startCodec = async (): Promise<void> => codec?.start?.(databases.readSecret);
    const replacesRunning = this.#previous !== null;
    warnOfTlsVariable(process.env, logger);
    // In a reload the codec may be in use: it starts last, so that a reload that fails does not change its keys.
    if (!replacesRunning) await startCodec();
    const warmedUp = warmUpModels(this.config);
    await databases.start();
    await warmedUp;
    this.#isConnected = true;
    await this.shared.trail?.start();
    await this.#alerts?.start();
    if (replacesRunning) await startCodec();
    // Outside the trace and context of the operation that connects the store.
    detached(() => {
      this.maintenance.start();
      this.#context.telemetry.start();
      // In a reload, alerts start when the runtime is activated.
      if (this.#previous === null) this.#alerts?.watch(null);
    });
  }

  async #close(): Promise<void> {
    this.#isConnected = false;
    this.#context.telemetry.unwatch(this.#state);
    this.#memory.stop();
    await this.#alerts?.stop();
    await this.shared.limiter?.stop();
    await this.shared.trail?.stop();
    await this.maintenance.stop();
    await this.databases.stop();
  }

  /** A start that outlasts the drain timeout opens connections after the stop: closes them, too. */
  async #closeAfterStart(): Promise<void> {
    try {
      await this.#starting;
      await this.#close();
    } catch (error) {
      this.config.logger.debug({ cause: messageOf(error) }, "a start that was in progress when the store was stopped failed, or could not be closed");
    }
  }
}
