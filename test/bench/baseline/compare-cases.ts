/** Runs every case on two versions, in alternating rounds. */
import { Random } from "../../fault/history/random.ts";
import { casesInOrder, type Case, type CaseName } from "../cases.ts";
import type { Round } from "../measure.ts";
import type { Plan } from "../run.ts";
import type { SystemName } from "../system.ts";
import { compareRounds, type Comparison, type PairedRound } from "./comparison.ts";

/**
 * Rounds that confirm a regression, as a multiple of the first ones. With speeds that vary by half from round to round, nine
 * rounds of equal versions look like a regression in one case of seventy; a run has thirty-two.
 */
const FURTHER_ROUNDS = 2;

/** A version of the store on one system. */
export interface ComparedWorker {
  readonly isRunning: boolean;
  settle(): Promise<void>;
  run(name: CaseName, forMs: number): Promise<Round | null>;
}

/** Both versions on one system. */
export interface Pair {
  readonly system: SystemName;
  readonly current: ComparedWorker;
  readonly baseline: ComparedWorker;
}

/** The version that a failure belongs to. */
type Version = "current" | "baseline";

/** A case that could not be compared. */
interface ComparisonFailure {
  readonly case: CaseName;
  readonly system: SystemName;
  readonly version: Version;
  readonly reason: string;
}

/** What was compared, and what could not be. */
export interface Compared {
  readonly comparisons: readonly Comparison[];
  readonly failures: readonly ComparisonFailure[];
}

/** Runs the cases on each pair. The version that runs first alternates from round to round. */
export async function compareCases(
  pairs: readonly Pair[],
  plan: Plan,
  onCompared: (comparison: Comparison) => void,
): Promise<Compared> {
  const random = new Random("baseline");
  const comparisons: Comparison[] = [];
  const failures: ComparisonFailure[] = [];
  for (const each of casesInOrder(plan.only)) {
    for (const pair of pairs) {
      const compared = await compareCase(pairs, pair, each, plan, random);
      if ("reason" in compared) {
        failures.push(compared);
      } else {
        comparisons.push(compared);
        onCompared(compared);
      }
    }
  }
  return { comparisons, failures };
}

/** Compares one case; what looks like a regression runs further rounds, and all rounds together decide. */
async function compareCase(
  pairs: readonly Pair[],
  pair: Pair,
  each: Case,
  plan: Plan,
  random: Random,
): Promise<Comparison | ComparisonFailure> {
  const rounds = await pairedRounds(pairs, pair, each, plan);
  if ("reason" in rounds) return rounds;
  const comparison = compareRounds(each.name, pair.system, rounds, random);
  if (!comparison.isRegression) return comparison;
  const further = await pairedRounds(pairs, pair, each, { ...plan, rounds: plan.rounds * FURTHER_ROUNDS });
  return "reason" in further ? further : compareRounds(each.name, pair.system, [...rounds, ...further], random);
}

async function pairedRounds(
  pairs: readonly Pair[],
  pair: Pair,
  { name, writes }: Case,
  plan: Plan,
): Promise<PairedRound[] | ComparisonFailure> {
  const rounds: PairedRound[] = [];
  for (let round = -1; round < plan.rounds; round += 1) {
    const speeds = { current: 0, baseline: 0 };
    for (const version of orderOf(round)) {
      // Qdrant builds graphs in the background, on the processor that the next round needs.
      if (writes || round < 0) await settleAll(pairs);
      try {
        const ran = await pair[version].run(name, round < 0 ? plan.warmMs : plan.roundMs);
        if (ran === null) throw new Error("The system has no such case.");
        speeds[version] = ran.opsPerSec;
      } catch (error) {
        return { case: name, system: pair.system, version, reason: (error as Error).message };
      }
    }
    if (round >= 0) rounds.push(speeds);
  }
  return rounds;
}

function orderOf(round: number): readonly Version[] {
  return round % 2 === 0 ? ["baseline", "current"] : ["current", "baseline"];
}

async function settleAll(pairs: readonly Pair[]): Promise<void> {
  const workers = pairs.flatMap(({ current, baseline }) => [current, baseline]);
  for (const worker of workers.filter(({ isRunning }) => isRunning)) await worker.settle();
}
