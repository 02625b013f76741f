/** Sees to writes whose writer did not: it crashed, or a database was away. Runs in every process, without agreement. */
import { mapBounded } from "../concurrency/bounded.ts";
import type { CompletedBatch, IntentLog } from "../core/intent-log.ts";
import { readEach, UNREADABLE } from "../core/read-each.ts";
import { readItems, reconcileItem, type ReconcileDependencies, type Seen } from "../core/reconcile-item.ts";
import { lacksRight, type UpkeepRights } from "../core/upkeep-rights.ts";
import { messageOf } from "../model/errors.ts";
import { isLive, type ItemId, type ItemRecord } from "../model/item.ts";
import { WRITE_BOUND_MS } from "../model/write-bound.ts";
import type { Events } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";
import type { Intent, IntentBatch, Outbox } from "../ports/outbox.ts";
import { unobserved, type Observer } from "../ports/telemetry.ts";
import { FailureStreak } from "./failure-streak.ts";
import { isLost, postpone, type Left } from "./postpone.ts";
import { StaleItems } from "./stale-items.ts";

/** What became of a pass. */
export interface ReconcileReport {
  /** Writes that were looked at. */
  readonly examined: number;
  /** Those whose record and derived data are right, for good. */
  readonly settled: number;
  /** Those whose derived data are right, but whose record was not seen: it may still surface, and is looked for again. */
  readonly watched: number;
  /** Those that could not be brought in step now; they are tried again. */
  readonly failed: number;
  /** Those of the failed for which trying again was seen not to help; they are kept, and looked at seldom. */
  readonly dead: number;
  /** Batches of intents in a format that this version cannot read; processes of the newer version finish them. */
  readonly unreadable: number;
  /** Items, besides, whose vectors a search had found not to be those of their record, and that were put right. */
  readonly stale: number;
}

/** What a reconciler stands on. */
export interface ReconcilerOptions {
  readonly dependencies: ReconcileDependencies;
  readonly outbox: Outbox;
  readonly log: IntentLog;
  readonly events: Events;
  readonly logger: Logger;
  readonly upkeep: UpkeepRights;
  /** Between two looks at what is due, milliseconds. */
  readonly tickMs: number;
  /** Nobody by default. */
  readonly observer?: Observer;
}

/** `flushing`: settled, but its vectors were written just now and may not be flushed; it is looked at once more. */
type Verdict = "settled" | "flushing" | Left["verdict"];

const BATCHES_A_TICK = 100;
const BATCHES_A_PASS = 1_000;
const ITEMS_AT_ONCE = 8;

/** Writes that are held against their records at once: ten thousand kept all that the process does waiting for 25 ms. */
const CHECKED_AT_ONCE = 200;

/** A write that was not seen so long after it was noted never will be: replicas forget deletes after this time too. */
const WATCH_MS = 10 * 24 * 3_600_000;

