import { lacksRight } from "../core/maintenance-rights.ts";
import { isStoreError } from "../model/errors.ts";

/** Number of transient failures in a row after which the database counts as down. */
const MAX_IN_A_ROW = 3;

/**
 * Isolates the parts of a pass: a failed part does not abort the others. A missing right, and transient failures of several
 * parts in a row, concern all parts and abort the pass.
 */
export class FailureStreak {
  #inARow = 0;

  /**
   * Processes one part.
   *
   * @param onFailure - receives a failure that does not abort the pass
   * @throws the failure that aborts the pass.
   */
  async attempt(part: () => Promise<void>, onFailure: (error: unknown) => void): Promise<void> {
    try {
      await part();
      this.#inARow = 0;
    } catch (error) {
      if (lacksRight(error)) throw error;
      // A permanent failure concerns only its part, regardless of how many parts fail.
      if (isStoreError(error) && error.retryable) this.#inARow += 1;
      if (this.#inARow >= MAX_IN_A_ROW) throw error;
      onFailure(error);
    }
  }
}
