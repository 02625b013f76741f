/** Runs the benchmark: every case on every system, in alternating rounds. */
import { CASES, casesInOrder, type Case, type CaseName } from "./cases.ts";
import type { Round } from "./measure.ts";
import { resultOf, type Result } from "./results.ts";
import type { SystemName } from "./system.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Durations of the measurement. */
export interface Plan {
  readonly rounds: number;
  readonly roundMs: number;
  /** Duration of the warm-up per system and case. */
  readonly warmMs: number;
  /** Run only cases whose names contain this text. */
  readonly only: string;
}

/** A case that failed on a system. */
export interface Failure {
  readonly case: CaseName;
  readonly system: SystemName;
  readonly reason: string;
}

/** The results of the cases. */
export interface Ran {
  readonly results: readonly Result[];
  readonly failures: readonly Failure[];
}

/**
 * Runs the cases. Writing cases come last, because they add data. A system that fails in a case is reported and omitted from
 * that case; all other measurements stay valid.
 */
export async function runCases(
  workers: readonly WorkerProcess[],
  plan: Plan,
  onResult: (result: Result) => void,
): Promise<Ran> {
  const results: Result[] = [];
  const failures: Failure[] = [];
  for (const each of casesInOrder(plan.only)) {
    for (const result of await runCase(workers, each, plan, failures)) {
      results.push(result);
      onResult(result);
    }
  }
  const place = ({ case: name }: Result): number => CASES.findIndex((each) => each.name === name);
  return { results: results.sort((a, b) => place(a) - place(b)), failures };
}

async function runCase(
  workers: readonly WorkerProcess[],
  { name, writes }: Case,
  plan: Plan,
  failures: Failure[],
): Promise<Result[]> {
  const failed = new Set<SystemName>();
  const rounds = new Map<SystemName, Round[]>();
  for (let round = -1; round < plan.rounds; round += 1) {
    for (const worker of turned(workers, round).filter(({ name: system }) => !failed.has(system))) {
      // Of all systems, because they share the machine: otherwise graphs for one system's writes are built during the round of another.
      if (writes || round < 0) for (const each of workers.filter(({ isRunning }) => isRunning)) await each.settle();
      const ran = await worker.run(name, round < 0 ? plan.warmMs : plan.roundMs).catch((error: Error) => {
        failed.add(worker.name);
        failures.push({ case: name, system: worker.name, reason: error.message });
        return null;
      });
      if (ran === null || round < 0) continue;
      rounds.set(worker.name, [...(rounds.get(worker.name) ?? []), ran]);
    }
  }
  return workers.flatMap((worker) => {
    const own = failed.has(worker.name) ? undefined : rounds.get(worker.name);
    return own === undefined ? [] : [resultOf(name, worker.name, own)];
  });
}

/** Returns the order of a round. The first system rotates, so that none always runs after a slow one. */
function turned<T>(list: readonly T[], round: number): T[] {
  const first = (round + list.length) % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}
