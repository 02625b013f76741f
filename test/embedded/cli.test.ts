/** The command line on one local file, and what is the same on every backend. */
import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ScyllaDBStore, ValidationError } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { cli, cliJson } from "../support/cli.ts";
import { cliUse, type CliStore } from "../support/cli-use.ts";
import { reindexCommands } from "../support/reindex-commands.ts";
import { operatorUse } from "../support/operator-use.ts";
import { output } from "../support/program-output.ts";
import { damagedFilesUse } from "../support/transfer-damage.ts";
import { transferUse } from "../support/transfer-use.ts";
import { uniqueName } from "../support/stores.ts";
import { PATIENT, PATIENT_LIMIT_FLAGS } from "../support/patient.ts";

const embeddings = fileURLToPath(new URL("../support/cli-embeddings.ts", import.meta.url));
const stores: ScyllaDBStore[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-"));
});
afterEach(() => Promise.all(stores.splice(0).map((store) => store.stop())));
afterAll(() => rm(folder, { recursive: true }));

async function open(): Promise<CliStore> {
  const path = join(folder, `${uniqueName("cli")}.db`);
  const hash = new HashEmbeddings();
  const again = async (): Promise<ScyllaDBStore> => {
    const store = await ScyllaDBStore.embedded({ path, limits: PATIENT, index: { dims: hash.dims, embeddings: hash, fields: ["text"] } });
    stores.push(store);
    return store;
  };
  return { store: await again(), again, flags: ["--path", path, "--embeddings", embeddings, "--set", `index.dims=${hash.dims}`, "--set", "index.fields=text", ...PATIENT_LIMIT_FLAGS] };
}

cliUse(open);
transferUse(open);
damagedFilesUse(open);
operatorUse(open);
reindexCommands(open);

test.each([[["rebucket", "start", "users", "--buckets", "4", "--yes"]], [["rebucket", "start", "users", "--buckets", "4", "--dry-run"]], [["rebucket", "status"]], [["rebucket", "abort", "--yes"]]])(
  "%j on a local file is wrong usage and says that it has no partitions",
  async (args) => {
    const { store, flags } = await open();
    await store.put(["users"], "k", { n: 1 });
    expect(await cli([...args, ...flags])).toMatchObject({ code: 2, output: "", errors: expect.stringMatching(/VALIDATION.*no partitions/) as string });
    expect(await cli([...args, "--json", ...flags])).toMatchObject({ code: 2, output: "" });
    await expect(store.rebucket({ namespace: ["users"], buckets: 4 })).rejects.toThrow(ValidationError);
    expect(await store.count([])).toBe(1);
  },
);

test("commands read the configuration file and its profile, and flags win over both", async () => {
  const [file, a, b] = ["scylladb-store.config.json", "a.db", "b.db"].map((name) => join(folder, name)) as [string, string, string];
  await writeFile(file, JSON.stringify({ path: a, profiles: { staging: { path: b } } }));
  for (const path of [a, b]) {
    const store = await ScyllaDBStore.embedded({ path });
    await store.put(["which"], "k", { path });
    await store.stop();
  }
  const pathBy = async (...flags: string[]): Promise<unknown> => JSON.parse((await cli(["get", "which", "k", "--json", "--config", file, ...flags])).output);
  expect(await pathBy()).toMatchObject({ value: { path: a } });
  expect(await pathBy("--profile", "staging")).toMatchObject({ value: { path: b } });
  expect(await pathBy("--profile", "staging", "--path", a)).toMatchObject({ value: { path: a } });
  const byVariable = await cli(["get", "which", "k", "--json"], { env: { SCYLLADB_STORE_CONFIG: file, SCYLLADB_STORE_PATH: b } });
  expect(JSON.parse(byVariable.output)).toMatchObject({ value: { path: b } });
});

test("a path without a store is an error that names the fix, and no file is created", async () => {
  const path = join(folder, "missing.db");
  expect(await cli(["ls", "--path", path])).toMatchObject({ code: 1, output: "", errors: expect.stringMatching(/no store at .*missing\.db.*migrate up/) as string });
  expect(await cli(["ls", "--path", path])).toMatchObject({ code: 1 });
});

