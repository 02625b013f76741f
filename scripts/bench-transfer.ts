/**
 * Measures import and export by the built program, on a local file or on servers: rates, and the peak of the resident memory.
 *
 *     npm run bench:transfer                                 1,000,000 items, local file
 *     npm run bench:transfer -- --on servers --items 200000  servers of the environment (TEST_*), or its own
 *     npm run bench:transfer -- --on servers --index         with vectors of a local embedder of no cost
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ServerAddresses } from "../test/servers/server-addresses.ts";
import { startServers } from "../test/servers/servers.ts";
import { withPeakIn } from "../test/support/peak-memory.ts";

const { values } = parseArgs({ options: { items: { type: "string", default: "1000000" }, on: { type: "string", default: "file" }, index: { type: "boolean", default: false } } });
const items = Number(values.items);
if (!Number.isSafeInteger(items) || items < 1) throw new Error("--items must be a whole number of at least 1.");
if (values.on !== "file" && values.on !== "servers") throw new Error("--on must be file or servers.");

const program = fileURLToPath(new URL("../dist/cli/main.mjs", import.meta.url));
const embedder = fileURLToPath(new URL("../test/support/cli-embeddings.ts", import.meta.url));

function* lines(): Generator<string> {
  for (let i = 0; i < items; i += 1) {
    const time = new Date(1_750_000_000_000 + i).toISOString();
    yield `${JSON.stringify({ namespace: ["users", `u${i % 1_000}`], key: `k${i}`, value: { text: `Memory number ${i} of a user who likes long walks`, n: i }, createdAt: time, updatedAt: time })}\n`;
  }
}

/** Runs a command. Returns the peak of its memory, MiB. */
async function run(folder: string, args: readonly string[], input?: Readable): Promise<number> {
  const peak = join(folder, "peak");
  const child = spawn(process.execPath, [program, ...args], { stdio: [input === undefined ? "ignore" : "pipe", "ignore", "inherit"], env: { ...process.env, ...withPeakIn(peak) } });
  const exit = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (input !== undefined && child.stdin !== null) await pipeline(input, child.stdin);
  const code = await exit;
  if (code !== 0) throw new Error(`The command ${args[0] ?? ""} exited with ${code}.`);
  return Number(await readFile(peak, "utf8")) / 1_024;
}

/** Flags of a new store. */
function flagsOf(name: string, folder: string, servers: ServerAddresses | null): string[] {
  const index = values.index ? { "index.dims": "64", "index.fields": "text" } : {};
  const options: Readonly<Record<string, string | undefined>> =
    servers === null
      ? { path: join(folder, `${name}.db`), ...index }
      : {
          "cql.contactPoints": servers.cql.contactPoints.join(","),
          "cql.localDataCenter": servers.cql.localDataCenter,
          "cql.keyspace": `transfer_${name}_${process.pid}`,
          "cql.credentials.username": servers.cql.credentials?.username,
          "cql.credentials.password": servers.cql.credentials?.password,
          ...(values.index ? { "qdrant.url": servers.qdrant.url, "qdrant.apiKey": servers.qdrant.apiKey, ...index } : {}),
        };
  const set = Object.entries(options).flatMap(([option, value]) => (value === undefined ? [] : ["--set", `${option}=${value}`]));
  return [...set, ...(values.index ? ["--embeddings", embedder] : [])];
}

const folder = await mkdtemp(join(tmpdir(), "bench-transfer-"));
const servers = values.on === "servers" ? await startServers() : null;
try {
  const [from, to] = [flagsOf("from", folder, servers), flagsOf("to", folder, servers)];
  const file = join(folder, "items.jsonl.gz");
  for (const flags of [from, to]) await run(folder, ["migrate", "up", "--yes", ...flags]);
  const steps: Readonly<Record<string, () => Promise<number>>> = {
    "import of generated lines": () => run(folder, ["import", "-", ...from], Readable.from(lines(), { objectMode: false })),
    "export, gzip": () => run(folder, ["export", file, ...from]),
    "import, gzip": () => run(folder, ["import", file, ...to]),
    "import again, all unchanged": () => run(folder, ["import", file, ...to]),
  };
  for (const [name, step] of Object.entries(steps)) {
    const startedAt = performance.now();
    const peak = await step();
    const seconds = (performance.now() - startedAt) / 1_000;
    console.log(`${name.padEnd(28)} ${Math.round(items / seconds).toLocaleString("en-US").padStart(8)} items/s, peak ${Math.round(peak)} MiB`);
  }
  console.log(`${"file".padEnd(28)} ${((await stat(file)).size / 1024 ** 2).toFixed(1)} MiB`);
} finally {
  await servers?.stop();
  await rm(folder, { recursive: true });
}
