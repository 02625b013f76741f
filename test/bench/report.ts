/** The report of a benchmark, as Markdown. */
import { CASES, type CaseName } from "./cases.ts";
import type { Result } from "./results.ts";
import type { Failure } from "./run.ts";
import { SYSTEMS, type SystemName } from "./system.ts";
import { judge, type Verdict } from "./targets.ts";

/** A benchmark that was run. */
export interface BenchReport {
  readonly date: string;
  readonly command: string;
  /** Processor, cores, memory, Node. */
  readonly machine: string;
  readonly servers: string;
  readonly rounds: number;
  readonly roundMs: number;
  readonly results: readonly Result[];
  /** Cases that a system failed at. */
  readonly failures: readonly Failure[];
  /** Systems that could not be started, and why. */
  readonly absent: readonly { readonly system: SystemName; readonly reason: string }[];
}

/** The report as Markdown. */
export function asMarkdown(report: BenchReport): string {
  const { results, failures, absent } = report;
  const systems = SYSTEMS.filter((system) => results.some((result) => result.system === system));
  return [
    `${report.date}, \`${report.command}\`: ${report.machine}; ${report.servers}; ` +
      `medians of ${report.rounds} interleaved rounds of ${report.roundMs / 1_000} s.`,
    ...absent.map(({ system, reason }) => `\n**${system}** is missing: ${reason}`),
    ...failures.map(({ case: name, system, reason }) => `\n**${system}** failed at \`${name}\`: ${reason.split("\n")[0]}`),
    "",
    "Operations a second (slowest and fastest round):",
    "",
    ...table(["case", "clients", ...systems], rowsOf(systems, results, speedOf)),
    "",
    "Time of a call, p50 / p95 / p99 in milliseconds:",
    "",
    ...table(["case", "clients", ...systems], rowsOf(systems, results, timesOf)),
    "",
    "Targets:",
    "",
    ...verdictTable(judge(results)),
    "",
  ].join("\n");
}

function rowsOf(systems: readonly SystemName[], results: readonly Result[], cellOf: (result: Result) => string): string[][] {
  const find = (name: CaseName, system: SystemName): Result | undefined =>
    results.find((result) => result.case === name && result.system === system);
  return CASES.filter(({ name }) => results.some((result) => result.case === name)).map(({ name, clients, what }) => [
    `\`${name}\` ${what}`,
    String(clients),
    ...systems.map((system) => {
      const found = find(name, system);
      return found === undefined ? "–" : cellOf(found);
    }),
  ]);
}

function speedOf({ opsPerSec, spread: [low, high] }: Result): string {
  return `**${speed(opsPerSec)}** (${speed(low)}–${speed(high)})`;
}

function timesOf({ p50Ms, p95Ms, p99Ms }: Result): string {
  return [p50Ms, p95Ms, p99Ms].map((ms) => Number(ms.toPrecision(3))).join(" / ");
}

/** A number of operations per second, with three digits or as a whole number. */
export function speed(perSecond: number): string {
  return perSecond >= 100 ? Math.round(perSecond).toLocaleString("en") : perSecond.toPrecision(2);
}

/** Returns targets as a Markdown table. */
export function verdictTable(verdicts: readonly Verdict[]): string[] {
  const rows = verdicts.map(({ what, target, reached, isMet }) => [what, target, reached ?? "not measured", isMet === null ? "" : isMet ? "met" : "**missed**"]);
  return table(["", "target", "reached", ""], rows);
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}
