/** One scenario: processes at work, faults as a seed draws them, a last look, and the judgement of all that happened. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { checkHistory, type HistoryRules } from "../history/checker.ts";
import { EVERYTHING, type ClientConfig, type ClockFault, type HostileUsers, type Mix, type StoreOptions } from "../history/config.ts";
import { JUDGE } from "../history/final-state.ts";
import { HistoryProcess } from "../history/history-process.ts";
import { historyOf, type History } from "../history/history.ts";
import { Random } from "../history/random.ts";
import { describeViolation, type Violation } from "../history/violation.ts";
import type { Fault } from "./faults.ts";
import { Fleet } from "./fleet.ts";
import { drawSchedule, runSchedule, describeSchedule } from "./schedule.ts";

/** What a scenario is. */
export interface Scenario {
  readonly name: string;
  readonly seed: string;
  /** Folder of the store's sources. */
  readonly sources: string;
  readonly store: StoreOptions;
  /** Options of the process of this number, where they are not those of all. */
  readonly storeOf?: (number: number) => StoreOptions;
  /** Processes, and clients in each. */
  readonly processes: number;
  readonly clients: number;
  /** Clock of the process of this number. */
  readonly clock?: (number: number) => ClockFault;
  readonly mix?: Mix;
  readonly hostile?: HostileUsers;
  readonly pauseMs?: number;
  /** Calls that clients abort; none unless told. */
  readonly aborts?: ClientConfig["aborts"];
  readonly padBytes?: number;
  readonly ttlMs?: number;
  readonly keys?: number;
  readonly limit?: number;
  /** Arguments for Node itself, in the processes of clients. */
  readonly nodeArguments?: readonly string[];
  /** What goes wrong. */
  readonly faults: (fleet: Fleet, random: Random) => readonly Fault[];
  readonly calmMs: readonly [number, number];
  /** Share of the steps in which two faults happen at once. */
  readonly pairs?: number;
  /** Calm after the last fault, milliseconds: time for the store to serve again. */
  readonly afterMs: number;
  readonly rules: HistoryRules;
  /** Longest wait of the judge for what has ended to be swept, milliseconds. */
  readonly sweepMs?: number;
  /** Folder for logs; a temporary one unless told. */
  readonly folder?: string;
  /** Folder for compiled code of the processes; one of the scenario's own unless told. */
  readonly compileCache?: string;
  /** Is told what goes on. */
  readonly log?: (line: string) => void;
}

/** What a scenario came to. */
export interface ScenarioResult {
  readonly name: string;
  readonly seed: string;
  readonly schedule: string;
  readonly history: History;
  readonly violations: readonly Violation[];
  /** Single comparisons that were made. */
  readonly checks: number;
  readonly kills: number;
  readonly pauses: number;
  readonly seconds: number;
}

/** Namespaces of which one is nearly another's prefix, so that a foreign one would show. */
const NAMESPACES = [["t1"], ["t1", "a"], ["t1", "ab"], ["t10", "a"]];

const JUDGE_DEADLINE_MS = 180_000;

/** The judge asks for more than there is. */
const JUDGE_LIMIT = 1_000;

/** Runs a scenario. */
export async function runScenario(scenario: Scenario): Promise<ScenarioResult> {
  const begun = performance.now();
  const folder = await mkdtemp(join(scenario.folder ?? tmpdir(), "history-"));
  const { seed, rules, log = () => undefined } = scenario;
  const random = new Random(`${scenario.name} ${seed}`);
  const fleet = new Fleet({
    size: scenario.processes,
    configure: (number) => configOf(scenario, folder, number),
    stopDeadlineMs: 2 * (rules.deadlineMs + rules.slackMs) + 15_000,
    compileCache: scenario.compileCache ?? join(folder, "cache"),
    ...(scenario.nodeArguments === undefined ? {} : { nodeArguments: scenario.nodeArguments }),
  });
  try {
    await fleet.start();
    const faults = scenario.faults(fleet, random);
    const steps = drawSchedule(random, { faults, calmMs: scenario.calmMs, pairs: scenario.pairs ?? 0 });
    const schedule = describeSchedule(steps);
    const windows = await runSchedule(steps, (name) => log(`${scenario.name}: ${name}`));
    await pause(scenario.afterMs);
    await fleet.stop();
    const logs = await fleet.logs();
    if (rules.isJudged) {
      log(`${scenario.name}: the last look`);
      const judge = HistoryProcess.start("judge", {
        ...configOf(scenario, folder, 0),
        name: JUDGE,
        log: join(folder, JUDGE),
        store: scenario.store,
        clock: {},
        limit: JUDGE_LIMIT,
      });
      await judge.finish(JUDGE_DEADLINE_MS);
      logs.push(await judge.log());
    }
    const history = historyOf(logs, windows);
    const { violations, checks } = checkHistory(history, rules);
    const seconds = (performance.now() - begun) / 1000;
    const { kills, pauses } = fleet;
    return { name: scenario.name, seed, schedule, history, violations, checks, kills, pauses, seconds };
  } finally {
    await fleet.abandon();
    await rm(folder, { recursive: true, force: true });
  }
}

function configOf(scenario: Scenario, folder: string, number: number): ClientConfig {
  const name = `p${number}`;
  return {
    name,
    log: join(folder, name),
    sources: scenario.sources,
    store: scenario.storeOf?.(number) ?? scenario.store,
    clock: scenario.clock?.(number) ?? {},
    ...(scenario.hostile === undefined ? {} : { hostile: scenario.hostile }),
    seed: scenario.seed,
    clients: scenario.clients,
    namespaces: NAMESPACES,
    keys: Array.from({ length: scenario.keys ?? 5 }, (_, i) => `k${i}`),
    mix: scenario.mix ?? EVERYTHING,
    pauseMs: scenario.pauseMs ?? 20,
    aborts: scenario.aborts ?? { share: 0, withinMs: 0 },
    padBytes: scenario.padBytes ?? 0,
    ttlMs: scenario.ttlMs ?? 1_500,
    sweepMs: scenario.sweepMs ?? 30_000,
    limit: scenario.limit ?? 100,
  };
}

/** Most violations that are told. */
const MOST_VIOLATIONS = 8;

/** What a failed scenario has to say: enough to replay it. */
export function describeResult({ name, seed, schedule, history, violations }: ScenarioResult): string {
  const origin = Math.min(...history.calls.map(({ start }) => start));
  const rules = Map.groupBy(violations, ({ rule }) => rule);
  return [
    `${name}, seed ${seed}: ${violations.length} violations`,
    ...[...rules].map(([rule, all]) => `  ${all.length} x ${rule}`),
    `schedule: ${schedule}`,
    ...[...rules.values()]
      .flatMap((all) => all.slice(0, 2))
      .slice(0, MOST_VIOLATIONS)
      .map((violation) => describeViolation(violation, origin, history.faults)),
  ].join("\n");
}
