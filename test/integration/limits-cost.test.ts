/** What calls at the limits cost on servers: time of the event loop, memory, and typed refusals. */
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import type { ServerAddresses } from "../servers/server-addresses.ts";
import { dropCollections, dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";
import { expectWithinLimits } from "../support/limits/expect-limits.ts";

/** `npm run test:limits` sets it: many more calls. */
const LONG = process.env["TEST_LIMITS"] === "long";

let servers: ServerAddresses;
let keyspace: string;
beforeEach(() => {
  servers = inject("servers");
  keyspace = uniqueName("limits");
});
afterEach(async () => {
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

test("calls at the limits do not block the process, exhaust its memory or fail with an untyped error", { timeout: 1_200_000 }, async () => {
  const run = { config: serverConfig(servers, keyspace), seed: LONG ? Date.now() % 1_000_000 : 7 };
  const reports = await expectWithinLimits({ ...run, every: true, drawn: LONG ? 500 : 5, forMs: LONG ? 900_000 : 30_000 });
  expect(reports.length).toBeGreaterThan(20);
});

test("searches at the limits do neither while the vector index does not answer", { timeout: 1_200_000 }, async () => {
  const run = { config: serverConfig(servers, keyspace), seed: 0, every: false, drawn: 0, forMs: 0 };
  const reports = await expectWithinLimits({ ...run, outage: true });
  expect(reports.filter(({ name, outcome }) => name.startsWith("search") && outcome === "ok").length).toBeGreaterThan(15);
});
