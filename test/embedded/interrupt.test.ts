/** Ctrl-C: every long command, run as a process, stops at a real SIGINT, exits with 130 and prints the command that completes it. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ScyllaDBStore, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { cli } from "../support/cli.ts";

/** Enough for a command to take many turns of the event loop: a signal arrives in one of the next. */
const ITEMS = 5_000;
const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "interrupt-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A configuration whose codec interrupts its process at the given call: the command is then in the middle of its work. */
const CONFIG = `
  let calls = 0;
  const after = Number(process.env.INTERRUPT_AFTER ?? Infinity);
  const called = (bytes) => {
    calls += 1;
    if (calls === after) process.kill(process.pid, "SIGINT");
    return bytes;
  };
  export default {
    path: STORE_PATH,
    limits: { maxLimit: 100 },
    index: { dims: 2, model: "fixed", embeddings: { embedDocuments: async (texts) => texts.map(() => [1, 0]), embedQuery: async () => [1, 0] } },
    codec: { start: () => void (after === 0 && process.kill(process.pid, "SIGINT")), encode: called, decode: called },
  };`;

interface Case {
  readonly command: string;
  readonly args: (place: string) => readonly string[];
  /** Fills the store, and prepares what the command reads. */
  readonly prepare?: (open: Open, place: string) => Promise<void>;
  /** Call of the codec that interrupts; 0 at the start. */
  readonly after?: number;
  /** What the interrupted run says that it leaves. */
  readonly says?: string;
  /** What a completed run prints. */
  readonly completes: RegExp;
}

type Open = (config?: Partial<EmbeddedStoreConfig>) => Promise<ScyllaDBStore>;

const puts = (namespace: string, ttl?: number) =>
  Array.from({ length: ITEMS }, (_, i) => ({ namespace: [namespace], key: `k${String(i).padStart(4, "0")}`, value: { text: `t${i % 7}` }, ...(ttl === undefined ? {} : { ttl }) }));

async function fill(open: Open): Promise<void> {
  const store = await open();
  await store.batch(puts("a"));
  await store.stop();
}

async function exported(open: Open, place: string, command: "export" | "backup"): Promise<void> {
  const store = await open({ path: `${place}.from.db` });
  await store.batch(puts("a"));
  if (command === "export") await store.exportTo(`${place}.jsonl`);
  else await store.backup(`${place}.backup`);
  await store.stop();
  await (await open()).stop();
}

const CASES: readonly Case[] = [
  // Of so many puts, the first ones are acknowledged by then.
  { command: "import", after: 300, args: (place) => ["import", `${place}.jsonl`], prepare: (open, place) => exported(open, place, "export"), says: "What was imported stays.", completes: /items +5,000/ },
  { command: "export", args: (place) => ["export", `${place}.out.jsonl`], completes: /items +5,000/ },
  { command: "backup", args: (place) => ["backup", `${place}.out`], completes: /items +5,000/ },
  { command: "restore", args: (place) => ["restore", `${place}.backup`, "--yes"], prepare: (open, place) => exported(open, place, "backup"), says: "What was restored stays.", completes: /items +5,000/ },
  { command: "repair", args: () => ["repair"], says: "What was repaired stays repaired.", completes: /failed +0/ },
  {
    command: "sweep",
    args: () => ["sweep"],
    async prepare(open) {
      const store = await open();
      const before = Date.now() - 3_600_000;
      const clock = vi.spyOn(Date, "now").mockImplementation(() => before);
      // Until it has stopped: it would remove the vectors of writes that have expired.
      await store.batch(puts("a", 1)).finally(() => store.stop()).finally(() => clock.mockRestore());
    },
    says: "What was removed stays removed.",
    completes: /points +[1-9]/,
  },
  {
    command: "reconcile",
    args: () => ["reconcile"],
    async prepare(open) {
      const embeddings = { embedDocuments: () => Promise.reject(new Error("The provider is down.")), embedQuery: () => Promise.resolve([1, 0]), model: "fixed" };
      const store = await open({ index: { dims: 2, embeddings, model: "fixed" }, embeddingFailure: "store-unindexed" });
      await store.batch(puts("a"));
      await store.stop();
    },
    says: "Completed writes stay completed.",
    completes: /failed +0/,
  },
  { command: "erase", args: () => ["erase", "--prefix", "a", "--yes"], says: "What was erased stays erased.", completes: /complete +true/ },
  { command: "count", args: () => ["count", "a"], says: "Nothing was counted.", completes: /^5000$/m },
  { command: "stats", args: () => ["stats"], after: 0, completes: /operations/ },
];

test.each(CASES)("$command stops at SIGINT in the middle of its work, and the command that it prints completes it", async ({ command, args, prepare = fill, after = 20, says = "", completes }) => {
  const place = join(folder, command);
  const config = `${place}.config.mjs`;
  await writeFile(config, CONFIG.replace("STORE_PATH", JSON.stringify(`${place}.db`)));
  const { default: given } = (await import(pathToFileURL(config).href)) as { default: EmbeddedStoreConfig };
  await prepare((own = {}) => ScyllaDBStore.embedded({ ...given, ...own }), place);
  const flags = [...args(place), "--config", config];
  const child = spawn(process.execPath, [main, ...flags], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_OPTIONS: "", INTERRUPT_AFTER: String(after) } });
  let errors = "";
  child.stdout.resume();
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  expect({ code, errors }).toMatchObject({ code: 130, errors: expect.stringMatching(/Continue with: scylladb-store .*\nInterrupted\.\n$/) as string });
  expect(errors).toContain(`${says}${says === "" ? "" : " "}Continue with: scylladb-store ${command} `);
  const next = /Continue with: scylladb-store (.*)/.exec(errors)?.[1]?.split(" ") ?? [];
  const done = await cli(next);
  expect(done).toMatchObject({ code: 0, output: expect.stringMatching(completes) as string });
});
