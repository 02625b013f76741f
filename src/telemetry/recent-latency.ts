import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Latencies of the last one or two minutes, milliseconds. */
export interface LatencyStats {
  /** Number of calls. */
  readonly count: number;
  /** Calls per second. */
  readonly perSecond: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Period of each of the two histograms, milliseconds. */
const HALF_MS = 60_000;

const MICROSECONDS = 1_000;

/** Longest recorded latency, microseconds (ten minutes). */
const LONGEST = 600_000_000;

/** A precision of 1 %: three figures would need ten times the memory. */
const OPTIONS = { lowest: 1, highest: LONGEST, figures: 2 } as const;

/** Percentiles of recent latencies. Uses about 20 KB of memory after the first value. */
export class RecentLatency {
  #newer: RecordableHistogram | null = null;
  #older: RecordableHistogram | null = null;
  #newerSince = 0;
  #olderSince = 0;

  /**
   * Records a latency.
   *
   * @param now - `performance.now()`
   */
  record(ms: number, now: number): void {
    if (this.#newer === null || now - this.#newerSince >= HALF_MS) this.#newer = this.#rotate(now);
    const micros = Math.round(ms * MICROSECONDS);
    this.#newer.record(micros < 1 ? 1 : micros > LONGEST ? LONGEST : micros);
  }

  /** The statistics of recent latencies; null when there are none. */
  read(now = performance.now()): LatencyStats | null {
    if (this.#newer !== null && now - this.#newerSince >= HALF_MS) this.#newer = this.#rotate(now);
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

  /** Makes the newer histogram the older one, and returns an empty one. After a pause, both are too old. */
  #rotate(now: number): RecordableHistogram {
    const next = this.#older ?? createHistogram(OPTIONS);
    next.reset();
    const isNewerRecent = this.#newer !== null && now - this.#newerSince < 2 * HALF_MS;
    if (!isNewerRecent) this.#newer?.reset();
    this.#older = this.#newer;
    this.#olderSince = this.#newerSince;
    this.#newerSince = now;
    return next;
  }
}
