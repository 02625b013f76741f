import type { EventEmitter } from "node:events";
import type { Composition } from "./compose.ts";
import { composeEmbedded, composeServers } from "./connect.ts";
import { parseConnString } from "./config/conn-string.ts";
import {
  embeddedConfigSchema,
  parseConfig,
  serverConfigSchema,
  type EmbeddedStoreConfig,
  type ScyllaDBStoreConfig,
} from "./config/schema.ts";
import { withinDeadline } from "./concurrency/deadline.ts";
import { ClosedError, messageOf } from "./model/errors.ts";
import type { StoreEventType } from "./ports/events.ts";
import type { Logger } from "./ports/logger.ts";
import type { ReconcileReport } from "./sync/reconciler.ts";
import type { RepairOptions, RepairReport } from "./sync/repair.ts";
import type { SweepReport } from "./sync/sweeper.ts";
import { healthOfNone, type Health } from "./telemetry/health.ts";
import type { StoreEventMap } from "./telemetry/store-events.ts";
import { StoreView, WHOLE_STORE } from "./views.ts";

/** Longest time for a health check of a store that is not connected yet, milliseconds. */
const HEALTH_DEADLINE_MS = 3_000;

/** Connects at most once at a time, and again after a failure; counts what is under way, and lets it end. */
class Lifecycle {
  readonly #composition: Composition;
  /** What is under way, and how to give it up: a promise of the whole life would keep what ever waited for it in memory. */
  readonly #underWay = new Map<Promise<unknown>, (reason: ClosedError) => void>();
  #starting: Promise<Composition> | null = null;
  #isStarting = false;
  #isStarted = false;
  #stopping: Promise<void> | null = null;

  constructor(composition: Composition) {
    this.#composition = composition;
  }

  /** What is put together, connected or not. */
  get composition(): Composition {
    return this.#composition;
  }

