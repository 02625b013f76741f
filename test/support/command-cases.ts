/** One case for every command, whichever backend the store is on. A command without a case fails a test. */
import { readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { cli, cliJson } from "./cli.ts";
import type { CliStore } from "./cli-use.ts";

/** Kind of the backend. */
type Kind = "file" | "servers";

/** What a case works with: a store with the items `base.mia/food` and `base.ana/food`, which no case changes. */
interface Given {
  readonly store: ScyllaDBStore;
  readonly flags: readonly string[];
  readonly folder: string;
  readonly kind: Kind;
}

type Case = (given: Given) => Promise<void>;

const YES = "--yes";

/** A command that only servers have: on a local file it is wrong usage, and says why. */
function onServersOnly(args: readonly string[], reason: RegExp, onServers: Case): Case {
  return async (given) => {
    if (given.kind === "servers") return onServers(given);
    expect(await cli([...args, ...given.flags])).toMatchObject({ code: 2, output: "", errors: expect.stringMatching(reason) as string });
  };
}

const NO_PARTITIONS = /no partitions/;

const CASES: Readonly<Record<string, Case>> = {
  async init({ folder, kind }) {
    const project = join(folder, "project");
    expect(await cliJson(["init", project, "--backend", kind])).toMatchObject({ written: expect.arrayContaining(["scylladb-store.config.mjs", "agent.mjs"]) as string[] });
    expect(await readFile(join(project, "scylladb-store.config.mjs"), "utf8")).toContain(kind === "servers" ? "cql" : "path");
  },
  async doctor({ flags }) {
    expect(await cli(["doctor", ...flags])).toMatchObject({ code: 0, output: expect.stringMatching(/✓ Configuration[^]*✓ Reads/) as string });
  },
  async "migrate status"({ flags }) {
    expect(await cli(["migrate", "status", ...flags])).toMatchObject({ code: 0, output: expect.stringContaining("applied") as string });
  },
  async "migrate up"({ flags, store }) {
    expect(await cli(["migrate", "up", YES, ...flags])).toMatchObject({ code: 0 });
    expect(await store.count(["base"])).toBe(2);
  },
  async "migrate print"({ flags }) {
    expect(await cli(["migrate", "print", ...flags])).toMatchObject({ code: 0, output: expect.stringMatching(/CREATE TABLE/i) as string });
  },
  async ls({ flags }) {
    expect(await cli(["ls", "base", ...flags])).toMatchObject({ code: 0, output: expect.stringMatching(/ana\n.*mia/s) as string });
  },
  async get({ flags }) {
    expect(await cliJson(["get", "base.mia", "food", ...flags])).toMatchObject({ value: { text: "likes curry" } });
  },
  async put({ flags, store }) {
    expect(await cli(["put", "put", "k", '{"text":"new"}', ...flags])).toMatchObject({ code: 0 });
    expect((await store.get(["put"], "k"))?.value).toEqual({ text: "new" });
  },
  async rm({ flags, store }) {
    await store.put(["rm"], "k", { text: "old" });
    expect(await cli(["rm", "rm", "k", YES, ...flags])).toMatchObject({ code: 0 });
    expect(await store.get(["rm"], "k")).toBeNull();
  },
  async search({ flags }) {
    expect(await cliJson(["search", "base", "--query", "curry", ...flags])).toMatchObject({ results: [{ namespace: ["base", "mia"] }, {}] });
  },
  async count({ flags }) {
    expect(await cli(["count", "base", ...flags])).toMatchObject({ code: 0, output: "2\n" });
  },
  async health({ flags }) {
    expect(await cliJson(["health", ...flags])).toMatchObject({ status: "ok" });
  },
  async stats({ flags }) {
    expect(await cliJson(["stats", ...flags])).toBeTypeOf("object");
  },
  async repair({ flags }) {
    expect(await cliJson(["repair", "--dry-run", ...flags])).toMatchObject({ failed: 0, unreadable: 0, dryRun: true });
  },
  async reconcile({ flags }) {
    expect((await cli(["reconcile", ...flags])).code).toBe(0);
  },
  async sweep({ flags }) {
    expect((await cli(["sweep", ...flags])).code).toBe(0);
  },
  async "reindex start"({ flags }) {
    expect(await cli(["reindex", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("index.next") as string });
  },
  async "reindex status"({ flags }) {
    expect(await cliJson(["reindex", "status", ...flags])).toMatchObject({ active: { number: 1 }, next: null, previous: null });
  },
  async "reindex switch"({ flags }) {
    expect(await cli(["reindex", "switch", ...flags])).toMatchObject({ code: 2, output: "" });
  },
  async "reindex abort"({ flags }) {
    expect(await cliJson(["reindex", "abort", YES, ...flags])).toMatchObject({ generation: null });
  },
  async "reindex cleanup"({ flags }) {
    expect(await cliJson(["reindex", "cleanup", YES, ...flags])).toMatchObject({ generation: null });
  },
  async export({ flags, folder }) {
    const file = join(folder, "items.jsonl");
    expect(await cliJson(["export", file, "--prefix", "base", ...flags])).toMatchObject({ items: 2 });
    expect(await readFile(file, "utf8")).toContain("likes curry");
  },
  async import({ flags, folder, store }) {
    const file = join(folder, "to-import.jsonl");
    await store.exportTo(file, { prefix: ["base"] });
    expect(await cliJson(["import", file, ...flags])).toMatchObject({ rejected: 0 });
    expect(await store.count(["base"])).toBe(2);
  },
  async backup({ flags, folder }) {
    expect(await cliJson(["backup", join(folder, "backup"), "--prefix", "base", ...flags])).toMatchObject({ items: 2 });
  },
  async restore({ flags, folder, store }) {
    const backup = join(folder, "to-restore");
    await store.backup(backup, { prefix: ["base"] });
    expect(await cliJson(["restore", backup, YES, ...flags])).toMatchObject({ rejected: 0, complete: true });
  },
  async erase({ flags, store }) {
    await store.put(["erase", "mia"], "k", { text: "personal" });
    expect(await cliJson(["erase", "--prefix", "erase", YES, ...flags])).toMatchObject({ complete: true, erased: { items: 1 } });
  },
  async "rebucket start"(given) {
    await onServersOnly(["rebucket", "base", "--buckets", "2", YES], NO_PARTITIONS, async ({ flags, store }) => {
      expect(await cliJson(["rebucket", "base", "--buckets", "2", YES, ...flags])).toMatchObject({ namespaces: 2, records: 2, rules: [{ namespace: ["base"], buckets: 2 }] });
      expect(await store.count(["base"])).toBe(2);
    })(given);
  },
  async "rebucket status"(given) {
    await onServersOnly(["rebucket", "status"], NO_PARTITIONS, async ({ flags }) => {
      expect(await cliJson(["rebucket", "status", ...flags])).toMatchObject({ change: null });
    })(given);
  },
  async "rebucket abort"(given) {
    await onServersOnly(["rebucket", "abort", YES], NO_PARTITIONS, async ({ flags }) => {
      expect(await cliJson(["rebucket", "abort", YES, ...flags])).toEqual({ aborted: false, dryRun: false });
    })(given);
  },
  async mcp({ flags }) {
    const initialize = { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-03-26", capabilities: {}, clientInfo: { name: "test", version: "1" } } };
    const { code, output } = await cli(["mcp", "--root", "base/mia", ...flags], { input: `${JSON.stringify(initialize)}\n` });
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('"serverInfo"') as string });
  },
  async completion() {
    expect(await cli(["completion", "bash"])).toMatchObject({ code: 0, output: expect.stringContaining("rebucket start") as string });
  },
};

/** Commands that wait for leases: each runs on its own store, while other tests run. */
const WAITING = ["rebucket start"];

/** Registers one test for every command on one backend. @param open - opens a store until the end of the file */
export function everyCommand(kind: Kind, open: () => Promise<CliStore>): void {
  const folders: string[] = [];
  let shared: Given;
  const prepare = async (): Promise<Given> => {
    const folder = await mkdtemp(join(tmpdir(), "commands-"));
    folders.push(folder);
    const { store, flags } = await open();
    await store.put(["base", "mia"], "food", { text: "likes curry" });
    await store.put(["base", "ana"], "food", { text: "likes soup" });
    return { store, flags, folder, kind };
  };
  beforeAll(async () => {
    shared = await prepare();
  });
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  const names = COMMANDS.map(({ name }) => name);
  test("every command has a case", () => {
    expect(Object.keys(CASES).toSorted()).toEqual(names.toSorted());
    expect(names).toEqual(expect.arrayContaining(WAITING));
  });

  test.each(names.filter((name) => !WAITING.includes(name)))("the command %s works on this backend", async (name) => {
    await CASES[name]?.(shared);
  });

  test.concurrent.each(WAITING)("the command %s works on this backend", async (name) => {
    await CASES[name]?.(await prepare());
  });
}
