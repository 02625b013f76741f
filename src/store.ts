import type { Readable, Writable } from "node:stream";
import { backUp, restoreFrom, type BackupManifest, type BackupOptions, type RestoreOptions } from "./operator/backup.ts";
import { erase, type EraseOptions, type EraseReport } from "./operator/erase.ts";
import { exportToFile, exportToStream, type ExportOptions, type ExportReport } from "./operator/export.ts";
import { isStore, type SourceStore } from "./operator/import-source.ts";
import { isPostgresUrl } from "./operator/postgres-source.ts";
import { importLines, importStore, type ImportOptions, type ImportReport } from "./operator/import.ts";
import { FileDatabase, fileSchema } from "./runtime/file-database.ts";
import { diagnose } from "./runtime/diagnosis.ts";
import { operatorDependencies } from "./runtime/operator.ts";
import { Runtime } from "./runtime/runtime.ts";
import { createContext } from "./runtime/context.ts";
import { ServerConnections } from "./runtime/server-connections.ts";
import { ServerDatabases } from "./runtime/server-databases.ts";
import { loadConfig, loadWithFile, type LoadOptions } from "./config/load.ts";
import { ConfigWatch, type WatchOptions } from "./config/watch.ts";
import type { SchemaReader, SchemaStatus } from "./ports/schema.ts";
import { parseConnString } from "./config/conn-string.ts";
import type { EmbeddedStoreConfig } from "./config/option-types/embedded-store.ts";
import type { ScyllaDBStoreConfig } from "./config/option-types/server-store.ts";
import { embeddedConfigSchema, parseConfig, serverConfigSchema } from "./config/schema.ts";
import { withinDeadline } from "./concurrency/deadline.ts";
import { messageOf } from "./model/errors.ts";
import { ROOT } from "./model/namespace.ts";
import { Lifecycle } from "./runtime/lifecycle.ts";
import type { Finding } from "./ports/diagnosis.ts";
import type { StoreEventType } from "./ports/events.ts";
import { changeConfig, type ReloadReport } from "./runtime/reload.ts";
import type { ReconcileReport } from "./sync/reconciler.ts";
import type { RepairOptions, RepairReport } from "./sync/repair.ts";
import { previewSweep } from "./sync/sweep-preview.ts";
import type { SweepReport } from "./sync/sweeper.ts";
import { healthOfUnstarted, type Health } from "./telemetry/health.ts";
import type { StoreStats } from "./telemetry/stats.ts";
import type { StoreEventListener } from "./telemetry/event-listeners.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { StoreOperations, type ViewDependencies } from "./views.ts";

/** Deadline of a health check that has to connect first, milliseconds. */
const HEALTH_DEADLINE_MS = 3_000;

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
export class ScyllaDBStore extends StoreOperations {
  readonly #lifecycle: Lifecycle;
  /** The current configuration if its `setup` is `"never"`: {@link setup} creates the schema with it. Null otherwise. */
  #configForSetup: ScyllaDBStoreConfig | null;
  /** Watches the configuration file; null when it is not watched. */
  #watch: ConfigWatch | null = null;

  /**
   * Creates a store on servers, which connects at its first operation, at {@link setup} or at {@link start}.
   *
   * @throws {ConfigurationError} that lists every mistake.
   */
  constructor(config: ScyllaDBStoreConfig);
  /** @internal */
  constructor(config: ScyllaDBStoreConfig | Runtime);
  constructor(config: ScyllaDBStoreConfig | Runtime) {
    const lifecycle = new Lifecycle(config instanceof Runtime ? config : serverRuntime(config));
    super(viewDependencies(lifecycle), ROOT, {});
    this.#lifecycle = lifecycle;
    this.#configForSetup = !(config instanceof Runtime) && config.setup === "never" ? config : null;
  }

  /**
   * Returns a connected store on servers. The first start creates keyspace, tables and collection, unless `setup` is
   * `"never"`.
   */
  static async connect(config: ScyllaDBStoreConfig): Promise<ScyllaDBStore> {
    return ScyllaDBStore.#started(new ScyllaDBStore(config));
  }

  /**
   * Returns a store on servers from a string such as `scylladb://user:password@host:9042/keyspace?dc=datacenter1`. The store
   * connects at its first operation, at {@link setup} or at {@link start}.
   *
   * @param config - the other options; its `cql` options override those of the string
   * @throws {ConfigurationError} that lists every mistake; its message never contains the string.
   */
  static fromConnString(
    connString: string,
    config: Omit<ScyllaDBStoreConfig, "cql"> & { cql?: Partial<ScyllaDBStoreConfig["cql"]> } = {},
  ): ScyllaDBStore {
    return new ScyllaDBStore({ ...config, cql: { ...parseConnString(connString), ...config.cql } });
  }

