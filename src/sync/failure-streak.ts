import { lacksRight } from "../core/upkeep-rights.ts";
import { isStoreError } from "../model/errors.ts";

/** So many passing failures in a row mean that a database is down, and not that one part cannot be processed. */
const MAX_IN_A_ROW = 3;

/**
 * Isolates the parts of a pass: one that fails does not abort the others. A missing right, and passing failures of several
 * parts in a row, concern all parts and abort the pass.
 */
export class FailureStreak {
  #inARow = 0;

  /**
   * Processes one part.
   *
   * @param failed - receives a failure that does not abort the pass
   * @throws the failure that aborts the pass.
   */
  async attempt(part: () => Promise<void>, failed: (error: unknown) => void): Promise<void> {
    try {
      await part();
      this.#inARow = 0;
    } catch (error) {
      if (lacksRight(error)) throw error;
      // A failure that does not pass is the part's own, however many fail so.
      if (isStoreError(error) && error.retryable) this.#inARow += 1;
      if (this.#inARow >= MAX_IN_A_ROW) throw error;
      failed(error);
    }
  }
}
