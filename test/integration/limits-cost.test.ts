/** What calls at the limits cost on servers: time of the event loop, memory, and typed refusals. */
import { expect, inject, test } from "vitest";
import { dropCollections, dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";
import { expectWithinLimits } from "../support/limits/expect-limits.ts";

/** `npm run test:limits` sets it: many more calls. */
const LONG = process.env["TEST_LIMITS"] === "long";

test("calls at the limits do not block the process, exhaust its memory or fail with an untyped error", { timeout: 1_200_000 }, async () => {
  const servers = inject("servers");
  const keyspace = uniqueName("limits");
  try {
    const run = { config: serverConfig(servers, keyspace), seed: LONG ? Date.now() % 1_000_000 : 7 };
    const reports = await expectWithinLimits({ ...run, every: true, drawn: LONG ? 500 : 5, forMs: LONG ? 900_000 : 30_000 });
    expect(reports.length).toBeGreaterThan(20);
  } finally {
    await dropKeyspace(servers, keyspace);
    await dropCollections(servers, keyspace);
  }
});
