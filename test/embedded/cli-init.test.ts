/** `init` on real folders. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, cliJson } from "../support/cli.ts";
import { output } from "../support/program-output.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "init-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("init writes a project whose agent runs and whose store the commands open, and keeps files that exist", async () => {
  // Within the repository: there the packages of the project are found.
  const project = await mkdtemp(fileURLToPath(new URL("../../.init-", import.meta.url)));
  try {
    await writeFile(join(project, ".gitignore"), "mine\n");
    expect(await cliJson(["init", project, "--dry-run"])).toMatchObject({ written: [], kept: [".gitignore"] });
    expect(await cliJson(["init", project])).toMatchObject({ written: ["package.json", "scylladb-store.config.mjs", ".env", "agent.mjs"], kept: [".gitignore"] });
    expect(await cliJson(["init", project])).toMatchObject({ written: [] });
    expect(await readFile(join(project, ".gitignore"), "utf8")).toBe("mine\n");
    const sources = fileURLToPath(new URL("../support/use-sources.ts", import.meta.url));
    const run = (...args: string[]): Promise<string> => output(process.execPath, ["--import", sources, ...args], project);
    expect(await run("--env-file=.env", "agent.mjs")).toContain("user   What should I cook for you?\nagent  My favorite food is spicy Thai curry.");
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    expect(await run(main, "ls")).toBe("users\n  mia\n    memories\n");
    expect(await run(main, "search", "users.mia", "--query", "sport", "--limit", "1")).toContain("tennis");
  } finally {
    await rm(project, { recursive: true });
  }
  expect(await cliJson(["init", join(folder, "servers"), "--backend", "servers", "--embedder", "openai"])).toMatchObject({ written: expect.arrayContaining(["compose.yml"]) as string[] });
  expect(await cli(["init", join(folder, "x"), "--backend", "mongo"])).toMatchObject({ code: 2 });
});

test("init into an existing project names the packages to install, how to run the agent, and what its files lack", async () => {
  const project = join(folder, "existing");
  await mkdir(project);
  await writeFile(join(project, "package.json"), '{"scripts":{"start":"node own.js"}}');
  await writeFile(join(project, ".env"), "MINE=1\n");
  await writeFile(join(project, ".gitignore"), "*.db-shm\n");
  const { code, errors } = await cli(["init", project, "--embedder", "openai"]);
  expect(code).toBe(0);
  expect(errors).toMatch(/Next: cd .*existing && npm install (?=.*@langchain\/openai)(?=.*langgraph-store-scylladb).* && node --env-file=\.env agent\.mjs\n/);
  expect(errors).toContain(".env was kept. Add to it: OPENAI_API_KEY=");
  expect(errors).toContain(".gitignore was kept. Add to it: node_modules/, .env, *.db, *.db-wal\n");
  expect((await cli(["init", join(folder, "local"), "--dry-run"])).code).toBe(0);
  expect(await cli(["init", join(folder, "quoted"), "--keyspace", 'bad"name'])).toMatchObject({ code: 2, errors: expect.stringContaining("--keyspace must begin with a letter") as string });
});
