import type { Reporter, TestModule, Vitest } from "vitest/node";

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Prints `N passed, N failed`, with `, N skipped` where any was, alone on the very last line of a run: what CI reads.
 *
 * It counts tests. What fails outside of any test (a file that cannot be loaded, a hook, a global setup, an unhandled
 * error) counts as one failure each, so that a run which went wrong never reads "0 failed".
 */
export default class SummaryReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: string): void {
    const totals: Totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) count(module, totals);
    if (reason !== "passed" && totals.failed === 0) totals.failed = 1;
    const line = summary(totals);
    if (this.#vitest?.config.watch === true) process.stdout.write(`${line}\n`);
    // Coverage reports after this, and whatever ends the servers may; only at exit is the last line known to be last.
    else process.once("exit", () => process.stdout.write(`${line}\n`));
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
