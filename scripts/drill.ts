/**
 * Runs the drills on servers of their own, and prints what they measured.
 *
 *     npm run drill                        20,000 items
 *     npm run drill -- --items 2000 --report drill.json
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { disasterRecovery } from "../test/fault/drills/disaster-recovery.ts";
import { erasureOnServers } from "../test/fault/drills/erasure.ts";

const { values } = parseArgs({ options: { items: { type: "string", default: "20000" }, report: { type: "string" } } });
const items = Number(values.items);
if (!Number.isSafeInteger(items) || items < 100) throw new Error("--items must be a whole number of at least 100.");
const log = (line: string): void => console.log(`  ${line}`);

console.log(`Disaster recovery, ${items} items`);
const disaster = await disasterRecovery(items, log);
console.log(`Erasure, ${items} items of the subject`);
const erasure = await erasureOnServers(items, log);

const isRight =
  disaster.isFound && disaster.afterRepair.missing + disaster.afterRepair.stale + disaster.afterRepair.orphaned === 0 && erasure.report.complete && erasure.foundAfter === 0 && erasure.filesAfter.length === 0;
const lines = [
  `recovery time          ${(disaster.recoveryMs / 1000).toFixed(1)} s (restore of both snapshots and repair)`,
  `recovery point         the snapshot of the records: ${disaster.lostWrites} later writes are lost`,
  `found by repair        missing ${disaster.found.missing}, stale ${disaster.found.stale}, orphaned ${disaster.found.orphaned}`,
  `rebuild of Qdrant      ${(disaster.rebuildMs / 1000).toFixed(1)} s`,
  `erasure                ${(erasure.eraseMs / 1000).toFixed(1)} s, ${erasure.written} writes of others meanwhile`,
  `files with the text    ${erasure.filesBefore} before, ${erasure.filesAfter.length} after the forced cleanup`,
  `result                 ${isRight ? "passed" : "FAILED"}`,
];
for (const line of lines) console.log(line);
if (values.report !== undefined) await writeFile(values.report, `${JSON.stringify({ disaster, erasure }, null, 2)}\n`);
process.exitCode = isRight ? 0 : 1;
