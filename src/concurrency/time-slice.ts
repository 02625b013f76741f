/** Yields to the event loop between the steps of a long loop. */
import { nextTurn } from "./event-loop.ts";

/** Longest time that a loop may block the event loop, milliseconds. */
const SLICE_MS = 10;

/** The time slice of a loop. */
export class TimeSlice {
  #end = performance.now() + SLICE_MS;

  /** Yields to the event loop if the slice is used up; returns null otherwise, so that a short loop never waits. */
  turn(): Promise<void> | null {
    return performance.now() < this.#end ? null : this.#next();
  }

  async #next(): Promise<void> {
    await nextTurn();
    this.#end = performance.now() + SLICE_MS;
  }
}
