/** Bounds the number of concurrent and queued tasks. */
import { UnavailableError } from "../model/errors.ts";
import type { Deadline } from "./deadline.ts";

/** Bounds of a bulkhead. */
export interface BulkheadLimits {
  /** Most concurrent tasks. */
  readonly maxConcurrent: number;
  /** Most queued tasks. */
  readonly maxQueued: number;
}

/** Runs a bounded number of tasks concurrently, queues a bounded number in order, and rejects the rest. */
export class Bulkhead {
  readonly #waitFor: string;
  readonly #limits: BulkheadLimits;
  readonly #option: string;
  readonly #atOnce: () => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * @param waitFor - the resource, for error messages: "Qdrant"
   * @param option - the option that sets `maxQueued`, for error messages
   * @param atOnce - a second bound on concurrent tasks, at least one, which may change while tasks run
   */
  constructor(waitFor: string, limits: BulkheadLimits, option = "bulkhead.maxQueued", atOnce: () => number = () => Infinity) {
    this.#waitFor = waitFor;
    this.#limits = limits;
    this.#option = option;
    this.#atOnce = atOnce;
  }

  /** Number of running tasks. */
  get running(): number {
    return this.#running;
  }

  /** Number of queued tasks. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs a task, at once or when a slot is free.
   *
   * @param deadline - ends the wait for a slot
   * @throws {UnavailableError} when the queue is full; the task has not started then.
   */
  async run<T>(task: () => Promise<T>, deadline?: Deadline): Promise<T> {
    const turn = this.enter(deadline);
    if (turn !== null) await turn;
    try {
      return await task();
    } finally {
      this.leave();
    }
  }

  /**
   * Acquires a slot, to be released by {@link leave}. Returns null, the usual case, when a slot is free, so that the caller
   * need not wait for a promise.
   *
   * @param deadline - ends the wait; the promise rejects without a slot then
   * @throws {UnavailableError} when the queue is full.
   */
  enter(deadline?: Deadline): Promise<void> | null {
    if (!this.#isFree()) return this.#waitForSlot(deadline);
    this.#running += 1;
    return null;
  }

  /** Releases a slot. */
  leave(): void {
    this.#running -= 1;
    // A slot passes directly to the next task in the queue, so that no newcomer takes it.
    while (this.#waiting.length > 0 && this.#isFree()) {
      this.#running += 1;
      this.#waiting.shift()?.();
    }
  }

  #isFree(): boolean {
    return this.#running < this.#limits.maxConcurrent && this.#running < this.#atOnce();
  }

  #waitForSlot(deadline: Deadline | undefined): Promise<void> {
    if (this.#waiting.length >= this.#limits.maxQueued) {
      throw new UnavailableError(
        `The queue for ${this.#waitFor} is full: ${this.#waiting.length} wait (${this.#option}). Retry later or lower the load. ` +
          "Nothing of this call was done.",
        { details: { refused: true } },
      );
    }
    return new Promise((resolve, reject) => {
      const pass = (): void => {
        deadline?.offOver(leaveQueue);
        resolve();
      };
      const leaveQueue = (): void => {
        const position = this.#waiting.indexOf(pass);
        // The task may already have received a slot.
        if (position === -1) return;
        this.#waiting.splice(position, 1);
        reject((deadline as Deadline).over(`Waiting for ${this.#waitFor}`, "Nothing of this call was done."));
      };
      this.#waiting.push(pass);
      deadline?.onOver(leaveQueue);
    });
  }
}
