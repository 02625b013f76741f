/**
 * Versions order the writes to one key: microseconds since the epoch, which is also the write timestamp in CQL and the
 * version of the item's vectors.
 */

/** Draws versions that rise strictly within one process and never fall behind the version that they replace. */
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
   * @param replaced - version of the record that the write replaces, 0 if there is none. It may lie ahead of this
   *   clock; only this one draw then follows it, so that one fast clock does not push every other key into the future.
   */
  next(replaced: number): number {
    this.#last = Math.max(Math.trunc(this.#now()), this.#last + 1);
    return Math.max(this.#last, replaced + 1);
  }
}

/** `Date.now()` with microseconds that differ between processes, so that two seldom draw one version. */
function microseconds(): number {
  return Date.now() * 1000 + (Math.trunc(performance.now() * 1000) % 1000);
}
