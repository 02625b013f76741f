import type { ConfigWatch } from "./config/watch.ts";
import type { EmbeddedStoreConfig } from "./config/option-types/embedded-store.ts";
import type { ScyllaDBStoreConfig } from "./config/option-types/server-store.ts";
import type { StoreConfig } from "./config/store-config.ts";
import { withinDeadline } from "./concurrency/deadline.ts";
import { kindOf, messageOf, ValidationError } from "./model/errors.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { unknownName } from "./option-names.ts";
import type { StoreEventType } from "./ports/events.ts";
import { Lifecycle } from "./runtime/lifecycle.ts";
import { reloadConfig, type ReloadReport } from "./runtime/reload.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { SchemaCreation } from "./runtime/schema-creation.ts";
import type { OperationDependencies } from "./store-operations.ts";
import type { StoreEventListener } from "./telemetry/event-listeners.ts";
import { healthOfUnstarted, type Health } from "./telemetry/health.ts";
import { EVENT_TYPES } from "./telemetry/store-events.ts";
import type { StoreStats } from "./telemetry/stats.ts";

/** Deadline of a health check that has to connect first, milliseconds. */
const HEALTH_DEADLINE_MS = 3_000;

/** A store on servers or on one local file. Imports no backend, so that a bundle contains only those that it uses. */
export abstract class StoreBase extends OperatorCalls {
  readonly #lifecycle: Lifecycle;
  #schemaCreation: SchemaCreation | null;
  /** Watches the configuration file; null when it is not watched. */
  #watch: ConfigWatch | null = null;

  /**
   * @param schemaCreation - null when each start creates the schema
   *
   * @internal
   */
  constructor(runtime: Runtime, schemaCreation: SchemaCreation | null = null) {
    const lifecycle = new Lifecycle(runtime);
    super(lifecycle, operationDependencies(lifecycle));
    this.#lifecycle = lifecycle;
    this.#schemaCreation = schemaCreation;
  }

  /**
   * Starts a store; closes it where that fails. A failure to close it is logged and does not replace the reason.
   *
   * @internal
   */
  protected static async started<Store extends StoreBase>(store: Store): Promise<Store> {
    try {
      await store.start();
      return store;
    } catch (error) {
      await store.stop().catch((cause: unknown) => {
        store.#lifecycle.runtime.config.logger.warn({ cause: messageOf(cause) }, "a store that could not start could not be closed cleanly");
      });
      throw error;
    }
  }

  /**
   * Checks every service with a timeout of 2 s and returns their status. Never rejects: a store that cannot connect, or was
   * stopped, is down.
   */
  async health(): Promise<Health> {
    try {
      const health = this.#lifecycle.run((runtime) => runtime.health());
      return await withinDeadline("Connecting for the health check", HEALTH_DEADLINE_MS, health);
    } catch (error) {
      return healthOfUnstarted(error);
    }
  }

  /** Returns what this process measured since the store was created: counts, latencies, circuit breakers. Sends no request. */
  stats(): StoreStats {
    return this.#lifecycle.runtime.stats();
  }

  /**
   * Calls `listener` for each event of a type. Listeners are isolated: an error of one is logged, and affects neither the
   * store nor other listeners. The event is frozen.
   *
   * @throws {ValidationError} when there is no such event, or the listener is not a function.
   */
  on<Type extends StoreEventType>(type: Type, listener: StoreEventListener<Type>): this {
    checkListener(type, listener, "on()");
    this.#lifecycle.runtime.events.listeners.on(type, listener);
    return this;
  }

  /** Removes a listener. */
  off<Type extends StoreEventType>(type: Type, listener: StoreEventListener<Type>): this {
    checkListener(type, listener, "off()");
    this.#lifecycle.runtime.events.listeners.off(type, listener);
    return this;
  }

  /**
   * Applies another configuration while the store runs. The configuration is complete: absent options have their defaults.
   * It is checked first, and new connections are opened if options of connections differ. Then all new operations use it, also
   * through existing views, while operations in flight complete with the configuration before. A store that has not connected yet
   * connects with it at its next operation. Listeners, counts and the cache of embeddings stay.
   * Reloads run one after the other. In case of an error the current configuration stays.
   *
   * @param config - in the form that the constructor accepts, or from `loadConfig`
   * @throws {ConfigurationError} that lists every mistake, or names each option that cannot change while the store runs.
   * @throws {StoreError} when the servers cannot be reached with the new options.
   */
  async reload(config: ScyllaDBStoreConfig | EmbeddedStoreConfig): Promise<ReloadReport> {
    return this.#reload(() => Promise.resolve(config));
  }

  /**
   * Reloads with what `load` returns whenever the watch that `watch` creates reports a change; {@link stop} closes it.
   *
   * @internal
   */
  protected reloadOnChange(load: () => Promise<StoreConfig>, watch: (onChange: () => Promise<unknown>) => ConfigWatch): void {
    // The reload has logged and emitted the failure.
    this.#watch = watch(() => this.#reload(load).catch(() => undefined));
  }

  async #reload(load: () => Promise<StoreConfig>): Promise<ReloadReport> {
    let config: StoreConfig | undefined;
    // `load` runs when earlier reloads are done; `setup()` needs the configuration that it returned.
    const report = await reloadConfig(this.#lifecycle, async () => (config = await load()));
    if (this.#schemaCreation !== null && config !== undefined) this.#schemaCreation = { ...this.#schemaCreation, config };
    return report;
  }

  /**
   * Creates the keyspace, tables and collection, or the file, where they are missing, and connects. Safe to call again, and
   * in several processes at the same time. With `setup: "auto"`, {@link start} and the first operation do the same; with
   * `setup: "never"`, only this method creates anything, so one process with the rights for it can call it once.
   *
   * @throws {SchemaError} when the schema is newer than this version of the package.
   * @throws {PermissionError} when the role may not create what is missing.
   */
  async setup(): Promise<void> {
    if (this.#schemaCreation !== null) {
      const creator = this.#schemaCreation.create(this.#schemaCreation.config);
      try {
        await creator.start();
      } finally {
        await creator.stop();
      }
    }
    await this.start();
  }

  /** Connects. Optional, as the first operation connects, too; safe to call again. */
  override async start(): Promise<void> {
    // Any call connects first, also one that does nothing.
    await this.#lifecycle.run(() => Promise.resolve());
  }

  /**
   * Refuses new operations, completes those in flight within `limits.drainMs`, rejects the others with a `ClosedError` (a
   * write may or may not be stored), and closes all connections. The store cannot be used afterwards.
   */
  override async stop(): Promise<void> {
    this.#watch?.close();
    await this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Each call uses the runtime that is current when it is made. */
function operationDependencies(lifecycle: Lifecycle): OperationDependencies {
  return {
    run: (requests, caller) => lifecycle.run(({ pipeline }) => pipeline(requests, caller)),
    refusalOf: (scope, operations) => lifecycle.runtime.refusalOf(scope, operations),
    get limits() {
      return lifecycle.runtime.config.limits;
    },
    get order() {
      return lifecycle.runtime.config.order;
    },
  };
}

/** Checks the arguments of `on()` or `off()`: a listener of a misspelled event would never be called. */
function checkListener(type: unknown, listener: unknown, call: string): void {
  if (typeof type !== "string") throw new ValidationError(`The event of ${call} must be a text, but got ${kindOf(type)}.`);
  if (!EVENT_TYPES.has(type)) throw unknownName("event", type, call, [...EVENT_TYPES]);
  if (typeof listener !== "function") throw new ValidationError(`The listener of ${call} must be a function, but got ${kindOf(listener)}.`);
}
