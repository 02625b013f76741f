/** Generations of the index in a local file, as its ports show them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import type { ItemRecord } from "../../src/model/item.ts";
import type { VectorIndex } from "../../src/ports/vector-index.ts";
import { recordOf } from "../../src/testing/records.ts";

const ALL = { prefix: "", filter: null, limit: 10 } as const;

async function start(now = () => Date.now()): Promise<SqliteBackend> {
  const folder = await mkdtemp(join(tmpdir(), "sqlite-generations-"));
  const backend = new SqliteBackend({ path: join(folder, "store.db"), dims: null, now });
  onTestFinished(async () => {
    await backend.stop();
    await rm(folder, { recursive: true });
  });
  await backend.start();
  return backend;
}

async function write(index: VectorIndex, { namespace, key, version, writeId }: ItemRecord, vector: readonly number[]): Promise<void> {
  const [outcome] = await index.upsert([{ namespace, key, version, writeId, vectors: [vector], termWeights: null, value: {}, expiresAt: null }]);
  expect(outcome).toMatchObject({ status: "fulfilled" });
}

async function put(backend: SqliteBackend, record: ItemRecord): Promise<ItemRecord> {
  expect(await backend.items.put([record])).toMatchObject([{ status: "fulfilled" }]);
  return record;
}

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sqlite-generations-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "store.db");
}

test("each generation has dims, a metric and vectors of its own", async () => {
  const backend = await start();
  const first = backend.index({ dims: 2, metric: "cosine" });
  const second = backend.index({ dims: 3, metric: "dot" });
  await second.startGeneration(2);
  const [one, two] = [await put(backend, recordOf("a", "one")), await put(backend, recordOf("a", "two"))];
  await write(first, one, [3, 4]);
  await write(first, two, [4, 3]);
  await write(second, two, [10, 0, 0]);
  expect((await first.query({ ...ALL, vector: [3, 4] })).map(({ key }) => key)).toEqual(["one", "two"]);
  expect((await second.query({ ...ALL, vector: [2, 0, 0] })).map(({ key, score }) => [key, score])).toEqual([["two", 20]]);
  expect(await second.stored([one, two])).toEqual([null, { version: two.version, writeId: two.writeId }]);
  await second.remove([two]);
  expect(await first.stored([two])).not.toEqual([null]);
  expect((await second.scan(null, 10)).found).toEqual([]);
});

test("a generation that was dropped is not created again, and its late writes fail alone", async () => {
  const backend = await start();
  const [first, second] = [backend.index({ dims: 2, metric: "cosine" }), backend.index({ dims: 2, metric: "cosine" })];
  await second.startGeneration(2);
  const record = await put(backend, recordOf("a", "one"));
  await write(second, record, [1, 0]);
  expect(await backend.dropGeneration(2)).toEqual(["points_g2", "term_counts_g2", "term_changes_g2"]);
  expect(await backend.dropGeneration(2)).toEqual(["points_g2", "term_counts_g2", "term_changes_g2"]);
  const { namespace, key, version, writeId } = record;
  const late = second.upsert([{ namespace, key, version, writeId, vectors: [[1, 0]], termWeights: null, value: {}, expiresAt: null }]);
  const [[refused]] = await Promise.all([late, write(first, record, [1, 0])]);
  expect(refused).toMatchObject({ status: "rejected", reason: { code: "UNAVAILABLE", retryable: true } });
  await expect(second.query({ ...ALL, vector: [1, 0] })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(second.startGeneration(2)).rejects.toMatchObject({ code: "SCHEMA", message: expect.stringContaining("was removed") as string });
  expect(await first.query({ ...ALL, vector: [1, 0] })).toHaveLength(1);
});

test("a drop deletes more rows than one of its transactions does, beside writes", async () => {
  const backend = await start();
  const second = backend.index({ dims: 2, metric: "cosine" });
  await second.startGeneration(2);
  const records = Array.from({ length: 8_000 }, (_, i) => recordOf("a", `k${i}`));
  await second.upsert(records.map(({ namespace, key, version, writeId }) => ({ namespace, key, version, writeId, vectors: [[1, 0]], termWeights: null, value: {}, expiresAt: null })));
  const dropping = backend.dropGeneration(2);
  await put(backend, recordOf("a", "meanwhile"));
  await dropping;
  await expect(second.scan(null, 10)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(second.startGeneration(2)).rejects.toMatchObject({ code: "SCHEMA" });
});

test("sweeps, flags and the registry of namespaces apply to every generation", async () => {
  let time = Date.now();
  const backend = await start(() => time);
  const { items } = backend;
  const [first, second] = [backend.index({ dims: 2, metric: "cosine" }), backend.index({ dims: 2, metric: "cosine" })];
  await second.startGeneration(2);
  const live = await put(backend, recordOf("live", "k"));
  const old = await put(backend, recordOf("old", "k", { expiresAt: time + 1_000 }));
  await write(first, live, [1, 0]);
  for (const index of [first, second]) await write(index, old, [1, 0]);
  await items.markUnscored(["live"]);
  const flagged = async (): Promise<readonly string[]> => (await items.namespacesAfter({ prefix: "", from: null, limit: 10, unscored: true })).paths;
  await items.clearUnscored(["live"], time);
  expect(await flagged()).toEqual(["live"]);
  await write(second, live, [1, 0]);
  await items.clearUnscored(["live"], time);
  expect(await flagged()).toEqual([]);
  time += 24 * 3_600_000;
  expect(await items.sweep(100)).toBe(1);
  for (const index of [first, second]) expect((await index.scan(null, 10)).found.map(({ namespace }) => namespace)).toEqual(["live"]);
  // A point without a record keeps its namespace, in whichever generation it is.
  await write(second, recordOf("orphan", "k"), [1, 0]);
  await items.unregister(["orphan"], time);
  await put(backend, recordOf("orphan", "k2"));
  expect((await second.scan(null, 10)).found.map(({ namespace }) => namespace)).toEqual(["live", "orphan"]);
  await backend.dropGeneration(1);
  expect(await items.sweep(100)).toBe(1);
  expect((await second.scan(null, 10)).found.map(({ namespace }) => namespace)).toEqual(["live"]);
});

test("a file of a version with one generation keeps its vectors, and gets others", async () => {
  const path = await newPath();
  const record = recordOf("a", "one");
  for (const round of [1, 2]) {
    const backend = new SqliteBackend({ path, dims: 2 });
    await backend.start();
    const [first, second] = [backend.index({ dims: 2, metric: "cosine" }), backend.index({ dims: 3, metric: "cosine" })];
    if (round === 1) await write(first, await put(backend, record), [1, 0]);
    expect(await first.query({ ...ALL, vector: [1, 0] })).toMatchObject([{ key: "one" }]);
    if (round === 2) await second.startGeneration(2);
    await backend.stop();
    const database = new DatabaseSync(path);
    if (round === 1) database.exec("DROP TABLE term_changes; DROP TABLE generations; PRAGMA user_version = 4");
    else expect(database.prepare("SELECT number FROM generations ORDER BY number").all().map(({ number }) => number)).toEqual([1, 2]);
    database.close();
  }
});

test("an index of another length than the stored vectors is rejected with both lengths", async () => {
  const backend = await start();
  const record = await put(backend, recordOf("a", "one"));
  await write(backend.index({ dims: 2, metric: "cosine" }), record, [1, 0]);
  await expect(backend.index({ dims: 3, metric: "cosine" }).startGeneration(1)).rejects.toMatchObject({ code: "SCHEMA", message: expect.stringMatching(/have 2 numbers.*configured for 3/) as string });
});

test("a file of a version that changed counts of terms in place keeps its terms in every generation", async () => {
  const path = await newPath();
  const record = recordOf("a", "one");
  for (const round of [1, 2]) {
    const backend = new SqliteBackend({ path, dims: 2 });
    await backend.start();
    const [first, second] = [backend.index({ dims: 2, metric: "cosine" }), backend.index({ dims: 2, metric: "cosine" })];
    if (round === 1) await put(backend, record);
    await second.startGeneration(2);
    for (const index of [first, second]) {
      const { namespace, key, version, writeId } = record;
      await index.upsert([{ namespace, key, version, writeId, vectors: [[1, 0]], termWeights: { terms: [7], weights: [1] }, value: {}, expiresAt: null }]);
      expect(await index.queryKeywords({ ...ALL, terms: [7] })).toMatchObject([{ key: "one" }]);
    }
    await backend.stop();
    const database = new DatabaseSync(path);
    if (round === 1) {
      database.exec(`
        INSERT INTO term_counts SELECT 7, 1; INSERT INTO term_counts_g2 SELECT 7, 1; INSERT INTO term_counts SELECT -1, 1; INSERT INTO term_counts_g2 SELECT -1, 1;
        DROP TABLE term_changes; DROP TABLE term_changes_g2; PRAGMA user_version = 5`);
    }
    database.close();
  }
});
