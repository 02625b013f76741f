/** Lets other work run between the steps of a long loop. */
import { setImmediate as nextTurn } from "node:timers/promises";

/** Longest time, in milliseconds, for which a loop keeps the event loop. */
const SLICE_MS = 10;

/** The time that a loop may take before others have their turn. */
export class TimeSlice {
  #end = performance.now() + SLICE_MS;

  /** Resolves after others had their turn; null while there is time left, so that a short loop never waits. */
  turn(): Promise<void> | null {
    return performance.now() < this.#end ? null : this.#next();
  }

  async #next(): Promise<void> {
    await nextTurn();
    this.#end = performance.now() + SLICE_MS;
  }
}
