/** Notes what writers mean to do, before they do it, and drops the notes when all is done. */
import { LRUCache } from "lru-cache";
import type { Deadline } from "../concurrency/deadline.ts";
import { GroupCommit, type GroupWatch } from "../concurrency/group-commit.ts";
import { fulfilled } from "../concurrency/outcomes.ts";
import { newWriteId } from "../model/item.ts";
import type { Intent, IntentBatch, Outbox } from "../ports/outbox.ts";

/** Times of the notes. */
export interface IntentTimes {
  /** After so long without its end, milliseconds, any process sees to a write. */
  readonly graceMs: number;
  /** A note stays for so long after its write has ended, milliseconds: for as long as Qdrant may take to flush. */
  readonly flushMs: number;
}

/** A note whose write has not ended yet. */
export interface OpenIntent {
  /**
   * Says that the write has ended: all of it is done, or nothing of it ever will be.
   *
   * @param withVectors - whether it wrote vectors, which a write beside it that has none may not have known of
   */
  settle(withVectors: boolean): void;
}

/** A batch whose writes have all ended. */
export interface CompletedBatch {
  readonly batch: IntentBatch;
  /** Those that wrote vectors. */
  readonly check: readonly Intent[];
  /** When the last of them ended, milliseconds since the epoch. */
  readonly at: number;
}

/** The batch that notes were kept in; it goes when the last of them is settled. */
class OpenBatch {
  readonly batch: IntentBatch;
  readonly #completed: (batch: CompletedBatch) => void;
  readonly #check: Intent[] = [];
  readonly #settled = new Set<string>();
  #open: number;

  constructor(batch: IntentBatch, completed: (batch: CompletedBatch) => void) {
    this.batch = batch;
    this.#completed = completed;
    this.#open = batch.intents.length;
  }

  /** Whether the write of a note has ended. */
  isSettled({ writeId }: Intent): boolean {
    return this.#settled.has(writeId);
  }

  /** The settling of one of its notes, which counts once. */
  opened(intent: Intent): OpenIntent {
    let isOpen = true;
    return {
      settle: (withVectors) => {
        if (!isOpen) return;
        isOpen = false;
        this.#settled.add(intent.writeId);
        if (withVectors) this.#check.push(intent);
        this.#open -= 1;
        if (this.#open === 0) this.#completed({ batch: this.batch, check: this.#check, at: Date.now() });
      },
    };
  }
}

/** Batches of this process that are remembered while they are kept. One that falls out is looked at as any other's. */
const MOST_REMEMBERED = 10_000;

/** Characters of their namespaces and keys together: both come from callers, and may be long. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

const GROUPS = { waitFor: "the outbox", maxGroup: 100, maxInFlight: 2, option: "bulkhead.maxQueued" };

/** Intents that may wait however few calls may: a batch of puts is one call, and has an intent for each. */
const MIN_WAITING = 20_000;

/** The notes of this process. What a crash leaves behind is found by any process, through the outbox. */
export class IntentLog {
  readonly #outbox: Outbox;
  readonly #times: IntentTimes;
  readonly #groups: GroupCommit<Intent, OpenBatch>;
  readonly #own = new LRUCache<string, OpenBatch>({
    max: MOST_REMEMBERED,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ batch }) => batch.intents.reduce((sum, { namespace, key }) => sum + namespace.length + key.length, 1),
  });
  #completed: CompletedBatch[] = [];

  /** @param maxQueued - most calls that may wait; intents may be more */
  constructor(outbox: Outbox, times: IntentTimes, maxQueued = 0, watch?: GroupWatch) {
    this.#outbox = outbox;
    this.#times = times;
    this.#groups = new GroupCommit((intents, deadline) => this.#add(intents, deadline), { ...GROUPS, maxWaiting: Math.max(MIN_WAITING, maxQueued), watch });
  }

  /**
   * Notes intents with those of others; resolves when they are durable.
   *
   * @param deadline - ends the wait for its turn
   * @throws {StoreError} when they could not be noted; nothing may be written then.
   */
  async record(intents: readonly Intent[], deadline?: Deadline): Promise<OpenIntent[]> {
    const outcomes = await this.#groups.add(intents, deadline);
    const open = outcomes.map((outcome, i) => (outcome.status === "rejected" ? null : outcome.value.opened(intents[i] as Intent)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return open.filter((each) => each !== null);
    // Nothing is written then, of those that were noted either.
    for (const each of open) each?.settle(false);
    throw failed.reason;
  }

  /** Whether the write of an intent was this process's and has ended: all of it is done, or nothing of it ever will be. */
  isSettled(batch: Pick<IntentBatch, "id">, intent: Intent): boolean {
    return this.#own.get(batch.id)?.isSettled(intent) ?? false;
  }

  /** Whether vectors take a while to be flushed after they were acknowledged. */
  get flushes(): boolean {
    return this.#times.flushMs > 0;
  }

  /** Whether some write of a batch was noted so lately that its vectors may not be flushed yet. */
  isYoung({ intents }: IntentBatch, now: number): boolean {
    return intents.some(({ recordedAt }) => recordedAt + this.#times.flushMs > now);
  }

  /** Forgets batches that are kept no more. */
  forget(batches: readonly Pick<IntentBatch, "id">[]): void {
    for (const { id } of batches) this.#own.delete(id);
  }

  /** Takes the batches whose writes ended long enough ago; their notes may go once they are checked. */
  takeCompleted(now = Date.now()): CompletedBatch[] {
    const isDue = ({ at }: CompletedBatch): boolean => at + this.#times.flushMs <= now;
    const due = this.#completed.filter(isDue);
    if (due.length > 0) this.#completed = this.#completed.filter((completed) => !isDue(completed));
    return due;
  }

  /** Takes back batches whose notes could not be dropped yet. */
  putBack(completed: readonly CompletedBatch[]): void {
    this.#completed.push(...completed);
  }

  async #add(intents: readonly Intent[], deadline: Deadline | undefined): Promise<PromiseSettledResult<OpenBatch>[]> {
    const batch: IntentBatch = { id: newWriteId(), dueAt: Date.now() + this.#times.graceMs, attempts: 0, intents };
    try {
      await this.#outbox.add(batch, deadline);
    } catch (error) {
      // It may be there all the same. Nobody writes on the strength of it, so it may go: else it would be looked at for days.
      this.#completed.push({ batch, check: [], at: Date.now() });
      throw error;
    }
    const open = new OpenBatch(batch, (completed) => this.#completed.push(completed));
    this.#own.set(batch.id, open);
    return intents.map(() => fulfilled(open));
  }
}
