/**
 * Rebuilds a lost collection while searches are degraded. Saves its position after each page, so that it continues there
 * after a failure or in another process.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { ReconcileDependencies } from "../core/reconcile-item.ts";
import { messageOf } from "../model/errors.ts";
import { newWriteId } from "../model/item.ts";
import type { Events } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";
import type { Settings } from "../ports/settings.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import { RepairJournal } from "./repair-journal.ts";
import type { RepairReport } from "./repair-report.ts";
import { Repair } from "./repair.ts";

/** A collection of vectors that is stored separately from the records and may be lost. */
export interface VectorCollection {
  /** Name of the collection in use. */
  readonly name: string;
  /** Whether it contains the vectors of all records. */
  readonly isComplete: boolean;
  /** Whether it cannot be used: it is missing, or was unreachable when the store started. */
  readonly isUnavailable: boolean;
  /** The name that the store records for it, if the configuration has another one: it may lack the vectors of earlier items. */
  readonly previousName: string | null;
  /** Finds the collection again, or creates a replacement. */
  replace(): Promise<void>;
  /** Detects that another process has replaced or rebuilt it. */
  refresh(): Promise<void>;
  /** Marks it as rebuilt; searches use it from then on. */
  complete(): Promise<void>;
  /** Records the configured name in the place of the previous one. */
  confirmName(): Promise<void>;
}

/** Dependencies of a rebuild. */
export interface RebuildOptions {
  readonly dependencies: ReconcileDependencies;
  readonly collection: VectorCollection;
  readonly settings: Settings;
  readonly events: Events;
  readonly logger: Logger;
  readonly observer?: Observer;
}

/** Interval of the checks of the collection, milliseconds. */
const TICK_MS = 2_000;

/** Number of checks between two reads of the current collection from the settings. */
const CHECKS_PER_READ = 15;

/** Longest delay between two attempts, milliseconds. */
const LONGEST_REST_MS = 300_000;

/**
 * Length of a turn, milliseconds. The process of the last turn may claim the next one during its first half; after that, any
 * process may, which replaces a process that died.
 */
const TURN_MS = 60_000;

/** Monitors the collection and rebuilds it when it was lost. */
export class Rebuild {
  readonly #options: RebuildOptions;
  /** Id of this process in the settings while it rebuilds. */
  readonly #processId = newWriteId();
  readonly #stopped = new AbortController();
  #loop: Promise<void> | null = null;
  #isReported = false;
  #lastFailure = "";
  #checks = 0;
  /** Consecutive attempts without progress. */
  #attempts = 0;

  constructor(options: RebuildOptions) {
    this.#options = options;
  }

  /** Starts the checks. Does not keep the process alive. */
  start(): void {
    this.#loop ??= this.#watch();
  }

  /** Stops the checks, and a running rebuild after its current page. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  /** Name of the collection in use. */
  get name(): string {
    return this.#options.collection.name;
  }

  /**
   * Marks a collection as complete after a full comparison with the records.
   *
   * @param name - the collection in use when the comparison began; it may have been replaced meanwhile
   */
  async complete(name: string): Promise<void> {
    const { collection, events } = this.#options;
    if (!collection.isUnavailable && collection.name === name) await collection.confirmName();
    if (collection.isComplete || collection.isUnavailable || collection.name !== name) return;
    await collection.complete();
    events.emit({ type: "vectors-restored" });
    this.#isReported = false;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#check();
        this.#lastFailure = "";
      } catch (error) {
        this.#reportFailure(error);
      }
      await this.#rest(TICK_MS);
    }
  }

  async #check(): Promise<void> {
    const { collection, events, dependencies, logger, observer = unobserved } = this.#options;
    this.#checks += 1;
    // Another process may have replaced the collection while this one made no call that would detect it.
    if (this.#checks % CHECKS_PER_READ === 0) await collection.refresh();
    if (collection.isUnavailable) await collection.replace();
    if (!collection.isComplete && !this.#isReported) {
      events.emit({ type: "vectors-lost" });
      this.#isReported = true;
    }
    if (!collection.isComplete) await collection.refresh();
    if (collection.isComplete || !(await this.#isOwnTurn())) return this.#reportCompletion();
    const { name } = collection;
    const journal = new RepairJournal<RepairReport>(this.#options.settings, `rebuild:${name}:place`, name);
    const options = { signal: this.#stopped.signal, resume: true };
    const repair = new Repair(dependencies, logger, options, { journal, stopsAtFailure: true });
    try {
      const report = await this.#claiming(observer.maintenance("repair", () => repair.run()));
      logger.info({ ...report }, "a pass of the rebuild of the collection is complete");
      if (repair.isComplete) return await this.complete(name);
    } catch (error) {
      this.#reportFailure(error);
      if (journal.saves > 0) this.#attempts = 0;
      await this.#restLonger();
      throw error;
    }
    await this.#restLonger();
  }

  async #restLonger(): Promise<void> {
    this.#attempts += 1;
    await this.#rest(Math.min(TICK_MS * 2 ** this.#attempts, LONGEST_REST_MS));
  }

  /** Waits for `ms` milliseconds, or until the store is stopped. Never rejects. */
  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { ref: false, signal: this.#stopped.signal }).catch(() => undefined);
  }

  /** Emits the event when another process has completed the rebuild. */
  #reportCompletion(): void {
    if (!this.#options.collection.isComplete || !this.#isReported) return;
    this.#options.events.emit({ type: "vectors-restored" });
    this.#isReported = false;
  }

  /** Whether this process rebuilds: only one does, so that texts are embedded once. */
  async #isOwnTurn(): Promise<boolean> {
    const { settings, collection } = this.#options;
    const nameOf = (turn: number): string => `rebuild:${collection.name}:${turn}`;
    const turn = Math.floor(Date.now() / TURN_MS);
    const previous = await settings.read(nameOf(turn - 1));
    const isEarly = Date.now() % TURN_MS < TURN_MS / 2;
    if (previous !== null && previous !== this.#processId && isEarly && (await settings.read(nameOf(turn))) === null) return false;
    return (await settings.establish(nameOf(turn), this.#processId)) === this.#processId;
  }

  /** Claims each turn until the rebuild is done. */
  async #claiming<T>(rebuilding: Promise<T>): Promise<T> {
    const claim = (): void => {
      // After a failed claim, another process may rebuild too, which is harmless.
      this.#isOwnTurn().catch((error: unknown) => this.#reportFailure(error));
    };
    const timer = setInterval(claim, TURN_MS / 6).unref();
    try {
      return await rebuilding;
    } finally {
      clearInterval(timer);
    }
  }

  #reportFailure(error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    const cause = messageOf(error);
    // Logged once per reason, not at each check.
    if (cause === this.#lastFailure) return;
    this.#lastFailure = cause;
    this.#options.logger.error({ cause }, "the collection could not be rebuilt yet; the rebuild is retried");
  }
}
