/** The drill of docs/operations.md in its short form; npm run drill runs the long one. */
import { expect, inject, test } from "vitest";
import { dropCollections, dropKeyspace, patientConfig, uniqueName } from "../support/stores.ts";
import { reindexUnderLoad } from "./drills/reindex.ts";

test("a reindex whose process is killed twice loses no write, and no search fails, is degraded or misses its item meanwhile", async () => {
  const servers = inject("servers");
  const keyspace = uniqueName("drill");
  const { cql, qdrant } = patientConfig(servers, keyspace);
  try {
    const report = await reindexUnderLoad({ cql, qdrant }, { items: 600, textsPerSecond: 500 }, () => {});
    expect(report).toMatchObject({ kills: 2, faults: [], lost: [], differences: 0, report: { switched: true, failed: 0, unreadable: 0 } });
    expect(report.searches.before).toBeGreaterThan(0);
    expect(report.searches.after).toBeGreaterThan(0);
    expect(report.writes).toBeGreaterThan(0);
  } finally {
    await dropCollections(servers, keyspace);
    await dropKeyspace(servers, keyspace);
  }
});
