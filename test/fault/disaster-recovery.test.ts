/** The drill of docs/disaster-recovery.md in its short form; npm run drill runs the long one. */
import { expect, test } from "vitest";
import { BETWEEN, disasterRecovery } from "./drills/disaster-recovery.ts";

test("records and vectors are restored from snapshots of different times: repair counts exactly what differs, and fixes it; an empty Qdrant is rebuilt", async () => {
  const items = 400;
  const report = await disasterRecovery(items, () => {});
  const { added, updated, deleted } = BETWEEN;
  expect(report.restored).toBe(items + added - deleted);
  expect(report.found).toMatchObject({ missing: added, stale: updated, orphaned: deleted, unlisted: 0, unreadable: 0 });
  expect(report.afterRepair).toMatchObject({ missing: 0, stale: 0, orphaned: 0, unlisted: 0, failed: 0 });
  expect(report.isFound).toBe(true);
});
