/**
 * Versions order the writes to one key: microseconds since the epoch, which is also the write timestamp in CQL and the
 * version of the item's vectors.
 */

/** Draws versions that increase strictly within one process and exceed the version that they replace. */
export class VersionClock {
  readonly #now: () => number;
  #last = 0;

  /** @param now - current time in microseconds since the epoch */
  constructor(now: () => number = microseconds) {
    this.#now = now;
  }

  /**
   * Draws the next version.
   *
   * @param replaced - version of the replaced record, 0 without one. If it is ahead of this clock, only this draw follows it,
   *   so that one fast clock does not move the versions of other keys into the future.
   */
  next(replaced: number): number {
    this.#last = Math.max(Math.trunc(this.#now()), this.#last + 1);
    return Math.max(this.#last, replaced + 1);
  }
}

/** `Date.now()` with microseconds that differ between processes, so that equal versions are rare. */
function microseconds(): number {
  return Date.now() * 1000 + (Math.trunc(performance.now() * 1000) % 1000);
}
