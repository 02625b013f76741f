/** The command line on CQL and Qdrant. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ScyllaDBStore, type SchemaStatus } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, inject, onTestFinished, test } from "vitest";
import { cli, cliJson } from "../support/cli.ts";
import { cliUse, type CliStore } from "../support/cli-use.ts";
import { everyCommand } from "../support/command-cases.ts";
import { dropAtEnd } from "../support/drop-at-end.ts";
import { KeyspacePool } from "../support/keyspace-pool.ts";
import { reindexCommands } from "../support/reindex-commands.ts";
import { operatorUse } from "../support/operator-use.ts";
import { damagedFilesUse } from "../support/transfer-damage.ts";
import { transferUse } from "../support/transfer-use.ts";
import { PATIENT_FLAGS } from "../support/patient.ts";
import { dropCollections, dropKeyspace, patientConfig, serverConfig, uniqueName, withCql } from "../support/stores.ts";

const servers = inject("servers");
const pool = new KeyspacePool(servers);
const drop = dropAtEnd(servers);
const openedAtFileLevel: ScyllaDBStore[] = [];

// Registered after `drop`, so that it runs before.
afterAll(() => Promise.all(openedAtFileLevel.map((store) => store.stop())));

function flagsFor(keyspace: string, isIndexed = true): string[] {
  const { cql } = serverConfig(servers, keyspace);
  const options: Readonly<Record<string, string | number | undefined>> = {
    "cql.contactPoints": cql.contactPoints?.join(","),
    "cql.localDataCenter": cql.localDataCenter,
    "cql.keyspace": keyspace,
    "cql.credentials.username": servers.cql.credentials?.username,
    "cql.credentials.password": servers.cql.credentials?.password,
    ...PATIENT_FLAGS,
    "cql.replication": JSON.stringify({ [servers.cql.localDataCenter]: 1 }),
    ...(isIndexed ? { "qdrant.url": servers.qdrant.url, "qdrant.apiKey": servers.qdrant.apiKey, "index.dims": new HashEmbeddings().dims, "index.fields": "text" } : {}),
  };
  const set = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : ["--set", `${name}=${value}`]));
  return !isIndexed ? set : [...set, "--embeddings", fileURLToPath(new URL("../support/cli-embeddings.ts", import.meta.url))];
}

/** Opens stores on a keyspace. @param opened - receives every store, to be stopped */
async function openAt(keyspace: string, opened: ScyllaDBStore[]): Promise<CliStore> {
  const embeddings = new HashEmbeddings();
  const again = async (): Promise<ScyllaDBStore> => {
    const store = await ScyllaDBStore.connect({ ...patientConfig(servers, keyspace), index: { dims: embeddings.dims, embeddings, fields: ["text"] } });
    opened.push(store);
    return store;
  };
  return { store: await again(), again, flags: flagsFor(keyspace) };
}

/** Opens an empty store for the current test. */
async function open(): Promise<CliStore> {
  const keyspace = pool.take();
  const opened: ScyllaDBStore[] = [];
  onTestFinished(async () => {
    await Promise.all(opened.map((store) => store.stop()));
    await pool.giveBack(keyspace);
  });
  return openAt(keyspace, opened);
}

/** Opens a store in its own keyspace until the end of the file. */
async function openOwn(): Promise<CliStore> {
  const keyspace = uniqueName("cli");
  drop(keyspace);
  return openAt(keyspace, openedAtFileLevel);
}

cliUse(open);
transferUse(open);
damagedFilesUse(open);
operatorUse(open);
everyCommand("servers", openOwn);
// From here on, tests run at the same time: each has its own keyspace, and waits most of the time.
reindexCommands(openOwn);

/** A configuration whose codec interrupts its process at the given value: the import is then in the middle of its work, at any speed. */
const INTERRUPTING = `
  let calls = 0;
  const after = Number(process.env.INTERRUPT_AFTER ?? Infinity);
  const encode = (bytes) => {
    calls += 1;
    if (calls === after) process.kill(process.pid, "SIGINT");
    return bytes;
  };
  export default { cql: CQL, codec: { encode, decode: (bytes) => bytes } };`;

