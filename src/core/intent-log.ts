/** Records write-ahead intents in the outbox before writes, and removes them after the writes are complete. */
import { LRUCache } from "lru-cache";
import type { Deadline } from "../concurrency/deadline.ts";
import { GroupCommit, type GroupWatch } from "../concurrency/group-commit.ts";
import { fulfilled } from "../concurrency/outcomes.ts";
import { newWriteId } from "../model/item.ts";
import type { Intent, IntentBatch, Outbox } from "../ports/outbox.ts";

/** Times of intents. */
export interface IntentTimes {
  /** Time after which any process reconciles a write that is not complete, milliseconds. */
  readonly graceMs: number;
  /** Time that an intent stays after its write is complete, milliseconds: as long as Qdrant may take to flush. */
  readonly flushMs: number;
}

/** An intent whose write is in progress. */
export interface OpenIntent {
  /**
   * Reports that the write is complete: everything is done, or nothing will ever be written.
   *
   * @param withVectors - whether the write has written vectors, which a concurrent write without vectors may not have seen
   */
  settle(withVectors: boolean): void;
}

/** A batch whose writes are all complete. */
export interface CompletedBatch {
  readonly batch: IntentBatch;
  /** Intents whose writes wrote vectors; these are checked before the batch is removed. */
  readonly check: readonly Intent[];
  /** When the last write was completed, milliseconds since the epoch. */
  readonly at: number;
}

/** A batch of intents in the outbox; removable once the last intent is settled. */
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

  /** Returns whether the write of an intent is complete. */
  isSettled({ writeId }: Intent): boolean {
    return this.#settled.has(writeId);
  }

  /** Returns an intent of the batch as open; it can be settled once. */
  openIntent(intent: Intent): OpenIntent {
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

/** Most batches of this process that are remembered. A forgotten one is reconciled like one of another process. */
const MOST_REMEMBERED = 10_000;

/** Most characters of their namespaces and keys together: both come from callers, and may be long. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

const GROUPS = { waitFor: "the outbox", maxGroup: 100, maxInFlight: 2, option: "bulkhead.maxQueued" };

/** Least bound of queued intents: a batch of puts is one call, but has one intent for each put. */
const MIN_WAITING = 20_000;

/** The intents of this process. Any process finds those that a crash leaves in the outbox. */
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

  /** @param maxQueued - most calls that may wait; raised to {@link MIN_WAITING} for intents */
  constructor(outbox: Outbox, times: IntentTimes, maxQueued = 0, watch?: GroupWatch) {
    this.#outbox = outbox;
    this.#times = times;
    this.#groups = new GroupCommit((intents, deadline) => this.#add(intents, deadline), { ...GROUPS, maxWaiting: Math.max(MIN_WAITING, maxQueued), watch });
  }

  /**
   * Records intents, grouped with those of other callers. Resolves when they are durable.
   *
   * @param deadline - limits the wait for a group
   * @throws {StoreError} when they could not be recorded; the caller must not write anything then.
   */
  async record(intents: readonly Intent[], deadline?: Deadline): Promise<OpenIntent[]> {
    const outcomes = await this.#groups.add(intents, deadline);
    const open = outcomes.map((outcome, i) => (outcome.status === "rejected" ? null : outcome.value.openIntent(intents[i] as Intent)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return open.filter((each) => each !== null);
    // Nothing is written, not even for the intents that were recorded.
    for (const each of open) each?.settle(false);
    throw failed.reason;
  }

  /** Returns whether the write of an intent belongs to this process and is complete. */
  isSettled(batch: Pick<IntentBatch, "id">, intent: Intent): boolean {
    return this.#own.get(batch.id)?.isSettled(intent) ?? false;
  }

  /** Whether the index flushes vectors some time after it acknowledges them. */
  get waitsForFlush(): boolean {
    return this.#times.flushMs > 0;
  }

  /** Returns whether a batch is so recent that vectors of its writes may not be flushed yet. */
  isYoung({ intents }: IntentBatch, now: number): boolean {
    return intents.some(({ recordedAt }) => recordedAt + this.#times.flushMs > now);
  }

  /** Forgets batches that were removed from the outbox. */
  forget(batches: readonly Pick<IntentBatch, "id">[]): void {
    for (const { id } of batches) this.#own.delete(id);
  }

  /** Takes the batches whose writes were completed long enough ago; they may be removed once they are checked. */
  takeCompleted(now = Date.now()): CompletedBatch[] {
    const isDue = ({ at }: CompletedBatch): boolean => at + this.#times.flushMs <= now;
    const due = this.#completed.filter(isDue);
    if (due.length > 0) this.#completed = this.#completed.filter((completed) => !isDue(completed));
    return due;
  }

  /** Returns batches that could not be removed yet. */
  putBack(completed: readonly CompletedBatch[]): void {
    this.#completed.push(...completed);
  }

  async #add(intents: readonly Intent[], deadline: Deadline | undefined): Promise<PromiseSettledResult<OpenBatch>[]> {
    const batch: IntentBatch = { id: newWriteId(), dueAt: Date.now() + this.#times.graceMs, attempts: 0, intents };
    try {
      await this.#outbox.add(batch, deadline);
    } catch (error) {
      // It may be stored in spite of the error. No write follows, so it is removed; otherwise it would be reconciled for days.
      this.#completed.push({ batch, check: [], at: Date.now() });
      throw error;
    }
    const open = new OpenBatch(batch, (completed) => this.#completed.push(completed));
    this.#own.set(batch.id, open);
    return intents.map(() => fulfilled(open));
  }
}
