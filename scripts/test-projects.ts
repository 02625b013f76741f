/**
 * Installs the packed package into projects of users, and builds and runs applications and test suites there: bundlers, test
 * runners and runtimes. Prints a table; exits with 1 if a check fails.
 *
 *   npm run test:projects                     everything; checks on servers need TEST_CQL_CONTACT_POINTS and TEST_QDRANT_URL
 *   npm run test:projects -- --only webpack   one trial
 *   npm run test:projects -- --report FILE    also writes the table as Markdown
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packPackage } from "../test/projects/cases/pack.ts";
import { runTrial, TRIALS, type Result } from "../test/projects/cases/index.ts";

const { values: options } = parseArgs({
  options: { only: { type: "string", multiple: true }, report: { type: "string" }, keep: { type: "boolean", default: false } },
});

const unknown = options.only?.filter((name) => !TRIALS.some((trial) => trial.name === name)) ?? [];
if (unknown.length > 0) throw new Error(`--only ${unknown.join(", ")}: there are ${TRIALS.map(({ name }) => name).join(", ")}.`);

const folder = await mkdtemp(join(tmpdir(), "store-packed-"));
const results: Result[] = [];
try {
  const tarball = await packPackage(folder);
  for (const trial of TRIALS) {
    if (options.only !== undefined && !options.only.includes(trial.name)) continue;
    for await (const result of runTrial(trial, tarball, options.keep)) {
      results.push(result);
      const { name, isRight, seconds, note } = result;
      console.log(`${isRight ? "✓" : "✗"} ${name.padEnd(58)} ${seconds.toFixed(1).padStart(6)} s  ${note}`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const failed = results.filter(({ isRight }) => !isRight);
console.log(`\n${results.length - failed.length} of ${results.length} checks passed on Node.js ${process.versions.node}.`);
if (options.report !== undefined) {
  const rows = results.map(({ name, isRight, seconds, note }) => `| ${name} | ${isRight ? "✓" : "✗"} | ${seconds.toFixed(1)} | ${note.split("\n")[0]} |`);
  await writeFile(options.report, ["| what | works | seconds | note |", "|---|---|---:|---|", ...rows, ""].join("\n"));
}
process.exitCode = failed.length === 0 ? 0 : 1;
