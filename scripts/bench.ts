/**
 * `npm run bench`: the store beside the drivers below it and the stores beside it, in one run on one machine.
 *
 *   node scripts/bench.ts [--quick] [--case TEXT] [--systems a,b] [--rounds N] [--seconds N] [--json FILE] [--markdown FILE]
 *                         [--profile FOLDER]
 *
 * `--quick` gives all ratios in a few minutes. `--case` runs the cases whose names hold the text. `--profile` writes a
 * profile of the processor time of each system, which the tools of a browser show. A target that is missed does not fail the run.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import type { CaseName } from "../test/bench/cases.ts";
import { startGround } from "../test/bench/ground.ts";
import { asMarkdown, type BenchReport } from "../test/bench/report.ts";
import { runCases, type Plan } from "../test/bench/run.ts";
import { SYSTEMS, type SystemName } from "../test/bench/system.ts";
import { WorkerProcess } from "../test/bench/worker-process.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    case: { type: "string", default: "" },
    systems: { type: "string", default: SYSTEMS.join(",") },
    rounds: { type: "string" },
    seconds: { type: "string" },
    json: { type: "string" },
    markdown: { type: "string" },
    profile: { type: "string" },
  },
});
const plan: Plan = {
  rounds: Number(options.rounds ?? 3),
  roundMs: Number(options.seconds ?? (options.quick ? 1 : 3)) * 1_000,
  warmMs: options.quick ? 1_000 : 2_000,
  only: options.case,
};
const wanted = options.systems.split(",").map(systemNamed);
const begun = performance.now();

function systemNamed(text: string): SystemName {
  const system = SYSTEMS.find((name) => name === text);
  if (system === undefined) throw new Error(`"${text}" is no system: name some of ${SYSTEMS.join(", ")}`);
  return system;
}

function log(line: string): void {
  console.log(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
}

/**
 * Java compiles what is called often, in the background, beside two busy cores: what Cassandra spends on a put fell from 0.31 to 0.09 ms
 * within half a minute of puts, on a search from 1.8 to 0.3. Each kind of statement has its own path.
 */
const WARM_SECONDS: Readonly<Partial<Record<CaseName, number>>> = {
  "put-plain-100": 30,
  "search-namespace-8": 15,
  "filter-first-page": 10,
  "get-100": 5,
  "list-namespaces": 5,
};

/** Some two minutes, of every path, as cases share them. */
async function warm(workers: readonly WorkerProcess[]): Promise<void> {
  for (const worker of workers.filter(({ name }) => name === "servers" || name === "raw")) {
    log(`${worker.name}: warming the servers`);
    for (const [name, seconds] of Object.entries(WARM_SECONDS)) await worker.run(name as CaseName, seconds * 1_000);
  }
}

const started = await startGround({ withPostgres: wanted.includes("postgres") });
try {
  const { ground, servers, whyNoPostgres } = started;
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true });
  const workers: WorkerProcess[] = [];
  for (const name of wanted.filter((each) => each !== "postgres" || whyNoPostgres === null)) {
    const worker = await WorkerProcess.start(name, ground, options.profile ?? null);
    workers.push(worker);
    log(`${name}: seeding`);
    await worker.seed();
  }
  for (const worker of workers) await worker.settle();
  await warm(workers);
  const { results, failures } = await runCases(workers, plan, ({ case: name, system, opsPerSec, p50Ms, p99Ms }) =>
    log(`${name.padEnd(18)} ${system.padEnd(9)} ${opsPerSec.toFixed(opsPerSec < 100 ? 1 : 0).padStart(8)}/s  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms`),
  );
  for (const worker of workers) await worker.stop();
  const [cpu] = cpus();
  const report: BenchReport = {
    date: new Date().toISOString().slice(0, 10),
    command: ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" "),
    machine: `${cpu?.model ?? "unknown processor"}, ${cpus().length} cores shared by servers and clients, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    servers,
    rounds: plan.rounds,
    roundMs: plan.roundMs,
    results,
    failures,
    absent: whyNoPostgres === null ? [] : [{ system: "postgres", reason: whyNoPostgres }],
  };
  const text = asMarkdown(report);
  console.log(`\n${text}`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  if (options.markdown !== undefined) await writeFile(options.markdown, text);
  for (const { case: name, system, reason } of failures) console.error(`${system} failed at ${name}: ${reason}`);
  if (failures.length > 0) process.exitCode = 1;
} finally {
  await started.stop();
}
