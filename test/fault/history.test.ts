/** Random calls on shared keys while servers, networks, clocks and processes fail; see `history/checker.ts`. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { dropKeyspace, uniqueName } from "../support/stores.ts";
import { hostileUsers } from "./chaos/hostile-users.ts";
import { runScenario, describeResult, type Scenario } from "./chaos/scenario.ts";
import { aFewFaults, clocksApart, cutShort, type GivenServers } from "./chaos/scenarios.ts";
import { World } from "./chaos/world.ts";

const servers = inject("servers");
const seed = process.env["TEST_SEED"] ?? randomUUID();
const sources = fileURLToPath(new URL("../../src", import.meta.url));

let world: World;
beforeAll(async () => {
  const [contactPoint = "", ...others] = servers.cql.contactPoints;
  // The driver uses the proxy's port for discovered nodes, and only one proxy can listen there.
  expect(others, "this test needs a CQL server of one node").toEqual([]);
  const [host = "", port = ""] = contactPoint.split(":");
  const { localDataCenter, credentials } = servers.cql;
  world = await World.start({ host, port: Number(port), localDataCenter, ...(credentials === undefined ? {} : { credentials }) });
});
afterAll(() => world.stop());

async function keepsItsPromises(scenarioOf: (given: GivenServers) => Scenario): Promise<void> {
  const keyspace = uniqueName("history");
  try {
    const result = await runScenario(scenarioOf({ seed, sources, keyspace }));
    expect(result.checks).toBeGreaterThan(100);
    expect(result.violations.length, `TEST_SEED=${seed} replays this.\n${describeResult(result)}`).toBe(0);
  } finally {
    await dropKeyspace(servers, keyspace);
  }
}

test("nothing is lost, stale or unanswered under any fault", () =>
  keepsItsPromises((given) => aFewFaults(given, world)));

test("deadlines of 300 ms, aborted calls and frozen services leave all data consistent", () =>
  keepsItsPromises((given) => cutShort(given, world, 1)));

test("hostile users do not affect other users", () =>
  keepsItsPromises((given) => hostileUsers(given, world.storeIn(given.keyspace), 3_000)));

test("reads return the last acknowledged write when clocks differ by 5 s", () =>
  keepsItsPromises((given) => clocksApart(given, world.storeIn(given.keyspace), 4_000)));
