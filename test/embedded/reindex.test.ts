import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { test, type TestContext } from "vitest";
import { FixedEmbeddings } from "../support/fixed-embeddings.ts";
import { reindexUse } from "../support/reindex-use.ts";
import { openReindexed } from "../fault/drills/reindex-config.ts";
import { reindexUnderLoad } from "../fault/drills/reindex.ts";
import { PATIENT } from "../support/patient.ts";

const CLEANUP = fileURLToPath(new URL("./reindex-cleanup-child.ts", import.meta.url));
const SOURCES = fileURLToPath(new URL("../support/use-sources.ts", import.meta.url));

/** Tables of the file that hold vectors. */
function pointTables(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'points*' ORDER BY name").all().map(({ name }) => String(name));
  } finally {
    database.close();
  }
}

async function newFolder({ onTestFinished }: Pick<TestContext, "onTestFinished">): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "reindex-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

reindexUse(() => {
  const folder = mkdtempSync(join(tmpdir(), "reindex-"));
  const path = join(folder, "store.db");
  return {
    open: (options) => ScyllaDBStore.embedded({ ...options, path }),
    reload: (store, options) => store.reload({ ...options, path }),
    vectors: async () => pointTables(path),
    dispose: () => rm(folder, { recursive: true }),
  };
});

test.concurrent("two processes share a file during a reindex that is killed twice: no write is lost, and no search fails, is degraded or misses its item", async (context) => {
  const { expect } = context;
  const folder = await newFolder(context);
  const report = await reindexUnderLoad({ path: join(folder, "store.db") }, { items: 600, textsPerSecond: 500 }, () => {});
  expect(report).toMatchObject({ kills: 2, faults: [], lost: [], differences: 0, report: { switched: true, failed: 0, unreadable: 0 } });
  expect(report.searches.before).toBeGreaterThan(0);
  expect(report.searches.after).toBeGreaterThan(0);
  expect(report.writes).toBeGreaterThan(0);
});

test.concurrent("a running store of a temporary file gets the next index by a reload, and keeps its items", async (context) => {
  const { expect } = context;
  const index = { dims: 64, embeddings: new HashEmbeddings({ dims: 64 }), model: "old", fields: ["text"] };
  await using store = await ScyllaDBStore.embedded({ path: ":memory:", limits: PATIENT, index });
  await store.put(["a"], "one", { text: "an ostrich by the river" });
  await store.put(["a"], "two", { text: "a heron on the roof" });
  await store.reload({ path: ":memory:", limits: PATIENT, index: { ...index, next: { dims: 32, embeddings: new HashEmbeddings({ dims: 32 }), model: "new" } } });
  expect(await store.reindex()).toMatchObject({ items: 2, switched: true });
  expect(await store.reindexStatus()).toMatchObject({ active: { number: 2, model: "new", dims: 32 }, previous: { number: 1, model: "old" } });
  const found = await store.search(["a"], { query: "ostrich river", limit: 1 });
  expect(found.info).toMatchObject({ degraded: false, source: "index" });
  expect(found[0]?.key).toBe("one");
});

test.concurrent("a cleanup whose process is killed is completed by the next one", async (context) => {
  const { expect } = context;
  const path = join(await newFolder(context), "store.db");
  const { store } = await openReindexed({ path });
  context.onTestFinished(() => store.stop());
  await store.put(["a"], "one", { text: "an ostrich" });
  await store.reindex();
  const child = spawn(process.execPath, ["--import", SOURCES, CLEANUP, path], { stdio: "inherit", env: { ...process.env, NODE_OPTIONS: "" } });
  const ended = once(child, "exit");
  // It then waits until no process writes to that index.
  await expect.poll(async () => (await store.reindexStatus()).previous, { interval: 20 }).toBeNull();
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
  expect(pointTables(path)).toEqual(["points", "points_g2"]);
  expect(await store.reindexCleanup()).toEqual({ generation: 1, collections: ["points", "term_counts", "term_changes"] });
  expect(pointTables(path)).toEqual(["points_g2"]);
  expect((await store.search(["a"], { query: "ostrich" }))[0]).toMatchObject({ key: "one", score: expect.any(Number) as number });
});

test.concurrent("after the cleanup, neither vectors nor terms of the index before are in the file or its free pages", async (context) => {
  const { expect } = context;
  const path = join(await newFolder(context), "store.db");
  const vector = [0.123456789, -0.987654321, 0.55555, 7.25];
  const secret = Buffer.from(new Float32Array(vector).buffer);
  const index = { dims: 4, embeddings: new FixedEmbeddings({ "a zyzzyva": vector, other: [1, 2, 3, 4] }), model: "old", fields: ["text"] };
  const next = { dims: 2, embeddings: new FixedEmbeddings({ "a zyzzyva": [1, 0], other: [0, 1] }), model: "new", keyword: false as const };
  const store = await ScyllaDBStore.embedded({ path, limits: PATIENT, index: { ...index, next } });
  await store.put(["a"], "one", { text: "a zyzzyva" });
  const terms = (): Buffer => {
    const database = new DatabaseSync(path, { readOnly: true });
    const row = database.prepare("SELECT terms FROM points").get();
    database.close();
    return Buffer.from(row?.["terms"] as Uint8Array);
  };
  const stored = terms();
  const holds = async (bytes: Buffer): Promise<boolean> => (await Promise.all([path, `${path}-wal`].map((file) => readFile(file).catch(() => Buffer.alloc(0))))).some((content) => content.includes(bytes));
  expect([await holds(secret), await holds(stored)]).toEqual([true, true]);
  await store.reindex();
  await store.reindexCleanup();
  // The last process empties the log.
  await store.stop();
  expect([await holds(secret), await holds(stored)]).toEqual([false, false]);
  expect(pointTables(path)).toEqual(["points_g2"]);
});
