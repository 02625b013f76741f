/** Background work of a runtime: the write-ahead intents, the reconciler, the sweeper, repair and the rebuild of a lost collection. */
import type { CommonConfig } from "../config/schema.ts";
import { IntentLog } from "../core/intent-log.ts";
import type { ReconcileDependencies } from "../core/reconcile-item.ts";
import { RefusalWarning, MaintenanceRights } from "../core/maintenance-rights.ts";
import { Reconciler } from "../sync/reconciler.ts";
import { Rebuild } from "../sync/rebuild.ts";
import { RepairJournal } from "../sync/repair-journal.ts";
import type { RepairOptions, RepairReport } from "../sync/repair-report.ts";
import { Repair } from "../sync/repair.ts";
import { Sweeper } from "../sync/sweeper.ts";
import { watchGroups } from "../telemetry/group-watch.ts";
import { detached } from "../telemetry/tracing.ts";
import type { StoreContext } from "./context.ts";
import type { Databases } from "./databases.ts";

/** The background work of one runtime. */
export class Maintenance {
  readonly intents: IntentLog;
  readonly reconciler: Reconciler;
  readonly sweeper: Sweeper;
  readonly #rebuild: Rebuild | null;
  readonly #config: CommonConfig;
  readonly #context: StoreContext;
  readonly #databases: Databases;
  /** Records and index, with the time budgets of maintenance. */
  readonly data: ReconcileDependencies;
  readonly #warning: RefusalWarning;

  constructor(config: CommonConfig, context: StoreContext, databases: Databases, data: ReconcileDependencies) {
    const { bulkhead, reconcile, ttl, logger } = config;
    const { events, telemetry: observer } = context;
    const { collection, settings } = databases;
    this.#config = config;
    this.#context = context;
    this.#databases = databases;
    this.data = data;
    this.#warning = new RefusalWarning(logger);
    // Vectors in a local file are durable with the transaction that writes them.
    const times = collection === null ? { ...reconcile, flushMs: 0 } : reconcile;
    this.intents = new IntentLog(databases.callPorts.outbox, times, bulkhead.maxQueued, watchGroups(observer, "intents"));
    const shared = { dependencies: data, logger, observer };
    const { outbox } = databases.maintenancePorts;
    this.reconciler = new Reconciler({ ...shared, outbox, log: this.intents, events, rights: this.rights(), tickMs: reconcile.tickMs });
    this.sweeper = new Sweeper({ ...shared, rights: this.rights(), intervalMs: ttl.sweepIntervalMinutes * 60_000 });
    this.#rebuild = collection === null ? null : new Rebuild({ ...shared, collection, settings, events });
  }

  /** Returns the permissions of one kind of background work; all kinds share one warning in the log. */
  rights(): MaintenanceRights {
    return new MaintenanceRights(this.#warning);
  }

  start(): void {
    const { events, degraded } = this.#context;
    events.internal.on("breaker-closed", this.#onBreakerClosed);
    degraded.attach(this.reconciler);
    this.reconciler.start();
    this.sweeper.start();
    this.#rebuild?.start();
  }

  async stop(): Promise<void> {
    const { events, degraded } = this.#context;
    events.internal.off("breaker-closed", this.#onBreakerClosed);
    degraded.detach(this.reconciler);
    await Promise.all([this.reconciler.stop(), this.sweeper.stop(), this.#rebuild?.stop()]);
  }

  /** Runs a full consistency check. If all data is consistent afterwards, a collection that was being rebuilt is complete. */
  async repair(options: RepairOptions): Promise<RepairReport> {
    const collection = this.#rebuild?.name;
    const { generations, settings } = this.#databases;
    // A position in one set of vectors means nothing in another.
    const journal = new RepairJournal<RepairReport>(settings, "repair:place", collection ?? String(generations.numbers[generations.active] ?? ""));
    const repair = new Repair(this.data, this.#config.logger, options, { journal });
    const report = await this.#context.telemetry.maintenance("repair", () => repair.run());
    if (collection !== undefined && repair.isComplete) await this.#rebuild?.complete(collection);
    return report;
  }

  readonly #onBreakerClosed = (): void => {
    // Work that failed during an outage is retried at once, not after a pause that grew meanwhile.
    void detached(() => this.reconciler.wake());
    const { breakers, guards } = this.#databases;
    const states = [breakers.vectors?.() ?? "closed", guards.of("embeddings").breaker];
    if (states.every((state) => state === "closed")) this.#context.degraded.recovered();
  };
}
