/** The results of a benchmark. */
import type { CaseName } from "./cases.ts";
import type { Round } from "./measure.ts";
import type { SystemName } from "./system.ts";

/** One case on one system: the medians of its rounds. */
export interface Result extends Round {
  readonly case: CaseName;
  readonly system: SystemName;
  /** The slowest and the fastest round. */
  readonly spread: readonly [number, number];
  readonly rounds: number;
}

/** Summarizes the rounds of one case on one system. */
export function resultOf(name: CaseName, system: SystemName, rounds: readonly Round[]): Result {
  const speeds = rounds.map(({ opsPerSec }) => opsPerSec);
  const median = (of: (round: Round) => number): number => medianOf(rounds.map(of));
  return {
    case: name,
    system,
    opsPerSec: medianOf(speeds),
    p50Ms: median(({ p50Ms }) => p50Ms),
    p95Ms: median(({ p95Ms }) => p95Ms),
    p99Ms: median(({ p99Ms }) => p99Ms),
    longestPauseMs: Math.max(...rounds.map(({ longestPauseMs }) => longestPauseMs)),
    rssMb: Math.max(...rounds.map(({ rssMb }) => rssMb)),
    spread: [Math.min(...speeds), Math.max(...speeds)],
    rounds: rounds.length,
  };
}

/** Returns the median. */
export function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}
