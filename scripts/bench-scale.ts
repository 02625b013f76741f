/**
 * `npm run bench:scale`: the same questions at 10,000, 100,000 and 1,000,000 items.
 *
 *   node scripts/bench-scale.ts [--sizes 10000,100000,1000000] [--seconds N] [--json FILE] [--svg FILE]
 *
 * A million items take the better part of an hour on a small machine. On servers that stay (`npm run servers`, and its addresses
 * in the environment) a run that was broken off goes on where it stopped; sizes that stand in the JSON file are not measured again.
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

/** Megabytes on the disks of the servers that were started here; null where there are none. */
async function diskOfServers(): Promise<number | null> {
  if (servers.folders.length === 0) return null;
  let bytes = 0;
  for (const folder of servers.folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      // The servers go on: what was listed may be gone.
      const found = entry.isFile() ? statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }) : undefined;
      bytes += found?.size ?? 0;
    }
  }
  return bytes / 1e6;
}

/** Loads up to a size. @returns items a second; null where nothing was left to load. */
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
  console.log("Waiting until Qdrant has built its graphs, and Cassandra has merged its tables");
  await settled(servers.qdrant.url, KEYSPACE, SETTLE_MS);
  const merged = await compacted(servers.cql, SETTLE_MS);
  console.log(merged === null ? "The server does not tell of its compactions" : `Cassandra was quiet after ${merged.toFixed(0)} s more`);
  const answers = await askInOwnProcess(config, Number(options.seconds) * 1_000);
  const rssMb = Math.max(...answers.map((answer) => answer.rssMb));
  return { items: size, loadedPerSec, rssMb, diskMb: await diskOfServers(), answers };
}

/** What an earlier run has measured. */
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
