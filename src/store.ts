import type { Readable, Writable } from "node:stream";
import { backUp, restoreFrom, type BackupManifest, type BackupOptions, type RestoreOptions } from "./operator/backup.ts";
import { erase, type EraseOptions, type EraseReport } from "./operator/erase.ts";
import { exportToFile, exportToStream, type ExportOptions, type ExportReport } from "./operator/export.ts";
import { isStore, type SourceStore } from "./operator/import-source.ts";
import { isPostgresUrl } from "./operator/postgres-source.ts";
import { importLines, importStore, type ImportOptions, type ImportReport } from "./operator/import.ts";
import type { ReindexOptions, ReindexRemoval, ReindexReport, ReindexStatus } from "./sync/reindex-report.ts";
import { diagnose } from "./runtime/diagnosis.ts";
import { operatorDependencies, partitionsOf, reindexOf } from "./runtime/operator.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { StoreConfig } from "./config/store-config.ts";
import type { SchemaCreation } from "./runtime/schema-creation.ts";
import type { ConfigWatch } from "./config/watch.ts";
import type { EmbeddedStoreConfig } from "./config/option-types/embedded-store.ts";
import type { ScyllaDBStoreConfig } from "./config/option-types/server-store.ts";
import { withinDeadline } from "./concurrency/deadline.ts";
import { messageOf } from "./model/errors.ts";
import { ROOT } from "./model/namespace.ts";
import { Lifecycle } from "./runtime/lifecycle.ts";
import type { PartitionStatus, RebucketOptions, RebucketReport } from "./ports/partitions.ts";
import type { Finding } from "./ports/diagnosis.ts";
import type { StoreEventType } from "./ports/events.ts";
import { reloadConfig, type ReloadReport } from "./runtime/reload.ts";
import type { ReconcileReport } from "./sync/reconciler.ts";
import type { RepairOptions, RepairReport } from "./sync/repair-report.ts";
import { previewSweep } from "./sync/sweep-preview.ts";
import type { SweepReport } from "./sync/sweeper.ts";
import { healthOfUnstarted, type Health } from "./telemetry/health.ts";
import type { StoreStats } from "./telemetry/stats.ts";
import type { StoreEventListener } from "./telemetry/event-listeners.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import { StoreOperations, type OperationDependencies } from "./store-operations.ts";

/** Deadline of a health check that has to connect first, milliseconds. */
const HEALTH_DEADLINE_MS = 3_000;

