/** Sees to writes whose writer did not: it crashed, or a database was away. Runs in every process, without agreement. */
import { mapBounded } from "../concurrency/bounded.ts";
import type { EndedBatch, IntentLog } from "../core/intent-log.ts";
import { reconcileItem, type ReconcileGround } from "../core/reconcile-item.ts";
import { WRITE_BOUND_MS } from "../core/write-path.ts";
import { isLive, type ItemRecord } from "../model/item.ts";
import type { Logger } from "../ports/logger.ts";
import type { Intent, IntentBatch, Outbox } from "../ports/outbox.ts";

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
}

/** What a reconciler stands on. */
export interface ReconcilerOptions {
  readonly ground: ReconcileGround;
  readonly outbox: Outbox;
  readonly log: IntentLog;
  readonly logger: Logger;
  /** Between two looks at what is due, milliseconds. */
  readonly tickMs: number;
}

type Verdict = "settled" | "watched" | "failed";

const BATCHES_A_TICK = 100;
const BATCHES_A_PASS = 10_000;
const ITEMS_AT_ONCE = 8;

/** First pause before a batch is looked at again; doubles each time. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** A write that was not seen so long after it was noted never will be: replicas forget deletes after this time too. */
const WATCH_MS = 10 * 24 * 3_600_000;

/** Looks at what is due, again and again. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<unknown> = Promise.resolve();
  #isTicking = false;
  #isStopped = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
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

  /** Looks once at what is due, unless it is still at it; a failure is told, and tried again at the next tick. */
  async tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    const pass = this.#running.then(() => this.#pass(Date.now(), BATCHES_A_TICK));
    this.#running = pass.catch((error: unknown) => {
      const cause = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn({ cause }, "the notes of writes under way could not be read; they are read again soon");
    });
    await this.#running;
    this.#isTicking = false;
  }

  /** Looks now at all that is noted, due or not. */
  async reconcile(): Promise<ReconcileReport> {
    const pass = this.#running.then(() => this.#pass(Number.MAX_SAFE_INTEGER, BATCHES_A_PASS));
    this.#running = pass.catch(() => undefined);
    return pass;
  }

  async #pass(dueAt: number, most: number): Promise<ReconcileReport> {
    const { outbox, log } = this.#options;
    await this.#drop(log.takeEnded());
    const verdicts: Verdict[] = [];
    for (const batch of await outbox.due(dueAt, most)) {
      if (this.#isStopped) break;
      verdicts.push(...(await this.#see(batch)));
    }
    const count = (verdict: Verdict): number => verdicts.filter((each) => each === verdict).length;
    return { examined: verdicts.length, settled: count("settled"), watched: count("watched"), failed: count("failed") };
  }

  /**
   * Drops the notes of writes that ended. Of two writes to one key at once, the later may have no vectors and not know of
   * those of the earlier, which came after it: they are taken away here. If dropping fails, the notes are found again.
   */
  async #drop(ended: readonly EndedBatch[]): Promise<void> {
    if (ended.length === 0) return;
    const { ground, outbox } = this.#options;
    const check = ended.flatMap((each) => each.check);
    const records = check.length === 0 ? [] : await ground.items.get(check);
    const orphaned = check.filter((_, i) => !isLive(records[i] ?? null, Date.now()) || records[i]?.vectors === 0);
    await mapBounded(orphaned, ITEMS_AT_ONCE, (intent) => reconcileItem(ground, intent));
    await outbox.remove(ended.map(({ batch }) => batch));
  }

  async #see(batch: IntentBatch): Promise<Verdict[]> {
    const { outbox } = this.#options;
    const verdicts = await mapBounded(batch.intents, ITEMS_AT_ONCE, (intent) => this.#seeOne(intent, batch));
    const left = batch.intents.filter((_, i) => verdicts[i] !== "settled");
    // Kept anew before it is removed: a crash between the two leaves it twice, never not at all.
    if (left.length > 0) await outbox.add(postponed(batch, left));
    await outbox.remove([batch]);
    return verdicts;
  }

  async #seeOne(intent: Intent, { attempts }: IntentBatch): Promise<Verdict> {
    try {
      const record = await reconcileItem(this.#options.ground, intent);
      return isSettled(intent, record, Date.now()) ? "settled" : "watched";
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn({ attempts, cause }, "an item could not be brought in step; it is tried again");
      return "failed";
    }
  }
}

/**
 * Whether a write needs no more looking after: the record shows it, or a write that none of its writer's can outrank, or
 * so much time has gone that it cannot surface any more.
 */
function isSettled(intent: Intent, record: ItemRecord | null, now: number): boolean {
  if (record?.writeId === intent.writeId) return true;
  const bound = (intent.notedAt + WRITE_BOUND_MS) * 1000;
  if (record !== null && record.version > bound && record.version <= now * 1000) return true;
  return now - intent.notedAt > WATCH_MS;
}

/** The same from whichever process postpones it, so that two do not make two of one. */
function postponed(batch: IntentBatch, intents: readonly Intent[]): IntentBatch {
  const [root = batch.id] = batch.id.split("~");
  const attempts = batch.attempts + 1;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** batch.attempts, LONGEST_PAUSE_MS);
  return { id: `${root}~${attempts}`, dueAt: batch.dueAt + pause, attempts, intents };
}
