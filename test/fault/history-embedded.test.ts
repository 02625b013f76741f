/** Random calls of several processes on one file, with killed and stopped processes; see `history/checker.ts`. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostileUsers } from "./chaos/hostile-users.ts";
import { runScenario, describeResult, type Scenario } from "./chaos/scenario.ts";
import { clocksApart, embedded, equalTimestamps, killsOnFile } from "./chaos/scenarios.ts";

const seed = process.env["TEST_SEED"] ?? randomUUID();
const given = { seed, sources: fileURLToPath(new URL("../../src", import.meta.url)) };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "history-embedded-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function keepsItsPromises(scenario: Scenario): Promise<void> {
  const result = await runScenario(scenario);
  expect(result.checks).toBeGreaterThan(100);
  expect(result.violations.length, `TEST_SEED=${seed} replays this.\n${describeResult(result)}`).toBe(0);
}

test("nothing is lost or stale when processes are killed and paused", () =>
  keepsItsPromises(killsOnFile(given, join(folder, "kills.db"), 6, 1)));

test("reads return the last acknowledged write when clocks differ by 5 s", () =>
  keepsItsPromises(clocksApart(given, embedded(join(folder, "clocks.db")), 2_000)));

test("writes with equal timestamps leave exactly one record", () =>
  keepsItsPromises(equalTimestamps(given, embedded(join(folder, "instants.db")), 2_000)));

test("hostile users do not affect other users", () =>
  keepsItsPromises(hostileUsers(given, embedded(join(folder, "hostile.db")), 3_000)));
