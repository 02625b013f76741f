/** Follows docs/cli.md from a packed tarball in an empty folder, and compares what each command prints with the page. */
import { execFile } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { dropCollections, dropKeyspace, uniqueName } from "../support/stores.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGE = "langgraph-store-scylladb";
const servers = inject("servers");
const keyspace = uniqueName("page");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-page-"));
  await installPackage();
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

/** Installs the tarball as `npm install` does; its dependencies are those of this repository. */
async function installPackage(): Promise<void> {
  await buildIfStale();
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: ROOT });
  const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, PACKAGE), { recursive: true });
  await run("tar", ["-xzf", join(folder, tarball), "-C", join(modules, PACKAGE), "--strip-components", "1"]);
  await rm(join(folder, tarball));
  for (const name of await readdir(join(ROOT, "node_modules"))) {
    if (!name.startsWith(".") && name !== PACKAGE) await symlink(join(ROOT, "node_modules", name), join(modules, name));
  }
  const bin = join(folder, "node_modules", ".bin");
  await mkdir(bin);
  await symlink(process.execPath, join(bin, "node"));
  for (const name of ["scylladb-store", PACKAGE]) await symlink(join(modules, PACKAGE, "dist/cli/main.mjs"), join(bin, name));
}

async function buildIfStale(): Promise<void> {
  const builtAt = statSync(join(ROOT, "dist/cli/main.mjs"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isStale = globSync("src/**/*.ts", { cwd: ROOT }).some((path) => statSync(join(ROOT, path)).mtimeMs > builtAt);
  if (isStale) await run("npm", ["run", "build"], { cwd: ROOT });
}

interface Step {
  readonly script: string;
  readonly expected: string;
}

/** The blocks marked "run", each with the output that follows it. */
async function steps(): Promise<Step[]> {
  const page = await readFile(join(ROOT, "docs/cli.md"), "utf8");
  return [...page.matchAll(/<!-- run -->\n```sh\n([^`]*)```\n\n```text\n([^`]*)```/g)].map(([, script = "", expected = ""]) => ({ script, expected }));
}

/** The text with "…" for anything within a line, and for any lines where it stands alone. */
function pattern(expected: string): RegExp {
  const lines = expected.trimEnd().split("\n");
  const text = lines.map((line) => (line === "…" ? "(?:.*\\n)*?" : `${line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}\n`)).join("");
  return new RegExp(`^${text}$`);
}

/** The output of `doctor` without its correct warning that the local embedder is slow while the machine is busy. */
function withoutSlowEmbedder(output: string): string {
  return output.replace(/^! (Embedder +512 dimensions in \d+ ms\n) +→ Every search waits for this: .*\n/m, "✓ $1");
}

test("every command of docs/cli.md prints what the page says, from an empty folder to a cluster", async () => {
  const all = await steps();
  expect(all.length).toBeGreaterThan(6);
  const { cql, qdrant } = servers;
  const onServers = {
    SCYLLADB_STORE_CQL__CONTACT_POINTS: cql.contactPoints.join(","),
    SCYLLADB_STORE_CQL__LOCAL_DATA_CENTER: cql.localDataCenter,
    SCYLLADB_STORE_CQL__KEYSPACE: keyspace,
    SCYLLADB_STORE_QDRANT__URL: qdrant.url,
    ...(cql.credentials === undefined ? {} : { SCYLLADB_STORE_CQL__CREDENTIALS__USERNAME: cql.credentials.username, SCYLLADB_STORE_CQL__CREDENTIALS__PASSWORD: cql.credentials.password }),
    ...(qdrant.apiKey === undefined ? {} : { SCYLLADB_STORE_QDRANT__API_KEY: qdrant.apiKey }),
  };
  for (const { script, expected } of all) {
    const env = {
      ...process.env,
      NODE_OPTIONS: "",
      PATH: `${join(folder, "node_modules/.bin")}:${process.env["PATH"]}`,
      ...(script.startsWith("cd servers") ? onServers : {}),
    };
    const { stdout } = await run("bash", ["-ec", script.replaceAll("npx ", "")], { cwd: folder, env }).catch((error: unknown) => {
      throw new Error(`${script} failed: ${(error as { readonly stderr?: string }).stderr}`, { cause: error });
    });
    expect(withoutSlowEmbedder(stdout), script).toMatch(pattern(expected));
  }
});
