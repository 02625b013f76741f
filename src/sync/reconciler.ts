/** Completes writes after a crash of the writer or an outage. Runs in every process, without coordination. */
import { mapBounded } from "../concurrency/bounded.ts";
import type { IntentLog } from "../core/intent-log.ts";
import { readItems, reconcileItem, type ReconcileDependencies, type Seen } from "../core/reconcile-item.ts";
import { lacksRight, type MaintenanceRights } from "../core/maintenance-rights.ts";
import { messageOf, NotReadyError } from "../model/errors.ts";
import type { ItemId, ItemRecord } from "../model/item.ts";
import { WRITE_BOUND_MS } from "../model/write-bound.ts";
import type { Events } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";
import type { Intent, IntentBatch, Outbox } from "../ports/outbox.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import { dropCompleted, removeBatches } from "./completed-writes.ts";
import { FailureStreak } from "./failure-streak.ts";
import { isDead, postpone, type Unsettled } from "./postpone.ts";
import { StaleItems } from "./stale-items.ts";

/** Result of a pass of the reconciler. */
export interface ReconcileReport {
  /** Processed intents. */
  readonly examined: number;
  /** Intents whose write is complete: record and derived data are in sync. */
  readonly settled: number;
  /**
   * Intents whose derived data is in sync but whose record was not seen, which may still appear, and those that a process with
   * `index.next` has to complete. They are processed again.
   */
  readonly watched: number;
  /** Intents that failed; they are retried. */
  readonly failed: number;
  /** Failed intents that are dead-lettered: a retry does not help. They are kept and retried at long intervals. */
  readonly deadLettered: number;
  /** Batches of intents in a newer format; processes of the newer version complete them. */
  readonly unreadable: number;
  /** Additional items with stale vectors that a search had found and that were repaired. */
  readonly stale: number;
}

/** Dependencies and options of a reconciler. */
export interface ReconcilerOptions {
  readonly dependencies: ReconcileDependencies;
  readonly outbox: Outbox;
  readonly log: IntentLog;
  readonly events: Events;
  readonly logger: Logger;
  readonly rights: MaintenanceRights;
  /** Interval between two passes, milliseconds. */
  readonly tickMs: number;
  readonly observer?: Observer;
}

/** `flushing`: settled, but its vectors were just written and may not be flushed; the intent is processed once more. */
type Verdict = "settled" | "flushing" | Unsettled["verdict"];

const BATCHES_A_TICK = 100;
const BATCHES_A_PASS = 1_000;
/** Time that a batch stays due for a process that knows every generation of the index, before it is postponed, milliseconds. */
const KEPT_DUE_MS = 60_000;

const ITEMS_AT_ONCE = 8;

/** Age of an intent after which its write can no longer appear, milliseconds: the grace period of tombstones. */
const WATCH_MS = 10 * 24 * 3_600_000;