  /**
   * Returns a connected store with the configuration that {@link loadConfig} returns: on servers if it has `cql`, otherwise on
   * one local file.
   *
   * @param options - with `watch`, a change of the file is applied while the store runs, as by {@link reload}; a change that
   *   is refused is logged and emitted as `config-refused`, and the current configuration stays
   */
  static async fromConfig(options: FromConfigOptions = {}): Promise<ScyllaDBStore> {
    const { watch, ...sources } = options;
    const { config, file, fileState } = await loadWithFile(sources);
    const store = await ("cql" in config ? ScyllaDBStore.connect(config) : ScyllaDBStore.embedded(config));
    if (watch === undefined || watch === false || file === null) return store;
    const reload = (): Promise<ReloadReport> => store.#change(() => loadConfig(sources));
    // The reload has logged and emitted the failure.
    const onChange = (): Promise<unknown> => reload().catch(() => undefined);
    store.#watch = new ConfigWatch(file, onChange, fileState, watch === true ? {} : watch);
    return store;
  }

  /**
   * Compares the stored schema with the one that this version of the package needs. Changes and creates nothing, and works where a
   * store cannot start: before {@link setup}, and on a newer schema.
   */
  static async schemaStatus(config: ScyllaDBStoreConfig | EmbeddedStoreConfig): Promise<SchemaStatus> {
    return readingSchema(config, (schema) => schema.schemaStatus());
  }

  /** Returns the statements that create the schema, in order, for a DBA who applies them by hand. Connects to nothing. */
  static async schemaStatements(config: ScyllaDBStoreConfig | EmbeddedStoreConfig): Promise<readonly string[]> {
    return readingSchema(config, (schema) => schema.schemaStatements());
  }

  /** Returns an open store on one local file, without servers. Several processes may share the file. */
  static async embedded(config: EmbeddedStoreConfig = {}): Promise<ScyllaDBStore> {
    return ScyllaDBStore.#started(new ScyllaDBStore(embeddedRuntime(config)));
  }

  /**
   * Completes the writes that any process has left incomplete, now. A running store does this in the background, some time
   * after each write; call this in tests, or to avoid the wait.
   */
  async reconcile(): Promise<ReconcileReport> {
    return this.#lifecycle.run(({ maintenance }) => maintenance.reconciler.reconcile());
  }

  /**
   * Runs a full consistency check: compares every record with its vectors and its listing entry, and every vector with its
   * record, and repairs differences. Reads the entire store, which remains usable meanwhile.
   */
  async repair(options: RepairOptions = {}): Promise<RepairReport> {
    // A misspelled dryRun would change data.
    checkOptions(options, "repair()", REPAIR_NAMES);
    return this.#lifecycle.run(({ maintenance }) => maintenance.repair(options));
  }

