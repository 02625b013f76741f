/** Lines that would repeat with every operation of a bad while: one of each kind now and then, and how many there were. */
export class RepeatedLines {
  readonly #quietMs: number;
  readonly #lines = new Map<string, { loggedAt: number; suppressed: number }>();

  /** @param quietMs - after a line, others of its kind are left out for so long, milliseconds */
  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  /**
   * Whether a line of a kind is due.
   *
   * @param kind - one of few
   * @param now - `performance.now()`
   * @returns how many like it were left out since the last one; null where this one is left out too
   */
  due(kind: string, now: number): number | null {
    const line = this.#lines.get(kind);
    if (line !== undefined && now - line.loggedAt < this.#quietMs) {
      line.suppressed += 1;
      return null;
    }
    this.#lines.set(kind, { loggedAt: now, suppressed: 0 });
    return line?.suppressed ?? 0;
  }
}