/** Processes due intents at an interval. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #observer: Observer;
  readonly #stale = new StaleItems();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<unknown> = Promise.resolve();
  #isTicking = false;
  #isStopped = false;
  #isOutboxDown = false;
  #hasUnreadable = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#observer = options.observer ?? unobserved;
  }

  /** Starts the passes. Does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => void this.tick(), this.#options.tickMs).unref();
  }

  /**
   * Stops after the current batch; other intents stay in the outbox. Those of completed writes are removed, unless the index may still
   * have to flush vectors.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const { log } = this.#options;
    if (log.waitsForFlush) await this.#running;
    else await this.#passLogged(() => dropCompleted(this.#options, log.takeCompleted()));
  }

  /** Queues items with stale vectors for a later tick. */
  reportStale(ids: readonly ItemId[]): void {
    this.#stale.add(ids);
  }

  /** Runs a pass over due intents unless one is running. Logs a failure; the next tick retries. */
  async tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    await this.#passLogged(() => this.#pass(false));
    this.#isTicking = false;
  }

  /** Runs a pass over all intents after a service has recovered. */
  async wake(): Promise<void> {
    await this.#passLogged(() => this.#pass(true));
  }

  /** Runs a pass over all intents, due or not, up to {@link BATCHES_A_PASS} batches. @param signal - ends the pass after the batch in progress */
  async reconcile(signal?: AbortSignal): Promise<ReconcileReport> {
    const pass = this.#running.then(() => this.#pass(true, signal));
    this.#running = pass.catch(() => undefined);
    return pass;
  }

  async #passLogged(pass: () => Promise<unknown>): Promise<void> {
    const { logger, rights } = this.#options;
    this.#running = this.#running.then(async () => {
      if (rights.areMissing) return;
      try {
        await pass();
        if (this.#isOutboxDown) logger.info({}, "the outbox is readable again");
        this.#isOutboxDown = false;
      } catch (error) {
        if (rights.handled(error)) return;
        // Logged once per outage, not at each tick.
        const message = "the outbox could not be read; the read is retried";
        if (!this.#isOutboxDown) logger.warn({ cause: messageOf(error) }, message);
        this.#isOutboxDown = true;
      }
    });
    await this.#running;
  }

  /** @param all - whether to process intents that are not due too */
  async #pass(all: boolean, signal?: AbortSignal): Promise<ReconcileReport> {
    const { outbox, log } = this.#options;
    const now = Date.now();
    await dropCompleted(this.#options, log.takeCompleted());
    const stale = await this.#processStale(now, all);
    const verdicts: Verdict[] = [];
    const due = all ? outbox.due(Number.MAX_SAFE_INTEGER, BATCHES_A_PASS) : outbox.due(now, BATCHES_A_TICK);
    const { batches, unreadable } = await due;
    this.#reportUnreadable(unreadable);
    const failures = new FailureStreak();
    const processAll = async (): Promise<void> => {
      for (const batch of batches) {
        if (this.#isStopped) break;
        signal?.throwIfAborted();
        await failures.attempt(
          async () => void verdicts.push(...(await this.#process(batch))),
          (error) => {
            this.#options.logger.warn({ cause: messageOf(error) }, "a batch of intents could not be postponed; it is retried");
            verdicts.push(...batch.intents.map((): Verdict => "failed"));
          },
        );
      }
    };
    try {
      if (batches.length > 0) await this.#observer.maintenance("reconcile", processAll);
    } finally {
      this.#report(verdicts, stale);
    }
    const count = (...kinds: Verdict[]): number => verdicts.filter((each) => kinds.includes(each)).length;
    return {
      examined: verdicts.length,
      settled: count("settled", "flushing"),
      watched: count("watched", "kept"),
      failed: count("failed", "dead"),
      deadLettered: count("dead"),
      unreadable,
      stale,
    };
  }

  #report(verdicts: readonly Verdict[], stale: number): void {
    for (const verdict of verdicts) this.#observer.reconciled(verdict === "flushing" ? "settled" : verdict === "kept" ? "watched" : verdict, 1);
    if (stale > 0) this.#observer.reconciled("stale", stale);
  }

  /** Logs unreadable batches once, not at each pass. */
  #reportUnreadable(batches: number): void {
    const message = "intents in a format of a newer version are left to processes of that version";
    if (batches > 0 && !this.#hasUnreadable) this.#options.logger.warn({ batches }, message);
    this.#hasUnreadable = batches > 0;
  }

  /** Repairs stale items; the next search that finds a failed one queues it again. */
  async #processStale(now: number, all: boolean): Promise<number> {
    let reconciled = 0;
    await mapBounded(this.#stale.take(now, all), ITEMS_AT_ONCE, async (id) => {
      try {
        await reconcileItem(this.#options.dependencies, id);
        reconciled += 1;
      } catch (error) {
        if (lacksRight(error)) throw error;
        this.#options.logger.debug({ cause: messageOf(error) }, "an item with stale vectors could not be reconciled");
      }
    });
    return reconciled;
  }

  async #process(batch: IntentBatch): Promise<Verdict[]> {
    const { outbox, log } = this.#options;
    const seen = await this.#readItems(batch.intents);
    const numbered = batch.intents.map((intent, i) => ({ intent, seen: seen?.[i] ?? null }));
    const verdicts = await mapBounded(numbered, ITEMS_AT_ONCE, (each) => this.#processOne(each.intent, each.seen, batch));
    // Vectors of a young batch may be acknowledged but not flushed, so the batch stays until it is due in any case.
    if (log.isYoung(batch, Date.now())) return verdicts;
    // A process that knows every generation of the index finds the batch here. Without one, the batch must not block others.
    if (verdicts.includes("kept") && Date.now() - batch.dueAt < KEPT_DUE_MS) return verdicts;
    const unsettled = batch.intents.flatMap((intent, i): Unsettled[] => {
      const verdict = verdicts[i] ?? "watched";
      if (verdict === "settled") return [];
      return [{ intent, verdict: verdict === "flushing" ? "watched" : verdict }];
    });
    // Adds the postponed batches before it removes this one: a crash in between leaves duplicates, never a gap.
    for (const later of postpone(batch, unsettled, Date.now())) await outbox.add(later);
    await removeBatches(this.#options, [batch]);
    return verdicts;
  }

  /** Reads the items of a batch by two requests instead of two per item. Null when an item makes these fail. */
  async #readItems(ids: readonly ItemId[]): Promise<Seen[] | null> {
    try {
      return await readItems(this.#options.dependencies, ids);
    } catch (error) {
      if (lacksRight(error)) throw error;
      // Individual reads then isolate the item that fails.
      this.#options.logger.debug({ cause: messageOf(error) }, "items could not be read together");
      return null;
    }
  }

  async #processOne(intent: Intent, seen: Seen | null, batch: IntentBatch): Promise<Verdict> {
    const { dependencies, log, events, logger } = this.#options;
    const { attempts } = batch;
    try {
      const { record, wroteVectors } = await reconcileItem(dependencies, intent, seen);
      if (wroteVectors && record !== null) this.#observer.vectorsSynced("reconcile", Math.max(0, Date.now() - record.version / 1_000), 1);
      if (!log.isSettled(batch, intent)) {
        if (!isSettled(intent, record, Date.now())) return "watched";
        // Its write may be missing in a generation that this process cannot write.
        if (dependencies.generations?.keepsIntents === true) return "kept";
      }
      return wroteVectors && log.waitsForFlush ? "flushing" : "settled";
    } catch (error) {
      // The intent stays unchanged for a process that has the right.
      if (lacksRight(error)) throw error;
      // The index of this process was removed: a process with the active one completes the write, and does not wait for a retry.
      if (error instanceof NotReadyError && dependencies.generations?.hasUnknown === true) return "kept";
      if (!isDead(intent, attempts, error, Date.now())) {
        logger.debug({ attempts, cause: messageOf(error) }, "an item could not be reconciled; it is retried");
        return "failed";
      }
      if (!intent.isDeadLettered) events.emit({ type: "intent-dead", cause: messageOf(error) });
      return "dead";
    }
  }
}

/**
 * Whether the outcome of a write is final: the record shows this write, or a newer version than the write can have, or the
 * intent is so old that the write can no longer appear.
 */
function isSettled(intent: Intent, record: ItemRecord | null, now: number): boolean {
  if (record?.writeId === intent.writeId) return true;
  const bound = (intent.recordedAt + WRITE_BOUND_MS) * 1000;
  if (record !== null && record.version > bound && record.version <= now * 1000) return true;
  return now - intent.recordedAt > WATCH_MS;
}
