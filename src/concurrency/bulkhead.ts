/** Bounds how much is under way at once, and how much waits for it. */
import { bulkhead, isBulkheadRejectedError, type BulkheadPolicy } from "cockatiel";
import { UnavailableError } from "../model/errors.ts";

/** Bounds of a bulkhead. */
export interface BulkheadLimits {
  /** Most tasks under way at once. */
  readonly maxConcurrent: number;
  /** Most tasks that wait. */
  readonly maxQueued: number;
}

/** Lets some tasks run and some wait; more are refused. */
export class Bulkhead {
  readonly #waitFor: string;
  readonly #policy: BulkheadPolicy;

  /** @param waitFor - what tasks wait for, for the message of a refusal: "Qdrant" */
  constructor(waitFor: string, { maxConcurrent, maxQueued }: BulkheadLimits) {
    this.#waitFor = waitFor;
    this.#policy = bulkhead(maxConcurrent, maxQueued);
  }

  /**
   * Runs a task, at once or when its turn has come.
   *
   * @throws {UnavailableError} when too many wait; the task was not begun then.
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await this.#policy.execute(task);
    } catch (error) {
      if (!isBulkheadRejectedError(error)) throw error;
      throw new UnavailableError(
        `Too much waits for ${this.#waitFor} already: try again, with fewer at once. Nothing of this call was done.`,
        { cause: error, details: { refused: true } },
      );
    }
  }
}
