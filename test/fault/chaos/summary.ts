/** The result of a scenario in numbers, for the report. */
import { awake } from "../history/calls.ts";
import { factsOf, JUDGE } from "../history/final-state.ts";
import type { Call, FaultWindow, History } from "../history/history.ts";
import { HOSTILE_FACT, type HostileFact } from "../history/hostile.ts";
import type { LoggedOperation } from "../history/log.ts";
import type { ScenarioResult } from "./scenario.ts";

/** Summary of a scenario. */
export interface ScenarioSummary {
  readonly name: string;
  readonly seconds: number;
  /** Operations by kind, including those of batches; cut: their process was killed. */
  readonly operations: Readonly<Record<string, { readonly done: number; readonly refused: number; readonly cut: number }>>;
  /** Refused operations by code. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Degraded searches by reason. */
  readonly degraded: Readonly<Record<string, number>>;
  /** Number and total duration of each fault. */
  readonly faults: Readonly<Record<string, { readonly times: number; readonly seconds: number }>>;
  /** Rounds of each attack by hostile users. */
  readonly attacks: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly pauses: number;
  readonly longestSearchMs: number;
  readonly longestCallMs: number;
  /** Time to drain the backlog at the end, and its size. */
  readonly drainedMs: number | null;
  readonly drainedNotes: number | null;
  /** Time until searches were ranked again at the end. */
  readonly recoveredMs: number | null;
  readonly checks: number;
  readonly violations: number;
  readonly schedule: string;
}

/** Returns the summary of a scenario. */
export function summaryOf({ name, seconds, history, schedule, kills, pauses, checks, violations }: ScenarioResult): ScenarioSummary {
  const pausesOf = new Map(history.processes.map((process) => [process.name, process.pauses]));
  const longest = (calls: readonly Call[]): number =>
    calls.reduce((most, call) => Math.max(most, awake(call, pausesOf.get(call.process) ?? [])), 0);
  const finished = history.calls.filter(({ outcomes }) => outcomes !== null);
  const facts = factsOf(history.processes.find((process) => process.name === JUDGE)?.lines ?? []);
  const drained = facts.get("drained") as { readonly ms: number; readonly examined: number } | undefined;
  const recovered = facts.get("recovered") as { readonly ms: number } | undefined;
  return {
    name,
    seconds,
    ...outcomesOf(history.calls),
    faults: faultsOf(history.faults),
    attacks: attacksOf(history),
    kills,
    pauses,
    longestSearchMs: longest(finished.filter((call) => call.operations.some(({ kind }) => kind === "search"))),
    longestCallMs: longest(finished),
    drainedMs: drained?.ms ?? null,
    drainedNotes: drained?.examined ?? null,
    recoveredMs: recovered?.ms ?? null,
    checks,
    violations: violations.length,
    schedule,
  };
}

function outcomesOf(calls: readonly Call[]): Pick<ScenarioSummary, "operations" | "refusals" | "degraded"> {
  const operations: Record<string, { done: number; refused: number; cut: number }> = {};
  const refusals: Record<string, number> = {};
  const degraded: Record<string, number> = {};
  for (const call of calls) {
    for (const [i, operation] of call.operations.entries()) {
      const count = (operations[kindOf(operation)] ??= { done: 0, refused: 0, cut: 0 });
      const outcome = call.outcomes?.[i];
      count[outcome === undefined ? "cut" : outcome.ok ? "done" : "refused"] += 1;
      if (outcome?.ok === false) tally(refusals, outcome.code ?? "foreign");
      if (outcome?.ok === true && outcome.answer?.degraded === true) tally(degraded, outcome.answer.reason ?? "unsaid");
    }
  }
  return { operations, refusals, degraded };
}

function kindOf(operation: LoggedOperation): string {
  if (operation.kind !== "search") return operation.kind;
  return operation.query === undefined ? "listing" : "ranked search";
}

function faultsOf(windows: readonly FaultWindow[]): ScenarioSummary["faults"] {
  const faults: Record<string, { times: number; seconds: number }> = {};
  for (const { name, from, to } of windows) {
    const { times, seconds } = faults[name] ?? { times: 0, seconds: 0 };
    faults[name] = { times: times + 1, seconds: seconds + (to - from) / 1000 };
  }
  return faults;
}

function attacksOf({ processes }: History): ScenarioSummary["attacks"] {
  const attacks: Record<string, number> = {};
  for (const { lines } of processes) {
    const fact = factsOf(lines).get(HOSTILE_FACT) as HostileFact | undefined;
    for (const [name, times] of Object.entries(fact?.attacks ?? {})) attacks[name] = (attacks[name] ?? 0) + times;
  }
  return attacks;
}

function tally(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
