/** Processes at random on one file, killed and made to stand still; see `history/checker.ts`. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hostileUsers } from "./chaos/hostile-users.ts";
import { runScenario, describeResult, type Scenario } from "./chaos/scenario.ts";
import { clocksApart, embedded, equalInstants, killsOnFile } from "./chaos/scenarios.ts";

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

test("processes killed and paused: nothing is lost or stale", () =>
  keepsItsPromises(killsOnFile(given, join(folder, "kills.db"), 6, 1)));

test("clocks 5 s apart: what was acknowledged last is what is read", () =>
  keepsItsPromises(clocksApart(given, embedded(join(folder, "clocks.db")), 2_000)));

test("equal instants leave one whole record", () =>
  keepsItsPromises(equalInstants(given, embedded(join(folder, "instants.db")), 2_000)));

test("hostile users next to others: nobody else notices them", () =>
  keepsItsPromises(hostileUsers(given, embedded(join(folder, "hostile.db")), 3_000)));
