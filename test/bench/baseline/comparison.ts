/** Compares two versions of the store by the rounds that both ran in turn. */
import type { Random } from "../../fault/history/random.ts";
import type { CaseName } from "../cases.ts";
import { medianOf } from "../results.ts";
import type { SystemName } from "../system.ts";

/** A decision needs at least this many rounds. */
export const LEAST_ROUNDS = 9;

/** A case is a regression if the confidence interval of its ratio lies below this number. */
export const REGRESSION_BELOW = 0.95;

/** If the interval begins below this number, the rounds vary too much to exclude a loss of 10 %. */
const EXCLUDED_LOSS = 0.9;

/** Share of the resampled medians that lies within the interval. */
const CONFIDENCE = 0.95;
const RESAMPLES = 2_000;

/** The speeds of one round, operations per second. Both versions ran it one right after the other. */
export interface PairedRound {
  readonly current: number;
  readonly baseline: number;
}

/** One case on one system: this version against the baseline. */
export interface Comparison {
  readonly case: CaseName;
  readonly system: SystemName;
  /** Median operations per second. */
  readonly current: number;
  readonly baseline: number;
  /** Median of the ratios of the rounds; above 1, this version is faster. */
  readonly ratio: number;
  /** 95 % confidence interval of the ratio. */
  readonly interval: readonly [low: number, high: number];
  readonly rounds: number;
  readonly isRegression: boolean;
  /** Whether this version may be slower by a tenth or more, although no regression was found. */
  readonly isUncertain: boolean;
}

/**
 * Compares the rounds of one case on one system.
 *
 * @throws RangeError when there are fewer rounds than a decision needs
 */
export function compareRounds(name: CaseName, system: SystemName, rounds: readonly PairedRound[], random: Random): Comparison {
  if (rounds.length < LEAST_ROUNDS) {
    throw new RangeError(`A comparison needs at least ${LEAST_ROUNDS} rounds, but "${name}" on "${system}" has ${rounds.length}.`);
  }
  const ratios = rounds.map(({ current, baseline }) => current / baseline);
  const interval = bootstrapInterval(ratios, random);
  return {
    case: name,
    system,
    current: medianOf(rounds.map(({ current }) => current)),
    baseline: medianOf(rounds.map(({ baseline }) => baseline)),
    ratio: medianOf(ratios),
    interval,
    rounds: rounds.length,
    isRegression: interval[1] < REGRESSION_BELOW,
    isUncertain: interval[0] < EXCLUDED_LOSS && interval[1] >= REGRESSION_BELOW,
  };
}

/** Returns the 95 % confidence interval of a median: the percentiles of the medians of samples drawn with replacement. */
export function bootstrapInterval(numbers: readonly number[], random: Random): [low: number, high: number] {
  const medians = Array.from({ length: RESAMPLES }, () => medianOf(numbers.map(() => random.pick(numbers)))).sort((a, b) => a - b);
  const tail = (1 - CONFIDENCE) / 2;
  const at = (share: number): number => medians[Math.round(share * (RESAMPLES - 1))] ?? NaN;
  return [at(tail), at(1 - tail)];
}
