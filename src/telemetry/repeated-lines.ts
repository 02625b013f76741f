/** Throttles log lines that would repeat with every operation: one line of each kind per interval. */
export class RepeatedLines {
  readonly #quietMs: number;
  readonly #lines = new Map<string, { loggedAt: number; suppressed: number }>();

  /** @param quietMs - interval after a line in which others of its kind are suppressed, milliseconds */
  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  /**
   * Whether to write a line of a kind.
   *
   * @param kind - one of a small set
   * @param now - `performance.now()`
   * @returns the number of lines suppressed since the last one; null when this line is suppressed too
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
