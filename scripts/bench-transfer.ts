/**
 * Measures import and export on a local file: rates, and the peak of the resident memory.
 *
 *     npm run bench:transfer                      1,000,000 items
 *     npm run bench:transfer -- --items 100000
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { ScyllaDBStore } from "langgraph-store-scylladb";

const { values } = parseArgs({ options: { items: { type: "string", default: "1000000" } } });
const items = Number(values.items);
if (!Number.isSafeInteger(items) || items < 1) throw new Error("--items must be a whole number of at least 1.");

const SAMPLE_MS = 50;

/** Runs a step, and prints its rate and the peak of the memory. */
async function measured<T>(name: string, step: () => Promise<T>): Promise<T> {
  let peak = process.memoryUsage.rss();
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), SAMPLE_MS);
  const startedAt = performance.now();
  const result = await step();
  clearInterval(timer);
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(`${name.padEnd(28)} ${Math.round(items / seconds).toLocaleString("en-US").padStart(8)} items/s, peak ${Math.round(peak / 1024 ** 2)} MiB`);
  return result;
}

function* lines(): Generator<string> {
  for (let i = 0; i < items; i += 1) {
    const time = new Date(1_750_000_000_000 + i).toISOString();
    yield `${JSON.stringify({ namespace: ["users", `u${i % 1_000}`], key: `k${i}`, value: { text: `Memory number ${i} of a user who likes long walks`, n: i }, createdAt: time, updatedAt: time })}\n`;
  }
}

const folder = await mkdtemp(join(tmpdir(), "bench-transfer-"));
try {
  const [from, to] = [await ScyllaDBStore.embedded({ path: join(folder, "from.db") }), await ScyllaDBStore.embedded({ path: join(folder, "to.db") })];
  const file = join(folder, "items.jsonl.gz");
  await measured("import of generated lines", () => from.importFrom(Readable.from(lines(), { objectMode: false })));
  await measured("export, gzip", () => from.exportTo(file));
  console.log(`${"file".padEnd(28)} ${((await stat(file)).size / 1024 ** 2).toFixed(0)} MiB`);
  const report = await measured("import, gzip", () => to.importFrom(file));
  await measured("import again, all unchanged", () => to.importFrom(file));
  if (report.imported !== items || !report.complete) throw new Error(`Only ${report.imported} items arrived.`);
  await Promise.all([from.stop(), to.stop()]);
} finally {
  await rm(folder, { recursive: true });
}