/** A store on servers or on one local file. Imports no backend, so that a bundle contains only those that it uses. */
export abstract class StoreBase extends StoreOperations {
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
    super(operationDependencies(lifecycle), ROOT, {});
    this.#lifecycle = lifecycle;
    this.#schemaCreation = schemaCreation;
  }

  /**
   * Completes the writes that any process has left incomplete, now. A running store does this in the background, some time
   * after each write; call this in tests, or to avoid the wait.
   */
  async reconcile(options: { readonly signal?: AbortSignal } = {}): Promise<ReconcileReport> {
    const { signal } = checkOptions(options, "reconcile()", { signal: true });
    return this.#lifecycle.run(({ maintenance }) => maintenance.reconciler.reconcile(signal));
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

  /**
   * Builds the index that `index.next` describes beside the active one, and then makes it the active one: a new model, metric,
   * fields or keyword settings without downtime. Continues an unfinished reindex. On servers only.
   *
   * @throws {ConfigurationError} without `index.next`.
   */
  async reindex(options: ReindexOptions = {}): Promise<ReindexReport> {
    checkOptions(options, "reindex()", REINDEX_NAMES);
    return this.#lifecycle.run((runtime) => reindexOf(runtime).start(options));
  }

  /** Returns the generations of the index, and the progress of a reindex. */
  async reindexStatus(): Promise<ReindexStatus> {
    return this.#lifecycle.run((runtime) => reindexOf(runtime).status());
  }

  /** Makes the complete next generation of the index the active one, after a reindex with `switch: false`. */
  async reindexSwitch(): Promise<void> {
    return this.#lifecycle.run((runtime) => reindexOf(runtime).switch());
  }

  /** Removes the next generation of the index. */
  async reindexAbort(): Promise<ReindexRemoval> {
    return this.#lifecycle.run((runtime) => reindexOf(runtime).abort());
  }

  /** Removes the generation of the index that was active before the last switch. */
  async reindexCleanup(): Promise<ReindexRemoval> {
    return this.#lifecycle.run((runtime) => reindexOf(runtime).cleanup());
  }

  /** Deletes expired items, now. A running store does this every `ttl.sweepIntervalMinutes`. */
  async sweep(options: { readonly dryRun?: boolean; readonly signal?: AbortSignal } = {}): Promise<SweepReport> {
    const { dryRun, signal } = checkOptions(options, "sweep()", { dryRun: true, signal: true });
    return this.#lifecycle.run(({ maintenance }) => (dryRun === true ? previewSweep(maintenance.data, { signal }) : maintenance.sweeper.sweep(undefined, signal)));
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

  /**
   * Changes the number of partitions of a namespace, or of all that a prefix matches, while processes read and write them; or
   * continues an interrupted change. Set `cql.buckets` to the new rules (see {@link partitions}) afterwards.
   *
   * @throws {ValidationError} on a local file, and while another change is in progress.
   */
  async rebucket(options: RebucketOptions): Promise<RebucketReport> {
    checkOptions(options, "rebucket()", REBUCKET_NAMES);
    return this.#lifecycle.run(async (runtime) => partitionsOf(runtime).rebucket(options));
  }

  /**
   * Ends a change of partitions whose new partitions are not read yet, and deletes them.
   *
   * @returns whether a change was in progress.
   * @throws {ValidationError} on a local file, and when the new partitions are read already.
   */
  async abortRebucket(options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    const { signal } = checkOptions(options, "abortRebucket()", { signal: true });
    return this.#lifecycle.run(async (runtime) => partitionsOf(runtime).abort(signal));
  }

  /**
   * Returns the rules of the partitions, and the change in progress.
   *
   * @throws {ValidationError} on a local file.
   */
  async partitions(): Promise<PartitionStatus> {
    return this.#lifecycle.run(async (runtime) => partitionsOf(runtime).status());
  }

  /** Checks everything that the store depends on: databases, replication, clocks, permissions, embedder (two calls), backlog, audit trail. */
  async diagnose(): Promise<Finding[]> {
    return this.#lifecycle.run(diagnose);
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

const EXPORT_NAMES: OptionNames<ExportOptions> = { prefix: true, vectors: true, compression: true, resume: true, onProgress: true, signal: true };
const IMPORT_NAMES: OptionNames<ImportOptions> = { prefix: true, onConflict: true, verify: true, dryRun: true, onRejected: true, onProgress: true, signal: true };
const BACKUP_NAMES: OptionNames<BackupOptions> = { prefix: true, vectors: true, resume: true, onProgress: true, signal: true };
const RESTORE_NAMES: OptionNames<RestoreOptions> = { onConflict: true, dryRun: true, onRejected: true, onProgress: true, signal: true };
const ERASE_NAMES: OptionNames<EraseOptions> = {
  prefix: true,
  where: true,
  everything: true,
  audit: true,
  auditActors: true,
  dryRun: true,
  actor: true,
  onProgress: true,
  signal: true,
};
const REBUCKET_NAMES: OptionNames<RebucketOptions> = { namespace: true, buckets: true, dryRun: true, recordsPerSecond: true, onProgress: true, signal: true };
const REINDEX_NAMES: OptionNames<ReindexOptions> = { dryRun: true, textsPerSecond: true, switch: true, onProgress: true, signal: true };
const REPAIR_NAMES: OptionNames<RepairOptions> = { dryRun: true, resume: true, onProgress: true, signal: true };

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
