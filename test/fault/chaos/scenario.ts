/** One scenario: client processes, faults drawn from a seed, a final check, and the verification of the history. */
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
import { PATIENT } from "../../support/patient.ts";
import type { Fault } from "./faults.ts";
import { Fleet } from "./fleet.ts";
import { drawSchedule, runSchedule, describeSchedule } from "./schedule.ts";

/** Options of a scenario. */
export interface Scenario {
  readonly name: string;
  readonly seed: string;
  /** Folder of the store's sources. */
  readonly sources: string;
  readonly store: StoreOptions;
  /** Store options of the process with this number, if they differ from the others. */
  readonly storeOf?: (number: number) => StoreOptions;
  /** Number of processes, and of clients in each. */
  readonly processes: number;
  readonly clients: number;
  /** Clock of the process with this number. */
  readonly clock?: (number: number) => ClockFault;
  readonly mix?: Mix;
  readonly hostile?: HostileUsers;
  readonly pauseMs?: number;
  /** Calls that clients abort. Default: none. */
  readonly aborts?: ClientConfig["aborts"];
  readonly padBytes?: number;
  readonly ttlMs?: number;
  readonly keys?: number;
  readonly limit?: number;
  /** Arguments for Node in the client processes. */
  readonly nodeArguments?: readonly string[];
  /** The faults. */
  readonly faults: (fleet: Fleet, random: Random) => readonly Fault[];
  readonly calmMs: readonly [number, number];
  /** Share of the steps with two concurrent faults. */
  readonly pairs?: number;
  /** Pause after the last fault in milliseconds, in which the store recovers. */
  readonly afterMs: number;
  readonly rules: HistoryRules;
  /** Timeout of the judge for the sweep of expired items, in milliseconds. */
  readonly sweepMs?: number;
  /** Folder for logs. Default: a temporary one. */
  readonly folder?: string;
  /** Folder for compiled code of the processes. Default: one per scenario. */
  readonly compileCache?: string;
  /** Receives progress messages. */
  readonly log?: (line: string) => void;
}

/** Result of a scenario. */
export interface ScenarioResult {
  readonly name: string;
  readonly seed: string;
  readonly schedule: string;
  readonly history: History;
  readonly violations: readonly Violation[];
  /** Number of comparisons. */
  readonly checks: number;
  readonly kills: number;
  readonly pauses: number;
  readonly seconds: number;
}

/** Namespaces of which one is almost a prefix of another, so that a foreign item would be detected. */
const NAMESPACES = [["t1"], ["t1", "a"], ["t1", "ab"], ["t10", "a"]];

/** Only for a judge that hangs. */
const JUDGE_DEADLINE_MS = 400_000;

/** Time of a process to stop besides its last calls. Only for one that hangs. */
const STOP_SLACK_MS = 120_000;

/** The judge requests more items than exist. */
const JUDGE_LIMIT = 1_000;

/** A store whose final state is checked: what it returns must not depend on how busy the machine is. */
function patient(store: StoreOptions): StoreOptions {
  const limits = { ...store.options.limits, ...PATIENT };
  return store.kind === "servers" ? { ...store, options: { ...store.options, limits } } : { ...store, options: { ...store.options, limits } };
}

/** Runs a scenario. */
export async function runScenario(scenario: Scenario): Promise<ScenarioResult> {
  const begun = performance.now();
  const folder = await mkdtemp(join(scenario.folder ?? tmpdir(), "history-"));
  const { seed, rules, log = () => undefined } = scenario;
  const random = new Random(`${scenario.name} ${seed}`);
  const fleet = new Fleet({
    size: scenario.processes,
    configure: (number) => configOf(scenario, folder, number),
    stopDeadlineMs: 2 * (rules.deadlineMs + rules.slackMs) + STOP_SLACK_MS,
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
        store: patient(scenario.store),
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
    sweepMs: scenario.sweepMs ?? 120_000,
    limit: scenario.limit ?? 100,
  };
}

/** Maximum number of reported violations. */
const MOST_VIOLATIONS = 8;

/** Returns the description of a failed scenario, with everything that a replay needs. */
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
