/**
 * `npm run bench`: compares the store with the raw drivers and with other stores, in one run on one machine.
 *
 *   node scripts/bench.ts [--quick] [--case TEXT] [--systems a,b] [--rounds N] [--seconds N] [--json FILE] [--markdown FILE]
 *                         [--profile FOLDER] [--baseline REF [--no-keyword]]
 *
 * `--quick` measures all ratios in a few minutes. `--case` runs the cases whose names contain the text. `--profile` writes a
 * CPU profile of each system and version, for a browser's developer tools. A missed target does not fail the run.
 *
 * `--baseline REF` compares this version of the store with a commit, branch or tag. Both run the cases of this
 * version on the same servers and on a local file, in alternating rounds. The exit code is 1 if there is a regression.
 * `--no-keyword` sets `index.keyword: false` in this version, to compare it with one that had no keyword search.
 */
import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { comparisonAsMarkdown, reasonsToFail } from "../test/bench/baseline/comparison-report.ts";
import { compareVersions } from "../test/bench/baseline/compare-versions.ts";
import { LEAST_ROUNDS } from "../test/bench/baseline/comparison.ts";
import { startEnvironment, type StartedEnvironment } from "../test/bench/environment.ts";
import { asMarkdown } from "../test/bench/report.ts";
import { runCases, type Plan } from "../test/bench/run.ts";
import { SYSTEMS, type SystemName } from "../test/bench/system.ts";
import { warm } from "../test/bench/warm.ts";
import { WorkerProcess } from "../test/bench/worker-process.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    case: { type: "string", default: "" },
    systems: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    json: { type: "string" },
    markdown: { type: "string" },
    profile: { type: "string" },
    baseline: { type: "string" },
    "no-keyword": { type: "boolean", default: false },
  },
});

/** The systems that are this store. The others do not change between versions. */
const OURS: readonly SystemName[] = ["servers", "embedded"];

/** Seconds of a round and of its warm-up. Quick comparisons have more and shorter rounds. */
const SECONDS = {
  full: { round: 3, warm: 2 },
  quick: { round: 1, warm: 1 },
  quickComparison: { round: 0.5, warm: 0.5 },
};

const seconds = SECONDS[!options.quick ? "full" : options.baseline === undefined ? "quick" : "quickComparison"];
const known = options.baseline === undefined ? SYSTEMS : OURS;
const wanted = (options.systems ?? known.join(",")).split(",").map(systemNamed);
const plan: Plan = {
  rounds: Number(options.rounds ?? (options.baseline === undefined ? 3 : LEAST_ROUNDS)),
  roundMs: Number(options.seconds ?? seconds.round) * 1_000,
  warmMs: seconds.warm * 1_000,
  only: options.case,
};
if (options.baseline !== undefined && !(plan.rounds >= LEAST_ROUNDS)) {
  throw new Error(`--baseline needs at least ${LEAST_ROUNDS} rounds, but --rounds is ${options.rounds}`);
}
const profiling = options.profile === undefined ? {} : { profileFolder: options.profile };
const begun = performance.now();

function systemNamed(text: string): SystemName {
  const system = known.find((name) => name === text);
  if (system === undefined) throw new Error(`"${text}" is not a system. Use some of ${known.join(", ")}`);
  return system;
}

function log(line: string): void {
  console.log(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
}

/** Returns the facts about the run that both kinds of reports contain. */
function circumstances({ servers }: StartedEnvironment): {
  date: string;
  command: string;
  machine: string;
  servers: string;
  rounds: number;
  roundMs: number;
} {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" "),
    machine: `${cpu?.model ?? "unknown processor"}, ${cpus().length} cores shared by servers and clients, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    servers,
    rounds: plan.rounds,
    roundMs: plan.roundMs,
  };
}

async function publish(text: string, results: unknown): Promise<void> {
  console.log(`\n${text}`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  if (options.markdown !== undefined) await writeFile(options.markdown, text);
}

async function compareWith(ref: string, started: StartedEnvironment): Promise<void> {
  const compared = await compareVersions(started, { ...plan, ...profiling, ref, systems: wanted, isQuick: options.quick, hasTerms: !options["no-keyword"] }, log);
  await publish(comparisonAsMarkdown({ ...circumstances(started), ...compared, ref }), compared);
  const reasons = reasonsToFail(compared);
  for (const reason of reasons) console.error(reason);
  if (reasons.length > 0) process.exitCode = 1;
}

async function measureAll(started: StartedEnvironment): Promise<void> {
  const { environment, whyNoPostgres } = started;
  const workers: WorkerProcess[] = [];
  for (const name of wanted.filter((each) => each !== "postgres" || whyNoPostgres === null)) {
    const worker = await WorkerProcess.start(name, environment, profiling);
    workers.push(worker);
    log(`${name}: seeding`);
    await worker.seed();
  }
  for (const worker of workers) await worker.settle();
  await warm(workers, 1, log);
  const { results, failures } = await runCases(workers, plan, ({ case: name, system, opsPerSec, p50Ms, p99Ms }) =>
    log(`${name.padEnd(18)} ${system.padEnd(9)} ${opsPerSec.toFixed(opsPerSec < 100 ? 1 : 0).padStart(8)}/s  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms`),
  );
  for (const worker of workers) await worker.stop();
  const absent = whyNoPostgres === null ? [] : [{ system: "postgres" as const, reason: whyNoPostgres }];
  await publish(asMarkdown({ ...circumstances(started), results, failures, absent }), results);
  for (const { case: name, system, reason } of failures) console.error(`${system} failed at ${name}: ${reason}`);
  if (failures.length > 0) process.exitCode = 1;
}

const started = await startEnvironment(wanted);
try {
  if (options.baseline === undefined) await measureAll(started);
  else await compareWith(options.baseline, started);
} finally {
  await started.stop();
}