test.concurrent("SIGINT in the middle of an import that runs as a process ends it, and the command that it prints imports the rest", async ({ expect }) => {
  const keyspace = uniqueName("cli");
  const { cql } = serverConfig(servers, keyspace);
  const folder = await mkdtemp(join(tmpdir(), "interrupted-"));
  try {
    const [config, file] = [join(folder, "store.config.mjs"), join(folder, "items.jsonl")];
    await writeFile(config, INTERRUPTING.replace("CQL", JSON.stringify(cql)));
    await writeFile(file, Array.from({ length: 1_000 }, (_, i) => `${JSON.stringify({ namespace: ["a"], key: `k${i}`, value: { i } })}\n`).join(""));
    expect(await cli(["migrate", "up", "--yes", "--config", config])).toMatchObject({ code: 0 });
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const child = spawn(process.execPath, [main, "import", file, "--config", config], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, NODE_OPTIONS: "", INTERRUPT_AFTER: "250" } });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    expect({ code, errors }).toMatchObject({ code: 130, errors: expect.stringMatching(/What was imported stays\. Continue with: scylladb-store import .*\nInterrupted\.\n$/) as string });
    const { items } = await cliJson<{ items: number }>(["count", "--config", config]);
    // Up to four batches of 100 are in flight, and complete.
    expect([items >= 250, items <= 700]).toEqual([true, true]);
    expect(await cliJson(["import", file, "--config", config])).toMatchObject({ unchanged: items, imported: 1_000 - items, rejected: 0 });
  } finally {
    await rm(folder, { recursive: true });
    await dropKeyspace(servers, keyspace);
  }
});

test.concurrent("a command on a keyspace that does not exist fails and creates none", async ({ expect }) => {
  const flags = flagsFor(uniqueName("none"));
  expect(await cli(["ls", ...flags])).toMatchObject({ code: 1, errors: expect.stringContaining("does not exist") as string });
  expect(await cli(["ls", ...flags])).toMatchObject({ code: 1, errors: expect.stringContaining("does not exist") as string });
});

test.concurrent("migrate up creates the keyspace that migrate status misses, beside others that do the same, and status creates nothing", async ({ expect }) => {
  const keyspace = uniqueName("migrated");
  const flags = flagsFor(keyspace);
  expect(await cli(["migrate", "status", ...flags])).toMatchObject({ code: 1, errors: expect.stringContaining("does not exist") as string });
  expect(await cli(["migrate", "up", "--dry-run", ...flags])).toMatchObject({ code: 0 });
  expect(await cliJson(["migrate", "status", ...flags])).toMatchObject({ exists: false, stored: 0 });
  try {
    const ups = await Promise.all([1, 2].map(() => cli(["migrate", "up", "--yes", ...flags])));
    expect(ups.map(({ code, errors }) => [code, errors])).toEqual([0, 1].map(() => [0, expect.stringContaining("applied") as string]));
    const status = await cliJson<SchemaStatus>(["migrate", "status", ...flags]);
    expect(status.migrations.map(({ state }) => state)).toEqual(status.migrations.map(() => "applied"));
    expect(await cli(["count", ...flags])).toMatchObject({ code: 0, output: "0\n" });
    await withCql(servers, async (client) => {
      await client.execute(`INSERT INTO "${keyspace}".schema_migrations (component, version, name, checksum) VALUES ('cql', 99, 'later', 'x')`);
    });
    expect(await cli(["migrate", "status", ...flags])).toMatchObject({ code: 1, output: expect.stringContaining("newer") as string });
    expect(await cli(["migrate", "up", "--yes", ...flags])).toMatchObject({ code: 1, errors: expect.stringContaining("V99") as string });
  } finally {
    await dropKeyspace(servers, keyspace);
    await dropCollections(servers, keyspace);
  }
});

test.concurrent("the printed statements create a keyspace that a role without DDL rights can use", async ({ expect }) => {
  const keyspace = uniqueName("by_hand");
  const recordsOnly = flagsFor(keyspace, false);
  const { output } = await cli(["migrate", "print", ...recordsOnly]);
  try {
    await withCql(servers, async (client) => {
      for (const statement of output.split(/;\n/).filter((each) => each.trim() !== "")) await client.execute(statement, [], { readTimeout: 60_000 });
    });
    expect(await cliJson(["migrate", "status", ...recordsOnly])).toMatchObject({ exists: true });
    expect(await cli(["put", "a", "k", '{"n":1}', ...recordsOnly])).toMatchObject({ code: 0 });
  } finally {
    await dropKeyspace(servers, keyspace);
  }
});

test.concurrent("doctor exits with 3 if only Qdrant does not answer", async ({ expect }) => {
  const { flags } = await openOwn();
  const down = ["--set", "qdrant.url=http://127.0.0.1:1"];
  expect(await cli(["doctor", ...flags, ...down])).toMatchObject({ code: 3, output: expect.stringMatching(/✗ Qdrant server/) as string });
});
