/**
 * `npm run bench:scale`: measures the same calls at 10,000, 100,000 and 1,000,000 items.
 *
 *   node scripts/bench-scale.ts [--sizes 10000,100000,1000000] [--seconds N] [--json FILE] [--svg FILE]
 *
 * A million items take up to an hour on a small machine. With persistent servers (`npm run servers`, and its addresses in the
 * environment), an interrupted run continues where it stopped. Sizes that are in the JSON file are not measured again.
 */
import { existsSync, statSync } from "node:fs";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Presets, SingleBar } from "cli-progress";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { INDEX } from "../test/bench/corpus.ts";
import { settled } from "../test/bench/qdrant-status.ts";
import { askInOwnProcess, SETTLE_MS, type ScaleConfig } from "../test/bench/scale/asker.ts";
import { compacted } from "../test/bench/scale/compactions.ts";
import { curves, scaleTable, type Step } from "../test/bench/scale/curves.ts";
import { BIG_BUCKETS, BIG_NAMESPACE, loadedSoFar, loadUpTo } from "../test/bench/scale/load.ts";
import { startServers } from "../test/servers/servers.ts";

const KEYSPACE = "bench_scale";

const { values: options } = parseArgs({
  options: {
    sizes: { type: "string", default: "10000,100000,1000000" },
    seconds: { type: "string", default: "5" },
    json: { type: "string" },
    svg: { type: "string" },
  },
});
const sizes = options.sizes.split(",").map(Number);
const servers = await startServers({ jit: "full" });
const { contactPoints, localDataCenter } = servers.cql;
const config: ScaleConfig = {
  cql: {
    ...servers.cql,
    keyspace: KEYSPACE,
    replication: { [localDataCenter]: 1 },
    buckets: [{ namespace: BIG_NAMESPACE, buckets: BIG_BUCKETS }],
  },
  qdrant: { ...servers.qdrant, collection: KEYSPACE },
};

/** Returns megabytes on the disks of the servers that this process started; null if it started none. */
async function diskOfServers(): Promise<number | null> {
  if (servers.folders.length === 0) return null;
  let bytes = 0;
  for (const folder of servers.folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      // The servers are running: a listed file can be deleted meanwhile.
      const found = entry.isFile() ? statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }) : undefined;
      bytes += found?.size ?? 0;
    }
  }
  return bytes / 1e6;
}

/** Loads items up to a size. @returns items per second; null if all were loaded already. */
async function load(size: number): Promise<number | null> {
  const store = await ScyllaDBStore.connect({ ...config, index: INDEX });
  try {
    const bar = new SingleBar({ format: "{bar} {value} of {total} items, {duration_formatted}, {eta_formatted} to go" }, Presets.shades_classic);
    bar.start(size, await loadedSoFar(store));
    const { items, seconds } = await loadUpTo(store, size, (loaded) => bar.update(loaded));
    bar.stop();
    return items === 0 ? null : items / seconds;
  } finally {
    await store.stop();
  }
}

async function measureAt(size: number): Promise<Step> {
  const loadedPerSec = await load(size);
  console.log("Waiting until Qdrant has built its graphs and Cassandra has compacted its tables");
  await settled(servers.qdrant.url, KEYSPACE, SETTLE_MS);
  const merged = await compacted(servers.cql, SETTLE_MS);
  console.log(merged === null ? "The server does not report its compactions" : `Cassandra was idle after another ${merged.toFixed(0)} s`);
  const answers = await askInOwnProcess(config, Number(options.seconds) * 1_000);
  const rssMb = Math.max(...answers.map((answer) => answer.rssMb));
  return { items: size, loadedPerSec, rssMb, diskMb: await diskOfServers(), answers };
}

/** Returns the measurements of an earlier run. */
async function earlierSteps(): Promise<Step[]> {
  const { json } = options;
  return json !== undefined && existsSync(json) ? (JSON.parse(await readFile(json, "utf8")) as Step[]) : [];
}

try {
  const steps = await earlierSteps();
  for (const size of sizes) {
    if (steps.some(({ items }) => items === size)) continue;
    steps.push(await measureAt(size));
    console.log(`\n${scaleTable(steps)}\n`);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(steps, undefined, 2)}\n`);
    if (options.svg !== undefined) await writeFile(options.svg, curves(steps));
  }
  console.log(`On ${servers.source} servers at ${contactPoints.join(", ")}`);
} finally {
  await servers.stop();
}