  /**
   * Exports items as JSON Lines with their times and TTLs, in bounded memory. A file gets its name when it is complete; until
   * then it is `<file>.part`, from which `resume` continues.
   *
   * @param target - path of the file, or a stream, which is not closed
   */
  async exportTo(target: string | Writable, options: ExportOptions = {}): Promise<ExportReport> {
    checkOptions(options, "exportTo()", EXPORT_NAMES);
    return this.#lifecycle.run((runtime) => {
      const dependencies = operatorDependencies(runtime);
      return typeof target === "string" ? exportToFile(dependencies, target, options) : exportToStream(dependencies, target, options);
    });
  }

  /**
   * Imports the lines of an export, compressed or not, in bounded memory. Items keep their times and TTLs. Items that
   * are already stored are recognized: to continue an interrupted import, run it again.
   *
   * @param source - path of the file, a stream, any `BaseStore`, or `postgres://…`, the database of a PostgresStore
   */
  async importFrom(source: string | Readable | SourceStore, options: ImportOptions = {}): Promise<ImportReport> {
    checkOptions(options, "importFrom()", IMPORT_NAMES);
    return this.#lifecycle.run((runtime) => {
      const dependencies = operatorDependencies(runtime);
      const isOtherStore = typeof source === "string" ? isPostgresUrl(source) : isStore(source);
      return isOtherStore ? importStore(dependencies, source as string | SourceStore, options) : importLines(dependencies, source as string | Readable, options);
    });
  }

  /** Deletes expired items, now. A running store does this every `ttl.sweepIntervalMinutes`. */
  async sweep(options: { readonly dryRun?: boolean } = {}): Promise<SweepReport> {
    const { dryRun } = checkOptions(options, "sweep()", { dryRun: true });
    return this.#lifecycle.run(({ maintenance }) => (dryRun === true ? previewSweep(maintenance.data) : maintenance.sweeper.sweep()));
  }

  /**
   * Writes a logical backup into a folder: an export of all items, or of those below `prefix`, and a manifest with a digest.
   */
  async backup(folder: string, options: BackupOptions = {}): Promise<BackupManifest> {
    checkOptions(options, "backup()", BACKUP_NAMES);
    return this.#lifecycle.run((runtime) => backUp(operatorDependencies(runtime), folder, options));
  }

  /**
   * Restores a logical backup, of this store or of another. Items that were updated later stay by default, see `onConflict`.
   *
   * @throws {ValidationError} when the backup is damaged; nothing is restored then.
   */
  async restore(folder: string, options: RestoreOptions = {}): Promise<ImportReport> {
    checkOptions(options, "restore()", RESTORE_NAMES);
    return this.#lifecycle.run((runtime) => restoreFrom(operatorDependencies(runtime), folder, options));
  }

  /**
   * Erases the items below a prefix, or those that match `where`, from records, vectors, listings and registry; then scans all
   * records and vectors and reports any remains. Reads the entire store.
   *
   * @throws {ValidationError} without a prefix or `everything: true`.
   */
  async erase(options: EraseOptions): Promise<EraseReport> {
    checkOptions(options, "erase()", ERASE_NAMES);
    return this.#lifecycle.run((runtime) => erase(operatorDependencies(runtime), options));
  }

  /** Checks everything that the store depends on: databases, replication, clocks, permissions, embedder (two calls), backlog, audit trail. */
  async diagnose(): Promise<Finding[]> {
    return this.#lifecycle.run(diagnose);
  }

  /** Starts a store; closes it where that fails. A failure to close it is logged and does not replace the reason. */
  static async #started(store: ScyllaDBStore): Promise<ScyllaDBStore> {
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
   * store nor other listeners.
   */
  on<Type extends StoreEventType>(type: Type, listener: StoreEventListener<Type>): this {
    this.#lifecycle.runtime.events.listeners.on(type, listener);
    return this;
  }

  /** Removes a listener. */
  off<Type extends StoreEventType>(type: Type, listener: StoreEventListener<Type>): this {
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
   * @param config - in the form that the constructor accepts, or from {@link loadConfig}
   * @throws {ConfigurationError} that lists every mistake, or names each option that cannot change while the store runs.
   * @throws {StoreError} when the servers cannot be reached with the new options.
   */
  async reload(config: ScyllaDBStoreConfig | EmbeddedStoreConfig): Promise<ReloadReport> {
    return this.#change(() => Promise.resolve(config));
  }

  async #change(load: () => Promise<ScyllaDBStoreConfig | EmbeddedStoreConfig>): Promise<ReloadReport> {
    let config: ScyllaDBStoreConfig | EmbeddedStoreConfig | undefined;
    const report = await changeConfig(this.#lifecycle, async () => (config = await load()));
    // Between a store on servers and one on a file no reload is possible.
    if (this.#configForSetup !== null) this.#configForSetup = config as ScyllaDBStoreConfig;
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
    if (this.#configForSetup !== null) {
      const creator = new ScyllaDBStore({ ...this.#configForSetup, setup: "auto" });
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
    await this.#lifecycle.run(() => Promise.resolve());
  }

  /**
   * Refuses new operations, completes those in flight within `limits.drainMs`, rejects the others with a {@link ClosedError} (a
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

const EXPORT_NAMES: OptionNames<ExportOptions> = { prefix: true, compression: true, resume: true, onProgress: true, signal: true };
const IMPORT_NAMES: OptionNames<ImportOptions> = { prefix: true, onConflict: true, verify: true, dryRun: true, onRejected: true, onProgress: true, signal: true };
const BACKUP_NAMES: OptionNames<BackupOptions> = { prefix: true, resume: true, onProgress: true, signal: true };
const RESTORE_NAMES: OptionNames<RestoreOptions> = { onConflict: true, dryRun: true, onRejected: true, onProgress: true, signal: true };
const ERASE_NAMES: OptionNames<EraseOptions> = { prefix: true, where: true, everything: true, dryRun: true, actor: true, onProgress: true, signal: true };
const REPAIR_NAMES: OptionNames<RepairOptions> = { dryRun: true, resume: true, onProgress: true, signal: true };

async function readingSchema<T>(given: ScyllaDBStoreConfig | EmbeddedStoreConfig, read: (schema: SchemaReader) => Promise<T>): Promise<T> {
  if (!("cql" in given)) return read(fileSchema(parseConfig(embeddedConfigSchema, given)));
  const config = parseConfig(serverConfigSchema, given);
  const connections = new ServerConnections(config, createContext(config), null);
  try {
    return await read(connections);
  } finally {
    await connections.stop();
  }
}

function serverRuntime(config: ScyllaDBStoreConfig): Runtime {
  return Runtime.first(parseConfig(serverConfigSchema, config), (checked, context) => new ServerDatabases(checked, context));
}

function embeddedRuntime(config: EmbeddedStoreConfig): Runtime {
  return Runtime.first(parseConfig(embeddedConfigSchema, config), (checked, context) => new FileDatabase(checked, context));
}

/** What views need: each call uses the runtime that is current when it is made. */
function viewDependencies(lifecycle: Lifecycle): ViewDependencies {
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

/** Sources of the configuration, and whether to watch its file. */
export interface FromConfigOptions extends LoadOptions {
  /** Whether changes of the file are applied while the store runs. */
  readonly watch?: boolean | WatchOptions;
}
