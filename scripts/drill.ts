/**
 * Runs the drills on servers of their own, and that of reindex on a local file, too, and prints what they measured.
 *
 *     npm run drill                        20,000 items
 *     npm run drill -- --items 2000 --report drill.json
 *     npm run drill -- --only reindex      one of disaster-recovery, erasure, reindex (servers, then a local file), reindex-file
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { disasterRecovery } from "../test/fault/drills/disaster-recovery.ts";
import { erasureOnServers } from "../test/fault/drills/erasure.ts";
import type { DrillPlace } from "../test/fault/drills/reindex-config.ts";
import { reindexUnderLoad } from "../test/fault/drills/reindex.ts";
import { DrillServers, type Log } from "../test/fault/drills/servers.ts";

/** What a drill measured. */
interface Outcome {
  readonly isRight: boolean;
  readonly lines: readonly string[];
  readonly report: object;
}

const DRILLS: Readonly<Record<string, (items: number, log: Log) => Promise<Outcome>>> = {
  "disaster-recovery": async (items, log) => {
    await using servers = await DrillServers.start();
    const disaster = await disasterRecovery(servers, items, log);
    const { afterRepair, found } = disaster;
    return {
      report: disaster,
      isRight: disaster.isFound && afterRepair.missing + afterRepair.stale + afterRepair.orphaned === 0,
      lines: [
        `recovery time          ${(disaster.recoveryMs / 1000).toFixed(1)} s (restore of both snapshots and repair)`,
        `recovery point         the snapshot of the records: ${disaster.lostWrites} later writes are lost`,
        `found by repair        missing ${found.missing}, stale ${found.stale}, orphaned ${found.orphaned}`,
        `rebuild of Qdrant      ${(disaster.rebuildMs / 1000).toFixed(1)} s`,
      ],
    };
  },
  erasure: async (items, log) => {
    await using servers = await DrillServers.start();
    const erasure = await erasureOnServers(servers, items, log);
    return {
      report: erasure,
      isRight: erasure.report.complete && erasure.foundAfter === 0 && erasure.filesAfter.length + erasure.output.found.length === 0,
      lines: [
        `erasure                ${(erasure.eraseMs / 1000).toFixed(1)} s, ${erasure.written} writes of others meanwhile`,
        `files with the text    ${erasure.filesBefore} before, ${erasure.filesAfter.length} after the forced cleanup`,
        `output with the text   ${erasure.output.found.join(", ") || "none"}, of ${erasure.output.logLines} log lines, ${erasure.output.spans} spans and ${erasure.output.metrics} readings of metrics, statistics and health`,
      ],
    };
  },
  reindex: async (items, log) => {
    await using servers = await DrillServers.start();
    const { cql, qdrant } = servers.config;
    // Awaited, as the servers stop when this function returns.
    return await reindexOn({ cql, qdrant }, items, log);
  },
  "reindex-file": async (items, log) => {
    const folder = await mkdtemp(join(tmpdir(), "drill-"));
    try {
      return await reindexOn({ path: join(folder, "store.db") }, items, log);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

async function reindexOn(place: DrillPlace, items: number, log: Log): Promise<Outcome> {
  const drill = await reindexUnderLoad(place, { items, textsPerSecond: 1_000 }, log);
  const { report, kills, searches, faults, writes, lost, differences, reindexMs } = drill;
  for (const fault of [...faults, ...lost].slice(0, 10)) log(fault);
  return {
    report: drill,
    isRight: report.switched && kills === 2 && searches.before > 0 && searches.after > 0 && faults.length + lost.length + differences === 0,
    lines: [
      `reindex                ${(reindexMs / 1000).toFixed(1)} s for ${report.records} records and ${report.texts} texts, killed ${kills} times`,
      `searches meanwhile     ${searches.before} before and ${searches.after} after the switch; failed, degraded or wrong: ${faults.length}`,
      `writes meanwhile       ${writes}; lost or not found: ${lost.length}; differences between records and vectors: ${differences}`,
    ],
  };
}

const { values } = parseArgs({ options: { items: { type: "string", default: "20000" }, report: { type: "string" }, only: { type: "string" } } });
const items = Number(values.items);
if (!Number.isSafeInteger(items) || items < 100) throw new Error("--items must be a whole number of at least 100.");
const drills = Object.entries(DRILLS).filter(([name]) => values.only === undefined || name === values.only || name === `${values.only}-file`);
if (drills.length === 0) throw new Error(`--only must be one of ${Object.keys(DRILLS).join(", ")}.`);
const log = (line: string): void => console.log(`  ${line}`);

const outcomes: Record<string, Outcome> = {};
for (const [name, run] of drills) {
  console.log(`${name}, ${items} items`);
  outcomes[name] = await run(items, log);
}
const isRight = Object.values(outcomes).every((outcome) => outcome.isRight);
for (const { lines } of Object.values(outcomes)) for (const line of lines) console.log(line);
console.log(`result                 ${isRight ? "passed" : "FAILED"}`);
const reports = Object.fromEntries(Object.entries(outcomes).map(([name, { report }]) => [name, report]));
if (values.report !== undefined) await writeFile(values.report, `${JSON.stringify(reports, null, 2)}\n`);
process.exitCode = isRight ? 0 : 1;
