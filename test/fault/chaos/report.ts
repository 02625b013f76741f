/** The report of a run, as JSON for programs and as Markdown for the documentation. */
import type { ScenarioSummary } from "./summary.ts";

/** A run of several scenarios. */
export interface RunReport {
  readonly seed: string;
  readonly node: string;
  readonly cores: number;
  readonly seconds: number;
  readonly scenarios: readonly ScenarioSummary[];
}

/** Returns the report as Markdown. */
export function asMarkdown(run: RunReport): string {
  const { scenarios } = run;
  const sum = (of: (scenario: ScenarioSummary) => number): number => scenarios.reduce((total, each) => total + of(each), 0);
  const all = (scenario: ScenarioSummary, what: "done" | "refused" | "cut"): number =>
    Object.values(scenario.operations).reduce((total, count) => total + count[what], 0);
  return [
    `Seed \`${run.seed}\`: ${Math.round(run.seconds)} s on ${run.cores} cores, Node ${run.node}; ` +
      `${sum((each) => all(each, "done"))} operations done, ${sum((each) => all(each, "refused"))} refused, ` +
      `${sum((each) => all(each, "cut"))} cut off; ${sum(({ kills }) => kills)} processes killed, ` +
      `${sum(({ pauses }) => pauses)} stopped; ${sum(({ checks }) => checks)} checks, ` +
      `${sum(({ violations }) => violations)} violations.`,
    "",
    ...table(
      [
        ...["scenario", "s", "done", "refused", "cut", "killed", "longest search", "longest call", "degraded"],
        ...["intents", "drained in", "violations"],
      ],
      scenarios.map((each) => [
        each.name,
        Math.round(each.seconds),
        all(each, "done"),
        all(each, "refused"),
        all(each, "cut"),
        each.kills,
        ms(each.longestSearchMs),
        ms(each.longestCallMs),
        total(each.degraded),
        each.drainedNotes ?? "-",
        each.drainedMs === null ? "-" : ms(each.drainedMs),
        each.violations,
      ]),
    ),
    "",
    ...table(
      ["operation", "done", "refused", "cut"],
      merged(scenarios.flatMap(({ operations }) => Object.entries(operations))),
    ),
    "",
    ...table(["refused with", "times"], tallied(scenarios.map(({ refusals }) => refusals))),
    "",
    ...table(["degraded because", "searches"], tallied(scenarios.map(({ degraded }) => degraded))),
    "",
    ...table(["fault", "times", "seconds"], faultsOf(scenarios)),
    "",
    ...table(["attack of a hostile user", "rounds"], tallied(scenarios.map(({ attacks }) => attacks))),
    "",
  ].join("\n");
}

type Cell = string | number;

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows.map(line)];
}

function ms(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function tallied(all: readonly Readonly<Record<string, number>>[]): Cell[][] {
  const counts = new Map<string, number>();
  for (const each of all) for (const [name, count] of Object.entries(each)) counts.set(name, (counts.get(name) ?? 0) + count);
  return [...counts].sort(([, a], [, b]) => b - a);
}

function merged(all: readonly (readonly [kind: string, count: Record<"done" | "refused" | "cut", number>])[]): Cell[][] {
  const rows = new Map<string, [done: number, refused: number, cut: number]>();
  for (const [kind, { done, refused, cut }] of all) {
    const before = rows.get(kind) ?? [0, 0, 0];
    rows.set(kind, [before[0] + done, before[1] + refused, before[2] + cut]);
  }
  return [...rows].map(([kind, counts]) => [kind, ...counts]);
}

function faultsOf(scenarios: readonly ScenarioSummary[]): Cell[][] {
  const rows = new Map<string, { times: number; seconds: number }>();
  for (const [name, { times, seconds }] of scenarios.flatMap(({ faults }) => Object.entries(faults))) {
    const row = rows.get(name) ?? { times: 0, seconds: 0 };
    rows.set(name, { times: row.times + times, seconds: row.seconds + seconds });
  }
  return [...rows].map(([name, { times, seconds }]) => [name, times, seconds.toFixed(1)]);
}