test("wrong usage and a wrong configuration exit with 2 and say what is allowed", async () => {
  expect(await cli(["lss"])).toMatchObject({ code: 2, errors: expect.stringContaining("Did you mean") as string });
  expect(await cli(["get", "a"])).toMatchObject({ code: 2, errors: expect.stringContaining("missing required argument 'key'") as string });
  expect(await cli(["ls", "--limit", "x"])).toMatchObject({ code: 2 });
  expect(await cli(["ls", "--set", "cql.portt=1"])).toMatchObject({ code: 2, errors: expect.stringContaining("CQL__PORT") as string });
  expect(await cli(["ls"])).toMatchObject({ code: 2, errors: expect.stringContaining("must have cql") as string });
  expect(await cli(["ls", "--path", "x.db", "--embeddings", "./none.js"])).toMatchObject({ code: 2, errors: expect.stringContaining("could not be loaded") as string });
});

test("an unreachable server exits with 3", async () => {
  const server = ["--set", "cql.contactPoints=127.0.0.1:1", "--set", "cql.localDataCenter=dc", "--set", "cql.keyspace=k"];
  expect(await cli(["ls", ...server])).toMatchObject({ code: 3, output: "" });
});

test("doctor says what is wrong with a configuration, a missing store and a server that is away, each with its exit code", async () => {
  expect(await cli(["doctor", "--set", "pth=x"])).toMatchObject({ code: 2, output: expect.stringMatching(/✗ Configuration[^]*PATH[^]*→ /) as string });
  expect(await cli(["doctor", "--path", join(folder, "none.db")])).toMatchObject({ code: 1, output: expect.stringMatching(/✗ Connection[^]*migrate up/) as string });
  const server = ["--set", "cql.contactPoints=127.0.0.1:1", "--set", "cql.localDataCenter=dc", "--set", "cql.keyspace=k"];
  expect(await cli(["doctor", ...server])).toMatchObject({ code: 3, output: expect.stringMatching(/✓ Configuration[^]*✗ Connection[^]*Start the server/) as string });
});

test("migrate up creates the file that migrate status misses, and a dry run and status create nothing", async () => {
  const path = join(folder, "migrated.db");
  expect(await cli(["migrate", "status", "--path", path])).toMatchObject({ code: 1, errors: expect.stringContaining("does not exist") as string });
  expect(await cli(["migrate", "up", "--dry-run", "--path", path])).toMatchObject({ code: 0, errors: expect.stringContaining("would be applied") as string });
  expect(existsSync(path)).toBe(false);
  expect(await cli(["migrate", "up", "--path", path])).toMatchObject({ code: 2, errors: expect.stringContaining("--yes") as string });
  const ups = await Promise.all([1, 2, 3].map(() => cli(["migrate", "up", "--yes", "--path", path])));
  expect(ups.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(await cliJson(["migrate", "status", "--path", path])).toMatchObject({ exists: true, migrations: [{ state: "applied" }] });
  expect(await cli(["count", "--path", path])).toMatchObject({ code: 0, output: "0\n" });
});

test("migrate rejects a file of a newer version, and one of another program, and changes neither", async () => {
  const [newer, other] = [join(folder, "newer.db"), join(folder, "other.db")];
  await cli(["migrate", "up", "--yes", "--path", newer]);
  for (const [path, sql] of [[newer, "PRAGMA user_version = 99"], [other, "CREATE TABLE theirs (id INTEGER)"]] as const) {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  }
  expect(await cli(["migrate", "status", "--path", newer])).toMatchObject({ code: 1, errors: expect.stringContaining("upgrade") as string });
  expect(await cli(["migrate", "up", "--yes", "--path", newer])).toMatchObject({ code: 1, errors: expect.stringContaining("V99") as string });
  expect(await cli(["migrate", "up", "--yes", "--path", other])).toMatchObject({ code: 1, errors: expect.stringContaining("another program") as string });
});

test("the printed statements create a file that a store opens", async () => {
  const path = join(folder, "by-hand.db");
  const { output: statements } = await cli(["migrate", "print", "--path", path]);
  expect(existsSync(path)).toBe(false);
  const database = new DatabaseSync(path);
  database.exec(statements);
  database.close();
  expect(await cliJson(["migrate", "status", "--path", path])).toMatchObject({ migrations: [{ state: "applied" }] });
  expect(await cli(["put", "a", "k", '{"n":1}', "--path", path])).toMatchObject({ code: 0 });
});

test("commands do not create or change the tables of a file", async () => {
  const path = join(folder, "empty.db");
  await writeFile(path, "");
  for (const args of [["count"], ["doctor"], ["ls"], ["put", "a", "k", "{}"]]) {
    const { code, output: shown, errors } = await cli([...args, "--path", path]);
    expect([code, `${shown}${errors}`.includes("migrate up")], args.join(" ")).toEqual([1, true]);
  }
  expect((await readFile(path)).length).toBe(0);
});

test("a store that was stopped leaves no write to be completed: health and doctor find no backlog", async () => {
  const { store, flags } = await open();
  await store.batch(Array.from({ length: 300 }, (_, i) => ({ namespace: ["a"], key: `k${i}`, value: { text: `note ${i}` } })));
  await store.stop();
  expect(await cliJson(["health", ...flags])).toMatchObject({ status: "ok", backlog: { intents: 0 } });
});

test("the version is that of the package, and completion has a JSON form", async () => {
  expect((await cli(["--version"])).output).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await cliJson(["completion", "bash", "--json"])).toMatchObject({ shell: "bash", script: expect.stringContaining("_scylladb_store") as string });
});

