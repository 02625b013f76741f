/**
 * `npm run test:chaos`: injects every fault for about ten minutes and verifies the guarantees of the store.
 *
 *   node scripts/chaos.ts [--seed TEXT] [--report FILE.json|FILE.md] [--only NAME] [--mutants]
 *
 * A seed repeats faults and calls, as far as timing allows. `--only` runs the scenarios whose names contain the text.
 * `--mutants` disables one safeguard of the store at a time and requires that the checker detects it. Exits with 1 if a
 * guarantee was violated. Stops everything that it started, also on Ctrl-C.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hostileUsers } from "../test/fault/chaos/hostile-users.ts";
import { MUTANTS, runMutant } from "../test/fault/chaos/mutants.ts";
import { asMarkdown, type RunReport } from "../test/fault/chaos/report.ts";
import { runScenario, describeResult, type Scenario } from "../test/fault/chaos/scenario.ts";
import {
  clocksApart,
  cutShort,
  embedded,
  equalTimestamps,
  everyFault,
  killsOnFile,
  killsOnServers,
  littleMemory,
  nodesOfCluster,
} from "../test/fault/chaos/scenarios.ts";
import { summaryOf, type ScenarioSummary } from "../test/fault/chaos/summary.ts";
import { HistoryProcess } from "../test/fault/history/history-process.ts";
import { World } from "../test/fault/chaos/world.ts";
import { startCassandraCluster } from "../test/servers/cassandra-cluster.ts";
import { startQdrant } from "../test/servers/qdrant.ts";

const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: randomUUID() },
    report: { type: "string" },
    only: { type: "string", default: "" },
    mutants: { type: "boolean", default: false },
  },
});
const { seed, only } = options;
const begun = performance.now();
const sources = fileURLToPath(new URL("../src", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "chaos-"));
const given = { seed, sources, folder, compileCache: join(folder, "cache"), log };
const summaries: ScenarioSummary[] = [];
let broken = 0;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void interrupt());

/** Stops all clients, then deletes their folder. The servers end with this process, because their pipes close. */
async function interrupt(): Promise<void> {
  await HistoryProcess.killAll();
  await rm(folder, { recursive: true, force: true });
  process.exit(130);
}

function log(line: string): void {
  console.log(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${line}`);
}

async function run(scenario: Scenario): Promise<void> {
  log(`${scenario.name}: starting`);
  const result = await runScenario(scenario);
  const summary = summaryOf(result);
  summaries.push(summary);
  broken += result.violations.length;
  if (result.violations.length > 0) console.log(describeResult(result));
  log(`${scenario.name}: ${result.history.calls.length} calls, ${result.checks} checks, ${result.violations.length} violations`);
}

function isWanted(...names: string[]): boolean {
  return names.some((name) => name.includes(only));
}

async function onServers(): Promise<void> {
  if (!isWanted("every fault", "cut short", "kills", "clocks", "equal timestamps", "hostile users", "little memory")) return;
  log("starting Cassandra and Qdrant");
  await using world = await World.start();
  if (isWanted("every fault")) await run(everyFault({ ...given, keyspace: "every_fault" }, world));
  if (isWanted("cut short")) await run(cutShort({ ...given, keyspace: "cut_short" }, world, 2));
  if (isWanted("kills")) await run(killsOnServers({ ...given, keyspace: "kills" }, world, 80));
  if (isWanted("clocks")) await run(clocksApart(given, world.storeIn("clocks"), 15_000));
  if (isWanted("equal timestamps")) await run(equalTimestamps(given, world.storeIn("instants"), 10_000));
  if (isWanted("hostile users")) await run(hostileUsers(given, world.storeIn("hostile")));
  if (isWanted("little memory")) await run(littleMemory({ ...given, keyspace: "memory" }, world, 20_000));
}

async function onCluster(): Promise<void> {
  if (!isWanted("nodes killed")) return;
  log("starting Cassandra with three nodes, and Qdrant");
  await using cluster = await startCassandraCluster({ commitLog: "batch" });
  await using qdrant = await startQdrant();
  await run(nodesOfCluster({ ...given, keyspace: "nodes" }, cluster, qdrant));
}

async function onFiles(): Promise<void> {
  const file = (name: string): string => join(folder, `${name}.db`);
  if (isWanted("kills on one file")) await run(killsOnFile(given, file("kills"), 120, 6));
  if (isWanted("clocks")) await run(clocksApart(given, embedded(file("clocks")), 10_000));
  if (isWanted("equal timestamps")) await run(equalTimestamps(given, embedded(file("instants")), 10_000));
  if (isWanted("hostile users")) await run(hostileUsers(given, embedded(file("hostile"))));
}

async function onMutants(): Promise<void> {
  await using world = await World.start();
  for (const [i, mutant] of MUTANTS.entries()) {
    if (!mutant.name.includes(only)) continue;
    const original = await runMutant(mutant, "original", given, world, `original_${i}`);
    if (original.violations.length > 0) console.log(describeResult(original));
    const mutated = await runMutant(mutant, "mutated", given, world, `mutant_${i}`);
    const rules = [...new Set(mutated.violations.map(({ rule }) => rule))];
    broken += original.violations.length + (rules.length === 0 ? 1 : 0);
    log(`${mutant.name}: ${rules.length === 0 ? "NOT DETECTED" : `detected (${rules.join(", ")})`}`);
  }
}

async function writeReport(path: string): Promise<void> {
  const seconds = (performance.now() - begun) / 1000;
  const report: RunReport = { seed, node: process.version, cores: availableParallelism(), seconds, scenarios: summaries };
  await writeFile(path, path.endsWith(".md") ? asMarkdown(report) : `${JSON.stringify(report, undefined, 2)}\n`);
}

log(`seed ${seed}`);
try {
  if (options.mutants) {
    await onMutants();
  } else {
    await onServers();
    await onCluster();
    await onFiles();
  }
} finally {
  if (options.report !== undefined) await writeReport(options.report);
  await rm(folder, { recursive: true, force: true });
}
log(broken === 0 ? "all promises kept" : `${broken} violations; --seed ${seed} draws the same again`);
process.exitCode = broken === 0 ? 0 : 1;
