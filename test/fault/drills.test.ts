/** Drills of docs/disaster-recovery.md that restart servers, in their short form; npm run drill runs the long one. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { BETWEEN, disasterRecovery } from "./drills/disaster-recovery.ts";
import { erasureOnServers } from "./drills/erasure.ts";
import { DrillServers } from "./drills/servers.ts";

let servers: DrillServers;
beforeAll(async () => {
  servers = await DrillServers.start();
});
afterAll(() => servers[Symbol.asyncDispose]());

test("records and vectors are restored from snapshots of different times: repair counts exactly what differs, and fixes it; an empty Qdrant is rebuilt", async () => {
  const items = 400;
  const report = await disasterRecovery(servers.withKeyspace("recovery"), items, () => {});
  const { added, updated, deleted } = BETWEEN;
  expect(report.restored).toBe(items + added - deleted);
  expect(report.found).toMatchObject({ missing: added, stale: updated, orphaned: deleted, unlisted: 0, unreadable: 0 });
  expect(report.afterRepair).toMatchObject({ missing: 0, stale: 0, orphaned: 0, unlisted: 0, failed: 0 });
  expect(report.isFound).toBe(true);
});

test("on servers no query returns an erased subject, and after the forced cleanup no file, log line, metric or span contains its text", async () => {
  const items = 150;
  const { report, foundAfter, filesBefore, filesAfter, written, kept, output } = await erasureOnServers(servers.withKeyspace("erasure"), items, () => {});
  expect(filesBefore).toBeGreaterThan(0);
  expect(report).toMatchObject({ complete: true, erased: { items } });
  expect(foundAfter).toBe(0);
  expect(filesAfter).toEqual([]);
  expect(output).toEqual({ logLines: expect.any(Number) as number, spans: expect.any(Number) as number, metrics: 6, found: [] });
  expect(Math.min(output.logLines, output.spans)).toBeGreaterThan(0);
  expect(kept).toBeGreaterThanOrEqual(items + written);
});
