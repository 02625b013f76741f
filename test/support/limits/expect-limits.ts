/** Runs calls at the limits in a process with a small heap, and verifies each. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { LimitReport, LimitRun } from "./run-limits.ts";

const MOST_BYTES = 256 * 1024 * 1024;

function at(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/**
 * Runs the calls and expects that each succeeded or failed with a typed error, and that event loop and memory stayed
 * within bounds.
 */
export async function expectWithinLimits(run: LimitRun): Promise<LimitReport[]> {
  const options = ["--import", at("../use-sources.ts"), "--expose-gc", "--max-old-space-size=512"];
  const child = spawn(process.execPath, [...options, at("run-limits.ts"), JSON.stringify(run)], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [out, problems, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  const lines = out.trim().split("\n").map((line) => JSON.parse(line) as LimitReport | { done: true });
  expect(code, `seed ${run.seed}: ${problems.slice(-3_000)}`).toBe(0);
  expect(lines.pop()).toEqual({ done: true });
  const reports = lines as LimitReport[];
  const faults = reports.filter(
    ({ blockedMs, allowedMs, grownBytes, outcome }) =>
      outcome.startsWith("untyped") || blockedMs > allowedMs || grownBytes > MOST_BYTES,
  );
  expect(faults, `seed ${run.seed}`).toEqual([]);
  return reports;
}
