/**
 * Rebuilds a collection that took the place of a lost one, while searches go on without it. Its place is kept after each
 * page: after a failure, or in another process, the rebuild continues there.
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
import { Repair, type RepairReport } from "./repair.ts";

/** Vectors that live apart from the records and may be lost without them. */
export interface Collection {
  /** Name of the collection in use. */
  readonly name: string;
  /** Whether it holds what the records say. */
  readonly isComplete: boolean;
  /** Whether it cannot be used: it was seen to be gone, or could not be reached when the store started. */
  readonly isAway: boolean;
  /** Finds it again, or makes the one that takes the place of a lost one. */
  replace(): Promise<void>;
  /** Looks whether another process has filled it meanwhile. */
  look(): Promise<void>;
  /** Says that it has been filled from the records; searches use it from then on. */
  complete(): Promise<void>;
}

/** What a refill stands on. */
export interface RefillOptions {
  readonly dependencies: ReconcileDependencies;
  readonly collection: Collection;
  readonly settings: Settings;
  readonly events: Events;
  readonly logger: Logger;
  /** Nobody by default. */
  readonly observer?: Observer;
}

/** Between two looks at the collection, milliseconds. */
const TICK_MS = 2_000;

/** Every so many looks it is seen whether the records know another collection by now. */
const LOOKS_A_CHECK = 15;

/** Longest pause between two passes over all records, milliseconds. */
const LONGEST_REST_MS = 300_000;

/**
 * The filling goes by turns of this length, milliseconds. Whoever had the last one has the first half of a turn to claim
 * it; then another may, which takes over from one that died.
 */
const TURN_MS = 60_000;

/** Watches over the collection. */
export class Refill {
  readonly #options: RefillOptions;
  /** Stands in the settings while this process fills. */
  readonly #own = newWriteId();
  readonly #stopped = new AbortController();
  #loop: Promise<void> | null = null;
  #isReported = false;
  #lastFailure = "";
  #looks = 0;
  /** Attempts in a row that got no further, or did not complete it. */
  #attempts = 0;

  constructor(options: RefillOptions) {
    this.#options = options;
  }

  /** Begins to watch. Does not keep the process alive. */
  start(): void {
    this.#loop ??= this.#watch();
  }

  /** Ends the watch, and a filling under way after the page that it is at. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  /** Name of the collection in use. */
  get name(): string {
    return this.#options.collection.name;
  }

  /**
   * Says that a collection holds what the records say: they were just compared with it.
   *
   * @param name - the collection that was in use when the comparison began; another may have taken its place meanwhile
   */
  async complete(name: string): Promise<void> {
    const { collection, events } = this.#options;
    if (collection.isComplete || collection.isAway || collection.name !== name) return;
    await collection.complete();
    events.emit({ type: "vectors-restored" });
    this.#isReported = false;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#look();
        this.#lastFailure = "";
      } catch (error) {
        this.#reportFailure(error);
      }
      await this.#rest(TICK_MS);
    }
  }

  async #look(): Promise<void> {
    const { collection, events, dependencies, logger, observer = unobserved } = this.#options;
    this.#looks += 1;
    // Another process may have found it lost and replaced it, while this one had no call to notice it by.
    if (this.#looks % LOOKS_A_CHECK === 0) await collection.look();
    if (collection.isAway) await collection.replace();
    if (!collection.isComplete && !this.#isReported) {
      events.emit({ type: "vectors-lost" });
      this.#isReported = true;
    }
    if (!collection.isComplete) await collection.look();
    if (collection.isComplete || !(await this.#isOwnTurn())) return this.#seeCompletion();
    const { name } = collection;
    const journal = new RepairJournal<RepairReport>(this.#options.settings, `refill:${name}:place`, name);
    const options = { signal: this.#stopped.signal, resume: true };
    const repair = new Repair(dependencies, logger, options, { journal, stopsAtFailure: true });
    try {
      const report = await this.#claiming(observer.upkeep("repair", () => repair.run()));
      logger.info({ ...report }, "the records were gone through to fill the vectors in again");
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

  /** Rejects never; ends early when it is stopped. */
  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { ref: false, signal: this.#stopped.signal }).catch(() => undefined);
  }

  /** Another process may have filled it. */
  #seeCompletion(): void {
    if (!this.#options.collection.isComplete || !this.#isReported) return;
    this.#options.events.emit({ type: "vectors-restored" });
    this.#isReported = false;
  }

  /** Of several processes that find the collection lost, one fills it: texts need not be embedded by each of them. */
  async #isOwnTurn(): Promise<boolean> {
    const { settings, collection } = this.#options;
    const nameOf = (turn: number): string => `refill:${collection.name}:${turn}`;
    const turn = Math.floor(Date.now() / TURN_MS);
    const previous = await settings.read(nameOf(turn - 1));
    const isEarly = Date.now() % TURN_MS < TURN_MS / 2;
    if (previous !== null && previous !== this.#own && isEarly && (await settings.read(nameOf(turn))) === null) return false;
    return (await settings.establish(nameOf(turn), this.#own)) === this.#own;
  }

  /** Claims turn after turn until `filling` is done. */
  async #claiming<T>(filling: Promise<T>): Promise<T> {
    const claim = (): void => {
      // A claim that fails costs no more than that another process begins to fill too.
      this.#isOwnTurn().catch((error: unknown) => this.#reportFailure(error));
    };
    const timer = setInterval(claim, TURN_MS / 6).unref();
    try {
      return await filling;
    } finally {
      clearInterval(timer);
    }
  }

  #reportFailure(error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    const cause = messageOf(error);
    // Once for each reason, not at each look.
    if (cause === this.#lastFailure) return;
    this.#lastFailure = cause;
    this.#options.logger.error({ cause }, "the vectors could not be filled in again yet; it is tried again");
  }
}
