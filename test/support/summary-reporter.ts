import type { Reporter, TestModule, Vitest } from "vitest/node";
import { RunOutput } from "./run-output.ts";

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Prints `N passed, N failed`, and `, N skipped` if any, as the last line of a run, which CI reads.
 *
 * Counts tests. Each failure outside of a test counts as one failure: a file that cannot be loaded, a hook, a global
 * setup, an unhandled error. So a failed run never prints "0 failed". A secret of the tests in the output is also a
 * failure.
 */
export default class SummaryReporter implements Reporter {
  readonly #output = new RunOutput();
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: string): void {
    const totals: Totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) count(module, totals);
    if (reason !== "passed" && totals.failed === 0) totals.failed = 1;
    if (this.#vitest?.config.watch === true) process.stdout.write(`${summary(totals)}\n`);
    // Coverage and the stop of the servers can print later. At exit, this line is the last one.
    else process.once("exit", () => process.stdout.write(`${this.#lookForSecrets(totals)}${summary(totals)}\n`));
  }

  #lookForSecrets(totals: Totals): string {
    const { secrets, leaks } = this.#output.end();
    totals.failed += leaks.length;
    if (leaks.length > 0) process.exitCode = 1;
    const lines = leaks.map((leak) => `A secret of the tests was printed:\n${leak}\n`);
    return `${lines.join("")}${secrets} secrets of the tests were looked for in the output, ${leaks.length} found\n`;
  }
}

function count(module: TestModule, totals: Totals): void {
  const before = totals.failed;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === "pending") totals.skipped += 1;
    else totals[state] += 1;
  }
  totals.failed += module.errors().length;
  for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
  const unfinished = module.state() === "queued" || module.state() === "pending" || !module.ok();
  if (unfinished && totals.failed === before) totals.failed += 1;
}

function summary({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
