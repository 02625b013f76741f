/**
 * Measures import and export on a local file: rates, and the peak of the resident memory. Each step is a process of its own with
 * the built package, as a command is.
 *
 *     npm run bench:transfer                      1,000,000 items
 *     npm run bench:transfer -- --items 100000
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ScyllaDBStore } from "langgraph-store-scylladb";

const { values } = parseArgs({ options: { items: { type: "string", default: "1000000" }, step: { type: "string" }, folder: { type: "string" } } });
const items = Number(values.items);
if (!Number.isSafeInteger(items) || items < 1) throw new Error("--items must be a whole number of at least 1.");

function* lines(): Generator<string> {
  for (let i = 0; i < items; i += 1) {
    const time = new Date(1_750_000_000_000 + i).toISOString();
    yield `${JSON.stringify({ namespace: ["users", `u${i % 1_000}`], key: `k${i}`, value: { text: `Memory number ${i} of a user who likes long walks`, n: i }, createdAt: time, updatedAt: time })}\n`;
  }
}

async function importInto(name: string, source: string | Readable): Promise<void> {
  const store = await ScyllaDBStore.embedded({ path: inFolder(name) });
  const report = await store.importFrom(source);
  await store.stop();
  if (report.imported + report.unchanged !== items || !report.complete) throw new Error(`Only ${report.imported} items arrived.`);
}

const STEPS: Readonly<Record<string, () => Promise<void>>> = {
  "import of generated lines": () => importInto("from.db", Readable.from(lines(), { objectMode: false })),
  async "export, gzip"() {
    const store = await ScyllaDBStore.embedded({ path: inFolder("from.db") });
    await store.exportTo(inFolder("items.jsonl.gz"));
    await store.stop();
  },
  "import, gzip": () => importInto("to.db", inFolder("items.jsonl.gz")),
  "import again, all unchanged": () => importInto("to.db", inFolder("items.jsonl.gz")),
};

const { folder = await mkdtemp(join(tmpdir(), "bench-transfer-")), step } = values;

function inFolder(name: string): string {
  return join(folder, name);
}

/** Runs one step, and prints its rate and the peak of the memory that the system counted. */
async function measured(name: string): Promise<void> {
  const startedAt = performance.now();
  await STEPS[name]?.();
  const seconds = (performance.now() - startedAt) / 1_000;
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(`${name.padEnd(28)} ${Math.round(items / seconds).toLocaleString("en-US").padStart(8)} items/s, peak ${Math.round(peak)} MiB`);
}

async function inProcess(name: string): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "--items", String(items), "--folder", folder, "--step", name], { stdio: "inherit" });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`The step "${name}" failed.`);
}

if (step === undefined) {
  try {
    for (const name of Object.keys(STEPS)) await inProcess(name);
    console.log(`${"file".padEnd(28)} ${((await stat(inFolder("items.jsonl.gz"))).size / 1024 ** 2).toFixed(0)} MiB`);
  } finally {
    await rm(folder, { recursive: true });
  }
} else await measured(step);
