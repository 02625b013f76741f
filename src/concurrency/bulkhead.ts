/** Bounds how much is under way at once, and how much waits for it. */
import { UnavailableError } from "../model/errors.ts";
import type { Deadline } from "./deadline.ts";

/** Bounds of a bulkhead. */
export interface BulkheadLimits {
  /** Most tasks under way at once. */
  readonly maxConcurrent: number;
  /** Most tasks that wait. */
  readonly maxQueued: number;
}

/** Lets some tasks run and some wait; more are refused. Those that wait run in the order in which they came. */
export class Bulkhead {
  readonly #waitFor: string;
  readonly #limits: BulkheadLimits;
  readonly #option: string;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * @param waitFor - what tasks wait for, for the message of a refusal: "Qdrant"
   * @param option - the option that sets `maxQueued`, likewise
   */
  constructor(waitFor: string, limits: BulkheadLimits, option = "bulkhead.maxQueued") {
    this.#waitFor = waitFor;
    this.#limits = limits;
    this.#option = option;
  }

  /** Tasks under way. */
  get running(): number {
    return this.#running;
  }

  /** Tasks that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs a task, at once or when its turn has come.
   *
   * @param deadline - ends the wait for its turn
   * @throws {UnavailableError} when too many wait; the task was not begun then.
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
   * Takes a place, to be given back by {@link leave}; null when there is one at once, as there nearly always is: nobody
   * then has to wait for nothing.
   *
   * @param deadline - ends the wait; what it says is thrown, and no place was taken then
   * @throws {UnavailableError} when too many wait; no place was taken then.
   */
  enter(deadline?: Deadline): Promise<void> | null {
    if (this.#running >= this.#limits.maxConcurrent) return this.#turn(deadline);
    this.#running += 1;
    return null;
  }

  /** Gives a place back. */
  leave(): void {
    const next = this.#waiting.shift();
    // It goes from one to the next, so that nobody who comes in between takes it.
    if (next === undefined) this.#running -= 1;
    else next();
  }

  #turn(deadline: Deadline | undefined): Promise<void> {
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
        // Another that was over at the same moment may just have made room for this one.
        if (position === -1) return;
        this.#waiting.splice(position, 1);
        reject((deadline as Deadline).over(`Waiting for ${this.#waitFor}`, "Nothing of this call was done."));
      };
      this.#waiting.push(pass);
      deadline?.onOver(leaveQueue);
    });
  }
}