  /** Runs a task on the started composition. */
  async run<T>(task: (composition: Composition) => Promise<T>): Promise<T> {
    if (this.#stopping !== null) throw new ClosedError("The store was stopped; make a new one to go on.");
    this.#starting ??= this.#start();
    const running = this.#isStarted ? task(this.#composition) : this.#starting.then(task);
    return new Promise((resolve, reject) => {
      this.#underWay.set(running, reject);
      running.then(
        (answer) => {
          this.#underWay.delete(running);
          resolve(answer);
        },
        (error: unknown) => {
          this.#underWay.delete(running);
          reject(error);
        },
      );
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<Composition> {
    this.#isStarting = true;
    try {
      await this.#composition.start();
      this.#isStarted = true;
      return this.#composition;
    } catch (error) {
      this.#starting = null;
      throw error;
    } finally {
      this.#isStarting = false;
    }
  }

  /** A start that outlived the wait opens what nobody would close. */
  async #stopWhatStartsLate(logger: Logger): Promise<void> {
    try {
      await this.#starting;
      await this.#composition.stop();
    } catch (error) {
      logger.debug({ cause: messageOf(error) }, "a start that was under way when the store was stopped has failed");
    }
  }

  async #stop(): Promise<void> {
    const { limits, logger } = this.#composition.config;
    // What is under way ends first, a start too, so that what it opens is closed; how it ended does not matter here.
    const ended = Promise.allSettled([this.#starting, ...this.#underWay.keys()]);
    try {
      await withinDeadline("Ending the operations under way", limits.drainMs, ended);
    } catch (error) {
      logger.warn({ cause: messageOf(error) }, "the store is stopped all the same");
    }
    const givenUp = "The store was stopped while the operation was under way. A write may or may not be stored.";
    for (const giveUp of this.#underWay.values()) giveUp(new ClosedError(givenUp));
    await this.#composition.stop();
    if (this.#isStarting) void this.#stopWhatStartsLate(logger);
  }
}

/**
 * Long-term memory for LangGraph agents: a `BaseStore` on ScyllaDB (or Cassandra, or Astra DB) and Qdrant, or on one
 * local file.
 *
 * @example
 * ```ts
 * const store = await ScyllaDBStore.connect({
 *   cql: { contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1", keyspace: "agents" },
 *   qdrant: { url: "http://127.0.0.1:6333" },
 *   index: { dims: 1536, embeddings: new OpenAIEmbeddings(), fields: ["text"] },
 * });
 * const graph = builder.compile({ store });
 * ```
 */
export class ScyllaDBStore extends StoreView {
  readonly #lifecycle: Lifecycle;

  /**
   * A store on servers, which connects at its first operation or at {@link start}.
   *
   * @throws {ConfigurationError} that lists every mistake.
   */
  constructor(config: ScyllaDBStoreConfig);
  /** @internal */
  constructor(config: ScyllaDBStoreConfig | { readonly composition: Composition });
  constructor(config: ScyllaDBStoreConfig | { readonly composition: Composition }) {
    const composition =
      "composition" in config ? config.composition : composeServers(parseConfig(serverConfigSchema, config));
    const lifecycle = new Lifecycle(composition);
    const { limits, order } = composition.config;
    super({ run: (requests) => lifecycle.run(({ memory }) => memory.run(requests)), limits }, WHOLE_STORE, { order });
    this.#lifecycle = lifecycle;
  }

  /**
   * A store on servers, connected. At the first start it makes keyspace, tables and collection, unless `setup` is
   * `"never"`.
   */
  static async connect(config: ScyllaDBStoreConfig): Promise<ScyllaDBStore> {
    return started(new ScyllaDBStore(config));
  }

  /**
   * A store on servers, connected, from a string such as
   * `scylladb://user:password@host:9042/keyspace?dc=datacenter1`.
   *
   * @param config - the rest of the configuration; its `cql` options go before those of the string
   */
  static async fromConnString(
    connString: string,
    config: Omit<ScyllaDBStoreConfig, "cql"> & { cql?: Partial<ScyllaDBStoreConfig["cql"]> } = {},
  ): Promise<ScyllaDBStore> {
    return ScyllaDBStore.connect({ ...config, cql: { ...parseConnString(connString), ...config.cql } });
  }

  /** A store on one local file, open. It needs no server; several processes may share the file. */
  static async embedded(config: EmbeddedStoreConfig = {}): Promise<ScyllaDBStore> {
    return started(new ScyllaDBStore({ composition: composeEmbedded(parseConfig(embeddedConfigSchema, config)) }));
  }

  /**
   * Looks now at all writes that may not have ended, of this process and of others, and finishes them. A running store
   * does so by itself, some time after each; this is for tests, and for whoever does not want to wait.
   */
  async reconcile(): Promise<ReconcileReport> {
    return this.#lifecycle.run(({ reconciler }) => reconciler.reconcile());
  }

  /**
   * Holds every record against its vectors and its place in the listings, and every vector against its record, and mends
   * what differs. Reads the whole store; it may be used meanwhile.
   */
  async repair(options: RepairOptions = {}): Promise<RepairReport> {
    return this.#lifecycle.run((composition) => composition.repair(options));
  }

  /** Takes away now what has ended. A running store does so by itself, every `ttl.sweepIntervalMinutes`. */
  async sweep(): Promise<SweepReport> {
    return this.#lifecycle.run((composition) => composition.sweep());
  }

  /**
   * Tells how the store is: each service is asked now, for 2 s. Never rejects: a store that cannot connect, or was
   * stopped, is down.
   */
  async health(): Promise<Health> {
    try {
      const asked = this.#lifecycle.run((composition) => composition.health());
      return await withinDeadline("Connecting, for the health check,", HEALTH_DEADLINE_MS, asked);
    } catch (error) {
      return healthOfNone(error);
    }
  }

  /** Calls `listener` at each event of a type. What it throws is logged and goes no further. */
  on<Type extends StoreEventType>(type: Type, listener: (...args: StoreEventMap[Type]) => void): this {
    (this.#lifecycle.composition.events.emitter as EventEmitter).on(type, listener);
    return this;
  }

  /** Calls `listener` no more. */
  off<Type extends StoreEventType>(type: Type, listener: (...args: StoreEventMap[Type]) => void): this {
    (this.#lifecycle.composition.events.emitter as EventEmitter).off(type, listener);
    return this;
  }

  /** Connects. Calling it again, or not at all, does no harm: the first operation connects too. */
  override async start(): Promise<void> {
    await this.#lifecycle.run(() => Promise.resolve());
  }

  /** Closes what the store opened, after the operations under way; it cannot be used afterwards. */
  override async stop(): Promise<void> {
    await this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function started(store: ScyllaDBStore): Promise<ScyllaDBStore> {
  try {
    await store.start();
    return store;
  } catch (error) {
    await store.stop();
    throw error;
  }
}
