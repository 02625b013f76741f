import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { decodeValue } from "../../src/model/value-codec.ts";
import { present, upTo } from "../../src/testing/expectations.ts";

const WRITER = fileURLToPath(new URL("./sqlite-writer.ts", import.meta.url));

let path: string;
let directory: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sqlite-processes-"));
  path = join(directory, "store.db");
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  await rm(directory, { recursive: true });
});

interface Writer {
  readonly child: ChildProcess;
  /** Keys that it has reported as acknowledged. */
  readonly acknowledged: string[];
  /** Resolves with its exit code, null if it was killed, after all its output has been read. */
  readonly ended: Promise<number | null>;
  /** Resolves when it has reported this number of keys. */
  said(count: number): Promise<void>;
}

function startWriter(name: string, count: number, end: "stop" | "idle" = "stop"): Writer {
  const child = spawn(process.execPath, [WRITER, path, name, String(count), end], {
    stdio: ["ignore", "pipe", "inherit"],
    // Do not pass the test runner's flags.
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  children.push(child);
  const acknowledged: string[] = [];
  const lines = createInterface({ input: present(child.stdout) });
  let onLine = (): void => undefined;
  lines.on("line", (line) => {
    acknowledged.push(line);
    onLine();
  });
  const ended = Promise.all([once(child, "exit"), once(lines, "close")]).then(([[code]]) => code as number | null);
  const said = (wanted: number): Promise<void> =>
    new Promise((resolve, reject) => {
      onLine = () => {
        if (acknowledged.length >= wanted) resolve();
      };
      onLine();
      void ended.then((code) => reject(new Error(`the writer ended with ${String(code)} before it said ${wanted} keys`)));
    });
  return { child, acknowledged, ended, said };
}

/** Reads the items of acknowledged keys, and fails unless each exists and is correct. */
async function expectAll(keys: readonly string[]): Promise<void> {
  const backend = new SqliteBackend({ path, dims: 3 });
  await backend.start();
  try {
    const records = await backend.items.get(keys.map((key) => ({ namespace: "processes", key })));
    expect(keys.filter((_, i) => records[i] === null)).toEqual([]);
    expect(records.map((record) => decodeValue(present(present(record).value))["key"])).toEqual(keys);
    const query = { vector: [1, 0, 0], prefix: "processes", filter: null, limit: 100_000 };
    const hits = await present(backend.vectors).query(query);
    expect(hits.map(({ key }) => key)).toEqual(expect.arrayContaining([...keys]));
  } finally {
    await backend.stop();
  }
}

describe("several processes on one file", () => {
  test("set it up and write to it concurrently", async () => {
    const writers = upTo(3).map((n) => startWriter(`writer ${n}`, 200));
    expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const keys = writers.flatMap(({ acknowledged }) => acknowledged);
    expect(keys).toHaveLength(600);
    await expectAll(keys);
  });

  test("keep every acknowledged write of a process that is killed while writing", async () => {
    for (const round of upTo(3)) {
      const victim = startWriter(`victim ${round}`, 1_000_000);
      const other = startWriter(`other ${round}`, 150);
      await victim.said(100 + 40 * round);
      victim.child.kill("SIGKILL");
      expect(await victim.ended).toBeNull();
      expect(await other.ended).toBe(0);
      await expectAll([...victim.acknowledged, ...other.acknowledged]);
    }
  });

  test("a store works in a process with flags that threads do not support", async () => {
    const index = new URL("../../src/backends/sqlite/index.ts", import.meta.url).href;
    const script = `
      const { SqliteBackend } = await import(${JSON.stringify(index)});
      const backend = new SqliteBackend({ path: ${JSON.stringify(path)}, dims: null });
      await backend.start();
      await backend.stop();`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" });
    children.push(child);
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("an idle store does not keep its process alive", async () => {
    expect(await startWriter("idle", 5, "idle").ended).toBe(0);
  });
});
