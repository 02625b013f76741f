/** The report of a comparison of two versions, as Markdown. */
import { speed, table } from "../report.ts";
import type { Compared } from "./compare-cases.ts";
import { REGRESSION_BELOW, type Comparison } from "./comparison.ts";

/** A comparison that was run. */
export interface ComparisonReport extends Compared {
  readonly date: string;
  readonly command: string;
  /** Processor, cores, memory, Node. */
  readonly machine: string;
  readonly servers: string;
  /** What `--baseline` named, and the commit. */
  readonly ref: string;
  readonly commit: string;
  readonly rounds: number;
  readonly roundMs: number;
}

/** The report as Markdown. */
export function comparisonAsMarkdown(report: ComparisonReport): string {
  const { comparisons, failures } = report;
  const regressions = comparisons.filter(({ isRegression }) => isRegression);
  const uncertain = comparisons.filter(({ isUncertain }) => isUncertain).length;
  return [
    `${report.date}, \`${report.command}\`: ${report.machine}; ${report.servers}; ` +
      `baseline ${report.ref} (${report.commit.slice(0, 10)}), ${report.rounds} alternating rounds of ${report.roundMs / 1_000} s.`,
    "",
    ...table(
      ["case", "system", "baseline ops/s", "current ops/s", "ratio", "95 % interval", ""],
      comparisons.map((each) => [
        `\`${each.case}\``,
        each.system,
        speed(each.baseline),
        speed(each.current),
        `**${each.ratio.toFixed(2)}**`,
        intervalOf(each),
        each.isRegression ? "**regression**" : each.isUncertain ? "uncertain" : "",
      ]),
    ),
    "",
    regressions.length === 0
      ? `No regression: no interval lies below ${REGRESSION_BELOW}.`
      : `${regressions.length} ${regressions.length === 1 ? "regression" : "regressions"} (interval below ${REGRESSION_BELOW}): ` +
        `${regressions.map((each) => `${each.case} on ${each.system}, ${each.ratio.toFixed(2)} (${intervalOf(each)})`).join("; ")}.`,
    ...(uncertain === 0
      ? []
      : [`\nUncertain in ${uncertain} of ${comparisons.length}: the rounds differ too much to exclude a loss of a tenth. Repeat on a quieter machine or with more rounds.`]),
    ...failures.map(
      ({ case: name, system, version, reason }) => `\nNot compared: \`${name}\` on ${system}, as the ${version} version failed: ${reason.split("\n")[0]}`,
    ),
    "",
  ].join("\n");
}

/**
 * Why the comparison does not pass; empty if it passes. A case that only the baseline fails is one that its API does not
 * have, and is reported but not counted.
 */
export function reasonsToFail({ comparisons, failures }: Compared): string[] {
  return [
    ...comparisons
      .filter(({ isRegression }) => isRegression)
      .map((each) => `regression: ${each.case} on ${each.system}, ${each.ratio.toFixed(2)} (${intervalOf(each)})`),
    ...failures
      .filter(({ version }) => version === "current")
      .map(({ case: name, system, reason }) => `${name} on ${system} failed: ${reason}`),
    ...(comparisons.length === 0 ? ["nothing was compared"] : []),
  ];
}

function intervalOf({ interval: [low, high] }: Comparison): string {
  return `${low.toFixed(2)}–${high.toFixed(2)}`;
}
