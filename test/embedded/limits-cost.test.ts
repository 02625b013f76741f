/** What calls at the limits cost on a local file: time of the event loop, memory, and typed refusals. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { expectWithinLimits } from "../support/limits/expect-limits.ts";

/** `npm run test:limits` sets it: many more calls. */
const LONG = process.env["TEST_LIMITS"] === "long";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limits-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("calls at the limits do not block the process, exhaust its memory or fail with an untyped error", { timeout: 1_200_000 }, async () => {
  const run = { config: { path: join(folder, "store.db") }, seed: LONG ? Date.now() % 1_000_000 : 7 };
  const reports = await expectWithinLimits({ ...run, every: true, drawn: LONG ? 500 : 5, forMs: LONG ? 900_000 : 30_000 });
  expect(reports.length).toBeGreaterThan(20);
});