/** Looks at what is due, again and again. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #observer: Observer;
  readonly #stale = new StaleItems();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<unknown> = Promise.resolve();
  #isTicking = false;
  #isStopped = false;
  #isBlind = false;
  #hasUnreadable = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#observer = options.observer ?? unobserved;
  }

  /** Begins to look at what is due. Does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => void this.tick(), this.#options.tickMs).unref();
  }

  /** Ends the pass under way after the batch that it is at; the rest stays noted. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#running;
  }

  /** Queues items whose stored vectors were seen not to be those of their record; they are seen to at a later tick. */
  reportStale(ids: readonly ItemId[]): void {
    this.#stale.add(ids);
  }

  /** Looks once at what is due, unless it is still at it; a failure is told, and tried again at the next tick. */
  async tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    await this.#quietly(() => this.#pass(false));
    this.#isTicking = false;
  }

  /** Looks soon at all that is noted: a service that was away is back. */
  async wake(): Promise<void> {
    await this.#quietly(() => this.#pass(true));
  }

  /** Looks now at all that is noted, due or not; at most at {@link BATCHES_A_PASS} batches of it. */
  async reconcile(): Promise<ReconcileReport> {
    const pass = this.#running.then(() => this.#pass(true));
    this.#running = pass.catch(() => undefined);
    return pass;
  }

  async #quietly(pass: () => Promise<unknown>): Promise<void> {
    const { logger, upkeep } = this.#options;
    this.#running = this.#running.then(async () => {
      if (upkeep.areMissing) return;
      try {
        await pass();
        if (this.#isBlind) logger.info({}, "the notes of writes under way can be read again");
        this.#isBlind = false;
      } catch (error) {
        if (upkeep.handled(error)) return;
        // Once an outage, not at each tick of it.
        const message = "the notes of writes under way could not be read; they are read again soon";
        if (!this.#isBlind) logger.warn({ cause: messageOf(error) }, message);
        this.#isBlind = true;
      }
    });
    await this.#running;
  }

  /** @param all - whether it looks at what is not due too */
  async #pass(all: boolean): Promise<ReconcileReport> {
    const { outbox, log } = this.#options;
    const now = Date.now();
    await this.#drop(log.takeCompleted());
    const stale = await this.#processStale(now, all);
    const verdicts: Verdict[] = [];
    const due = all ? outbox.due(Number.MAX_SAFE_INTEGER, BATCHES_A_PASS) : outbox.due(now, BATCHES_A_TICK);
    const { batches, unreadable } = await due;
    this.#reportUnreadable(unreadable);
    const failures = new FailureStreak();
    const see = async (): Promise<void> => {
      for (const batch of batches) {
        if (this.#isStopped) break;
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
      if (batches.length > 0) await this.#observer.upkeep("reconcile", see);
    } finally {
      this.#report(verdicts, stale);
    }
    const count = (...kinds: Verdict[]): number => verdicts.filter((each) => kinds.includes(each)).length;
    return {
      examined: verdicts.length,
      settled: count("settled", "flushing"),
      watched: count("watched"),
      failed: count("failed", "dead"),
      dead: count("dead"),
      unreadable,
      stale,
    };
  }

  #report(verdicts: readonly Verdict[], stale: number): void {
    for (const verdict of verdicts) this.#observer.reconciled(verdict === "flushing" ? "settled" : verdict, 1);
    if (stale > 0) this.#observer.reconciled("stale", stale);
  }

  /** Once for as long as there are any, not at each pass. */
  #reportUnreadable(batches: number): void {
    const message = "intents in a format of a newer version are left to processes of that version";
    if (batches > 0 && !this.#hasUnreadable) this.#options.logger.warn({ batches }, message);
    this.#hasUnreadable = batches > 0;
  }

  /**
   * Drops the intents of writes that ended. Of two writes to one key at once, the later may have no vectors and not know of
   * those of the earlier, which came after it: they are removed here. A batch with an item that fails stays in the outbox,
   * and is reconciled when it is due.
   */
  async #drop(completed: readonly CompletedBatch[]): Promise<void> {
    if (completed.length === 0) return;
    const { log, logger } = this.#options;
    const failures = new FailureStreak();
    const failed = new Set<CompletedBatch>();
    const check = completed.flatMap((batch) => batch.check.map((intent) => ({ intent, batch })));
    try {
      for (let start = 0; start < check.length; start += CHECKED_AT_ONCE) {
        const part = check.slice(start, start + CHECKED_AT_ONCE);
        await failures.attempt(
          () => this.#removeOrphans(part, failed),
          (error) => {
            for (const { batch } of part) failed.add(batch);
            logger.debug({ cause: messageOf(error) }, "intents of ended writes could not be verified; they stay until they are due");
          },
        );
      }
      await this.#remove(completed.filter((each) => !failed.has(each)).map(({ batch }) => batch));
    } catch (error) {
      log.putBack(completed);
      throw error;
    }
  }

  /** @param failed - takes the batches of which an item could not be processed */
  async #removeOrphans(part: readonly { readonly intent: Intent; readonly batch: CompletedBatch }[], failed: Set<CompletedBatch>): Promise<void> {
    const { dependencies, logger } = this.#options;
    const records = await readEach(dependencies.items, part.map(({ intent }) => intent));
    const orphaned = part.filter(({ batch }, i) => {
      const record = records[i] ?? null;
      if (record === UNREADABLE) failed.add(batch);
      return record !== UNREADABLE && (!isLive(record, Date.now()) || record.vectors === 0);
    });
    await mapBounded(orphaned, ITEMS_AT_ONCE, async ({ intent, batch }) => {
      try {
        await reconcileItem(dependencies, intent);
      } catch (error) {
        if (lacksRight(error)) throw error;
        failed.add(batch);
        logger.debug({ cause: messageOf(error) }, "vectors of an ended write could not be verified; its intent stays until it is due");
      }
    });
  }

  async #remove(batches: readonly IntentBatch[]): Promise<void> {
    await this.#options.outbox.remove(batches);
    this.#options.log.forget(batches);
  }

  /** A stale item that cannot be seen to now is found again by the next search that meets it. */
  async #processStale(now: number, all: boolean): Promise<number> {
    let reconciled = 0;
    await mapBounded(this.#stale.take(now, all), ITEMS_AT_ONCE, async (id) => {
      try {
        await reconcileItem(this.#options.dependencies, id);
        reconciled += 1;
      } catch (error) {
        if (lacksRight(error)) throw error;
        this.#options.logger.debug({ cause: messageOf(error) }, "an item with stale vectors could not be brought in step");
      }
    });
    return reconciled;
  }

  async #process(batch: IntentBatch): Promise<Verdict[]> {
    const { outbox, log } = this.#options;
    const seen = await this.#readItems(batch.intents);
    const numbered = batch.intents.map((intent, i) => ({ intent, seen: seen?.[i] ?? null }));
    const verdicts = await mapBounded(numbered, ITEMS_AT_ONCE, (each) => this.#processOne(each.intent, each.seen, batch));
    // Its vectors are acknowledged and may not be flushed yet: it stays until it is due, whatever was seen of it now.
    if (log.isYoung(batch, Date.now())) return verdicts;
    const left = batch.intents.flatMap((intent, i): Left[] => {
      const verdict = verdicts[i] ?? "watched";
      if (verdict === "settled") return [];
      return [{ intent, verdict: verdict === "flushing" ? "watched" : verdict }];
    });
    // Kept anew before it is removed: a crash between the two leaves it twice, never not at all.
    for (const later of postpone(batch, left, Date.now())) await outbox.add(later);
    await this.#remove([batch]);
    return verdicts;
  }

  /** The items of a batch, read by two requests instead of two each. Null where one of them stands in the way. */
  async #readItems(ids: readonly ItemId[]): Promise<Seen[] | null> {
    try {
      return await readItems(this.#options.dependencies, ids);
    } catch (error) {
      if (lacksRight(error)) throw error;
      // Which one it is, and for each of the others that it is none, comes out when they are read one by one.
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
      if (!log.isSettled(batch, intent) && !isSettled(intent, record, Date.now())) return "watched";
      return wroteVectors && log.flushes ? "flushing" : "settled";
    } catch (error) {
      // Another process has the right; the note stays as it is for it.
      if (lacksRight(error)) throw error;
      if (!isLost(intent, attempts, error, Date.now())) {
        logger.debug({ attempts, cause: messageOf(error) }, "an item could not be brought in step; it is tried again");
        return "failed";
      }
      if (!intent.isDeadLettered) events.emit({ type: "intent-dead", cause: messageOf(error) });
      return "dead";
    }
  }
}

/**
 * Whether a write needs no more looking after: the record shows it, or a write that none of its writer's can outrank, or
 * so much time has gone that it cannot surface any more.
 */
function isSettled(intent: Intent, record: ItemRecord | null, now: number): boolean {
  if (record?.writeId === intent.writeId) return true;
  const bound = (intent.recordedAt + WRITE_BOUND_MS) * 1000;
  if (record !== null && record.version > bound && record.version <= now * 1000) return true;
  return now - intent.recordedAt > WATCH_MS;
}
