/** The calls of an operator: maintenance, export and import, backup, erasure, changes of the index and of partitions, diagnosis. */
import type { Readable, Writable } from "node:stream";
import { ROOT } from "./model/namespace.ts";
import { backUp, restoreFrom, type BackupManifest, type BackupOptions, type RestoreOptions } from "./operator/backup.ts";
import { erase } from "./operator/erase.ts";
import type { EraseOptions, EraseReport } from "./operator/erase-report.ts";
import { exportToFile, exportToStream, type ExportOptions, type ExportReport } from "./operator/export.ts";
import { isStore, type SourceStore } from "./operator/import-source.ts";
import { importLines, importStore } from "./operator/import.ts";
import type { ImportOptions, ImportReport } from "./operator/import-report.ts";
import { isPostgresUrl } from "./operator/postgres-source.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";
import type { Finding } from "./ports/diagnosis.ts";
import type { PartitionStatus, RebucketOptions, RebucketReport } from "./ports/partitions.ts";
import { diagnose } from "./runtime/diagnosis.ts";
import type { Lifecycle } from "./runtime/lifecycle.ts";
import { operatorDependencies, partitionsOf, reindexOf } from "./runtime/operator.ts";
import { StoreOperations, type OperationDependencies } from "./store-operations.ts";
import type { ReconcileReport } from "./sync/reconciler.ts";
import type { ReindexOptions, ReindexRemoval, ReindexReport, ReindexStatus } from "./sync/reindex-report.ts";
import type { RepairOptions, RepairReport } from "./sync/repair-report.ts";
import { previewSweep } from "./sync/sweep-preview.ts";
import type { SweepReport } from "./sync/sweeper.ts";

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

/** The calls of an operator, for the entire store and not for views. */
export abstract class OperatorCalls extends StoreOperations {
  readonly #lifecycle: Lifecycle;

  /** @internal */
  constructor(lifecycle: Lifecycle, dependencies: OperationDependencies) {
    super(dependencies, ROOT, {});
    this.#lifecycle = lifecycle;
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
   * fields, rules or keyword settings without downtime. Continues an unfinished reindex.
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
}
