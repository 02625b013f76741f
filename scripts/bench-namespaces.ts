/**
 * `npm run bench:namespaces`: measures the same calls with 1,000, 100,000 and 1,000,000 namespaces.
 *
 *   node scripts/bench-namespaces.ts [--sizes 1000,100000,1000000] [--targets servers,file] [--shapes one-root,distinct-roots]
 *     [--seconds N] [--json FILE]
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client } from "cassandra-driver";
import { askOfNamespaces, type NamespaceAnswers } from "../test/bench/scale/namespace-asker.ts";
import { loadNamespaces, type NamespaceTarget, type Shape } from "../test/bench/scale/namespaces.ts";
import { startServers } from "../test/servers/servers.ts";

const { values: options } = parseArgs({
  options: {
    sizes: { type: "string", default: "1000,100000,1000000" },
    targets: { type: "string", default: "file,servers" },
    shapes: { type: "string", default: "one-root,distinct-roots" },
    seconds: { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const sizes = options.sizes.split(",").map(Number);
const shapes = options.shapes.split(",").map((name) => name.replace("-", " ") as Shape);

/** The measurements at one number of namespaces. */
interface Step extends NamespaceAnswers {
  readonly namespaces: number;
  readonly loadedPerSec: number;
}

async function grow(name: string, target: NamespaceTarget, shape: Shape): Promise<Step[]> {
  const steps: Step[] = [];
  for (const [i, size] of sizes.entries()) {
    const from = sizes[i - 1] ?? 0;
    const loadedPerSec = await loadNamespaces(target, shape, { from, to: size }, (loaded) => {
      if (loaded % 102_400 === 0) process.stderr.write(`${name}: ${loaded} of ${size}\n`);
    });
    steps.push({ namespaces: size, loadedPerSec, ...(await askOfNamespaces(target, shape, Number(options.seconds) * 1_000)) });
    console.log(`\n${name}\n\n${tableOf(steps)}\n`);
  }
  return steps;
}

function tableOf(steps: readonly Step[]): string {
  const first = steps[0] as Step;
  const last = steps.at(-1) as Step;
  const head = ["", ...steps.map(({ namespaces }) => `${namespaces.toLocaleString("en")} namespaces`), "last / first"];
  const rows = first.answers.map(({ question, p50Ms }, i) => [
    `${question}, p50 ms`,
    ...steps.map(({ answers }) => (answers[i]?.p50Ms ?? Number.NaN).toPrecision(3)),
    `${((last.answers[i]?.p50Ms ?? Number.NaN) / p50Ms).toFixed(2)}×`,
  ]);
  const whole = (n: number): string => Math.round(n).toLocaleString("en");
  rows.push(["memory of our process, MB", ...steps.map(({ rssMb }) => whole(rssMb)), `+${whole(last.rssMb - first.rssMb)}`]);
  rows.push(["loaded, namespaces/s", ...steps.map(({ loadedPerSec }) => whole(loadedPerSec)), ""]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const results: Record<string, readonly Step[]> = {};

async function growOnFile(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "bench-namespaces-"));
  try {
    for (const shape of shapes) {
      const name = `one local file, ${shape}`;
      results[name] = await grow(name, { path: join(folder, `${shape}.db`) }, shape);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function growOnServers(): Promise<void> {
  const servers = await startServers({ jit: "full" });
  try {
    for (const shape of shapes) {
      const keyspace = `bench_ns_${shape.replace(" ", "_")}_${process.pid}`;
      const replication = { [servers.cql.localDataCenter]: 1 };
      const config = { cql: { ...servers.cql, keyspace, replication }, qdrant: { ...servers.qdrant, collection: keyspace } };
      const name = `servers, ${shape}`;
      try {
        results[name] = await grow(name, { servers: config }, shape);
      } finally {
        await dropped(servers.cql, keyspace);
        await fetch(`${servers.qdrant.url}/collections/${keyspace}`, { method: "DELETE" });
      }
    }
    console.log(`On ${servers.source} servers at ${servers.cql.contactPoints.join(", ")}`);
  } finally {
    await servers.stop();
  }
}

async function dropped(cql: ConstructorParameters<typeof Client>[0], keyspace: string): Promise<void> {
  const client = new Client({ ...cql, socketOptions: { readTimeout: 120_000 } });
  try {
    await client.connect();
    await client.execute(`DROP KEYSPACE IF EXISTS "${keyspace}"`);
  } finally {
    await client.shutdown();
  }
}

for (const target of options.targets.split(",")) {
  await (target === "file" ? growOnFile() : growOnServers());
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
}
