import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Times of the last while, milliseconds. */
export interface LatencyStats {
  /** How many there were. */
  readonly count: number;
  /** How many in a second. */
  readonly perSecond: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Two halves, of which the older goes when the newer is so old, milliseconds: what is read is of the last one or two minutes. */
const HALF_MS = 60_000;

const MICROSECONDS = 1_000;

/** The longest time that is told apart, microseconds: ten minutes. */
const LONGEST = 600_000_000;

/** One part in a hundred: three figures would take ten times the memory. */
const OPTIONS = { lowest: 1, highest: LONGEST, figures: 2 } as const;

/** Percentiles of what took how long lately. Takes some 20 KB once it is used. */
export class RecentLatency {
  #newer: RecordableHistogram | null = null;
  #older: RecordableHistogram | null = null;
  #newerSince = 0;
  #olderSince = 0;

  /**
   * Notes a time.
   *
   * @param now - `performance.now()`
   */
  record(ms: number, now: number): void {
    if (this.#newer === null || now - this.#newerSince >= HALF_MS) this.#newer = this.#turn(now);
    const micros = Math.round(ms * MICROSECONDS);
    this.#newer.record(micros < 1 ? 1 : micros > LONGEST ? LONGEST : micros);
  }

  /** What was noted lately; null when nothing was. */
  read(now = performance.now()): LatencyStats | null {
    if (this.#newer !== null && now - this.#newerSince >= HALF_MS) this.#newer = this.#turn(now);
    const all = createHistogram(OPTIONS);
    for (const half of [this.#newer, this.#older]) if (half !== null && half.count > 0) all.add(half);
    if (all.count === 0) return null;
    const since = this.#older === null || this.#older.count === 0 ? this.#newerSince : this.#olderSince;
    const at = (percentile: number): number => all.percentile(percentile) / MICROSECONDS;
    return {
      count: all.count,
      perSecond: all.count / Math.max(1, (now - since) / 1_000),
      mean: all.mean / MICROSECONDS,
      p50: at(50),
      p95: at(95),
      p99: at(99),
      max: all.max / MICROSECONDS,
    };
  }

  #turn(now: number): RecordableHistogram {
    const next = this.#older ?? createHistogram(OPTIONS);
    next.reset();
    const isNewerOfUse = this.#newer !== null && now - this.#newerSince < 2 * HALF_MS;
    if (!isNewerOfUse) this.#newer?.reset();
    this.#older = this.#newer;
    this.#olderSince = this.#newerSince;
    this.#newerSince = now;
    return next;
  }
}