test("flags that would have no effect are rejected", async () => {
  const { flags } = await open();
  expect(await cli(["search", "a", "--mode", "keyword", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("--query") as string });
  expect(await cli(["ls", "*.mia", "--keys", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("wildcards") as string });
  expect(await cli(["search", "a", "--order", "sideways", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining('"sideways"') as string });
});

test("an export that meets a full disk says so and continues once there is room", async () => {
  const { store, flags } = await open();
  for (let i = 0; i < 6; i += 1) await store.batch(Array.from({ length: 100 }, (_, k) => ({ namespace: ["a"], key: `k${i}-${k}`, value: { blob: "x".repeat(20_000) }, index: false as const })));
  await store.stop();
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const file = join(folder, "full.jsonl");
  const command = [process.execPath, main, "export", file, ...flags.slice(0, 2)].map((word) => `'${word}'`).join(" ");
  // A limit of the size of files stands for the disk, in blocks of 1,024 bytes.
  await expect(output("bash", ["-c", `ulimit -f 6000; exec ${command}`])).rejects.toThrow(/exited with 1: [^]*The export stopped: [^]*--resume/);
  expect(existsSync(file)).toBe(false);
  expect(await output("bash", ["-c", `exec ${command} --resume --json`])).toContain('"items":600');
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  expect([lines.length, new Set(lines).size]).toEqual([602, 602]);
});

test("an import that meets a full disk stops at its line instead of rejecting the rest, and continues once there is room", async () => {
  const { store, flags } = await open();
  await store.stop();
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const file = join(folder, "to-full-disk.jsonl");
  await writeFile(file, Array.from({ length: 500 }, (_, i) => `${JSON.stringify({ namespace: ["a"], key: `k${i}`, value: { blob: "x".repeat(20_000) } })}\n`).join(""));
  const command = [process.execPath, main, "import", file, ...flags.slice(0, 2)].map((word) => `'${word}'`).join(" ");
  // A limit of the size of files stands for the disk, in blocks of 1,024 bytes.
  const stopped = output("bash", ["-c", `ulimit -f 6000; exec ${command}`]);
  await expect(stopped).rejects.toThrow(/exited with [13]: [^]*continue with: scylladb-store import [^]*The import stopped at line [1-9]\d*: [^]* items were written and stay/);
  const { imported, unchanged } = JSON.parse(await output("bash", ["-c", `exec ${command} --json`])) as { imported: number; unchanged: number };
  expect([imported > 0, imported + unchanged]).toEqual([true, 500]);
});

test("an export whose store file is moved away half-way says so, and continues once it is back", async () => {
  const { store, flags } = await open();
  for (let i = 0; i < 8; i += 1) await store.batch(Array.from({ length: 100 }, (_, k) => ({ namespace: ["a"], key: `k${i}-${k}`, value: { blob: "x".repeat(20_000) }, index: false as const })));
  const [file, away] = [join(folder, "moved.jsonl"), join(folder, "away")];
  const path = flags[1] ?? "";
  await mkdir(away);
  const names = (await readdir(folder)).filter((name) => join(folder, name).startsWith(path));
  const moveAway = (): void => {
    for (const name of names) if (existsSync(join(folder, name))) renameSync(join(folder, name), join(away, name));
  };
  await expect(store.exportTo(file, { onProgress: moveAway })).rejects.toMatchObject({ message: expect.stringMatching(/The export stopped after [1-9]\d* items: .*moved.*The exported items are in .*moved\.jsonl\.part\. Continue with resume/) as string });
  await store.stop().catch(() => undefined);
  for (const name of await readdir(away)) renameSync(join(away, name), join(folder, name));
  expect(await cliJson(["export", file, "--resume", ...flags])).toMatchObject({ items: 800 });
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  expect([lines.length, new Set(lines).size]).toEqual([802, 802]);
});

test("help shows examples, and the completion of bash knows every command and its flags", async () => {
  expect((await cli(["search", "--help"])).output).toContain("Examples:\n  scylladb-store search users.mia --query");
  const script = join(folder, "completion.bash");
  await writeFile(script, (await cli(["completion", "bash"])).output);
  const complete = (...words: string[]): Promise<string> =>
    output("bash", ["-c", `source ${script}; COMP_WORDS=(scylladb-store ${words.map((word) => `"${word}"`).join(" ")}); COMP_CWORD=${words.length}; _scylladb_store; echo "\${COMPREPLY[*]}"`]);
  expect(await complete("re")).toBe("rebucket reindex repair reconcile restore\n");
  expect(await complete("search", "--que")).toBe("--query\n");
  expect(await complete("repair", "--dry")).toBe("--dry-run\n");
  expect((await cli(["completion", "zsh"])).output).toContain("bashcompinit");
  expect(await cli(["completion", "fish"])).toMatchObject({ code: 2 });
});

test("the program runs as a process, prints results alone on standard output, and exits with the code of its command", async () => {
  const { store, flags } = await open();
  await store.put(["a"], "k", { n: 1 });
  await store.stop();
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  expect(await output(process.execPath, [main, "count", "--json", ...flags.slice(0, 2)])).toBe('{"namespace":[],"items":1}\n');
  await expect(output(process.execPath, [main, "get", "a", "none", ...flags.slice(0, 2)])).rejects.toThrow("exited with 1");
});

test("Ctrl-C ends a command that runs as a process, and the command that it prints continues it", async () => {
  const { store, flags } = await open();
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const where = flags.slice(0, 2);
  const child = spawn(process.execPath, [main, "import", "-", ...where], { stdio: ["pipe", "ignore", "pipe"], env: { ...process.env, NODE_OPTIONS: "" } });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const exit = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const source = await open();
  await source.store.batch(Array.from({ length: 500 }, (_, k) => ({ namespace: ["a", "b c"], key: `k${k}`, value: { n: k }, index: false as const })));
  const file = join(folder, "half.jsonl");
  await cli(["export", file, ...source.flags]);
  const text = await readFile(file, "utf8");
  // The input stays open: the command waits for more lines when it is interrupted.
  child.stdin.on("error", () => undefined).write(text.slice(0, text.lastIndexOf('{"end"')));
  await expect.poll(() => store.count([])).toBeGreaterThanOrEqual(100);
  child.kill("SIGINT");
  expect(await exit).toBe(130);
  expect(errors).toContain(`What was imported stays. Give the same input again. Continue with: scylladb-store import - ${where.join(" ")}`);
  const { imported, unchanged } = await cliJson<{ imported: number; unchanged: number }>(["import", file, ...flags]);
  expect([unchanged >= 100, imported + unchanged]).toEqual([true, 500]);
});
