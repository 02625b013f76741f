/** Bounds and failures inside a local file's backend: memory of searches, queues of writes, failed sweeps, connections. */
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { CallerReads } from "../../src/backends/sqlite/caller-reads.ts";
import { Connection } from "../../src/backends/sqlite/connection.ts";
import { DatabaseThread } from "../../src/backends/sqlite/database-thread.ts";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { LocalDatabase } from "../../src/backends/sqlite/local-database.ts";
import { needsSync, type PutWrite, type UpsertWrite, type Write } from "../../src/backends/sqlite/requests.ts";
import { decodeTerms, encodeTerms } from "../../src/backends/sqlite/term-lists.ts";
import { WriteGroup } from "../../src/backends/sqlite/write-group.ts";
import { ClosedError } from "../../src/model/errors.ts";
import { idf } from "../../src/model/idf.ts";
import { encodeRecord } from "../../src/model/record-codec.ts";
import { present, rejectionOf, upTo } from "../../src/testing/expectations.ts";
import { recordOf } from "../../src/testing/records.ts";

const DIMS = 128;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sqlite-bounds-"));
  path = join(folder, "store.db");
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

function openDatabase(vectorCacheBytes = 1_000_000): LocalDatabase {
  const database = new LocalDatabase();
  database.answer("open", { path, durable: false, vectorCacheBytes });
  onTestFinished(() => void database.answer("close", null));
  return database;
}

function putWrite(namespace: string, key: string, expiresAt: number | null = null): PutWrite {
  const record = recordOf(namespace, key, { expiresAt });
  const { created, version, writeId } = record;
  return { kind: "put", namespace, key, created, version, writeId, hasValue: true, expiresAt, unscored: false, cell: new Uint8Array(encodeRecord(record)) };
}

function upsertWrite({ namespace, key, version, writeId }: PutWrite, vector: Float32Array, terms: Uint8Array | null = null, generation = 1): UpsertWrite {
  return { kind: "upsert", generation, namespace, key, version, writeId, dims: DIMS, vectors: new Uint8Array(vector.buffer), terms };
}

/** Files of this test's folder that the process has open. */
async function openFiles(): Promise<string[]> {
  const targets = await Promise.allSettled((await readdir("/proc/self/fd")).map((name) => readlink(`/proc/self/fd/${name}`)));
  return targets.flatMap((target) => (target.status === "fulfilled" && target.value.startsWith(folder) ? [target.value] : []));
}

describe("the cache of vectors", () => {
  const NAMESPACES = 40;
  const POINTS = 150;
  const VECTOR_BYTES = NAMESPACES * POINTS * DIMS * Float32Array.BYTES_PER_ELEMENT;

  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;

  /** Memory of typed arrays, after a garbage collection. */
  async function arrayBytes(): Promise<number> {
    collectGarbage();
    // Memory that SQLite has allocated is released in a later turn.
    await new Promise(setImmediate);
    collectGarbage();
    return process.memoryUsage().arrayBuffers;
  }

  /** The angle of a point to the first axis differs from that of every other, so that the exact order is known. */
  function vectorOf(n: number): Float32Array {
    const angle = (n * Math.PI) / (2 * NAMESPACES * POINTS);
    const vector = new Float32Array(DIMS);
    vector.set([Math.cos(angle), Math.sin(angle)]);
    return vector;
  }

  function fill(database: LocalDatabase, generation = 1): void {
    for (const namespace of upTo(NAMESPACES)) {
      const puts = upTo(POINTS).map((n) => putWrite(`root.${namespace}`, `${namespace * POINTS + n}`));
      database.answer("write", [...puts, ...puts.map((put) => upsertWrite(put, vectorOf(Number(put.key)), null, generation))]);
    }
  }

  /** Searches each namespace and all together, with the exact result, and returns the memory that stays in use. */
  async function searchAll(database: LocalDatabase, generations = [1]): Promise<number> {
    const before = await arrayBytes();
    for (const generation of generations) expectBest(database, generation);
    return (await arrayBytes()) - before;
  }

  function expectBest(database: LocalDatabase, generation: number): void {
    const best = (prefix: string): number[] => {
      const request = { index: { generation, dims: DIMS, metric: "cosine" as const }, vector: vectorOf(0), terms: null, prefix, filter: null, limit: 5, now: Date.now() };
      return database.answer("rank", request).semantic.map(({ key }) => Number(key));
    };
    for (const namespace of upTo(NAMESPACES)) {
      expect(best(`root.${namespace}`)).toEqual(upTo(5).map((n) => namespace * POINTS + n));
    }
    const first = upTo(NAMESPACES)[0] as number;
    expect(best("")).toEqual(upTo(5).map((n) => first * POINTS + n));
    expect(best("root")).toEqual(upTo(5).map((n) => first * POINTS + n));
  }

  test("stays within its bound while many namespaces are searched, with exact results", async () => {
    fill(openDatabase());
    expect(await searchAll(openDatabase(VECTOR_BYTES / 8))).toBeLessThan(VECTOR_BYTES / 3);
  });

  test("stays within its bound for all generations of the index together", async () => {
    const database = openDatabase();
    database.answer("write", [{ kind: "create-generation", generation: 2 }]);
    for (const generation of [1, 2]) fill(database, generation);
    const [one, both] = [await searchAll(openDatabase(1.5 * VECTOR_BYTES)), await searchAll(openDatabase(1.5 * VECTOR_BYTES), [1, 2, 1])];
    expect(one).toBeGreaterThan(VECTOR_BYTES);
    expect(both).toBeLessThan(2 * VECTOR_BYTES);
  });

  test("keeps all vectors where they fit", async () => {
    fill(openDatabase());
    expect(await searchAll(openDatabase(4 * VECTOR_BYTES))).toBeGreaterThan(VECTOR_BYTES);
  });
});

describe("counts of terms", () => {
  function countsIn(connection: Connection): Map<number, number> {
    const counts = new Map(connection.reader("SELECT term, points FROM term_counts").all([]).map(([term, points]) => [Number(term), Number(points)]));
    const add = (term: number, by: number) => void counts.set(term, (counts.get(term) ?? 0) + by);
    for (const [points, stored] of connection.reader("SELECT points, terms FROM term_changes").all([])) {
      const { terms, weights: changes } = decodeTerms(stored as Uint8Array);
      add(-1, Number(points));
      for (const [i, term] of terms.entries()) add(term, changes[i] ?? 0);
    }
    return new Map([...counts].filter(([, points]) => points !== 0));
  }

  function actualCounts(connection: Connection): Map<number, number> {
    const counts = new Map<number, number>();
    for (const [terms] of connection.reader("SELECT terms FROM points").all([])) {
      for (const term of [-1, ...decodeTerms(terms as Uint8Array).terms]) counts.set(term, (counts.get(term) ?? 0) + 1);
    }
    return counts;
  }

  test("are those of the stored points after a sweep that failed halfway, and a later write", () => {
    const database = openDatabase();
    const puts = upTo(4).map((n) => putWrite("a", `${n}`, 1_000 + n));
    const terms = encodeTerms([7, 8], [1, 1]);
    database.answer("write", [...puts, ...puts.map((put) => upsertWrite(put, new Float32Array(DIMS).fill(1), terms))]);
    const other = new Connection(path);
    onTestFinished(() => other.close());
    // A slow machine ends no transaction of a sweep early.
    const now = vi.spyOn(performance, "now").mockReturnValue(performance.now());
    onTestFinished(() => now.mockRestore());
    other.exec("CREATE TRIGGER fails BEFORE DELETE ON items WHEN old.key = CAST('3' AS BLOB) BEGIN SELECT RAISE(ABORT, 'no'); END");
    expect(() => database.answer("sweep", { before: 10_000, limit: 100 })).toThrow("no");
    other.exec("DROP TRIGGER fails");
    const later = putWrite("a", "later");
    database.answer("write", [later, upsertWrite(later, new Float32Array(DIMS).fill(1), encodeTerms([8, 9], [1, 1]))]);
    expect(countsIn(other)).toEqual(actualCounts(other));
    expect(countsIn(other).get(8)).toBe(5);
    expect(database.answer("sweep", { before: 10_000, limit: 100 }).removed).toBe(4);
    expect(countsIn(other)).toEqual(actualCounts(other));
  });
});

describe("counts of terms with many changes", () => {
  const TERMS = 6_000;

  /** Writes a point with many terms, of which only the first is in other points. */
  function writePoint(database: LocalDatabase, n: number): void {
    const put = putWrite("a", `${n}`);
    const terms = [7, ...upTo(TERMS).map((term) => 1_000 + n * TERMS + term)];
    database.answer("write", [put, upsertWrite(put, new Float32Array(DIMS).fill(1), encodeTerms(terms, terms.map(() => 1)))]);
  }

  function scoresOf(database: LocalDatabase, terms: readonly number[]): number[] {
    const request = { index: { generation: 1, dims: DIMS, metric: "cosine" as const }, vector: null, terms, prefix: "", filter: null, limit: 1, now: Date.now() };
    return database.answer("rank", request).keyword.map(({ score }) => score);
  }

  test("are those of the stored points on each connection, whenever it reads them", () => {
    const [writer, other] = [openDatabase(), openDatabase()];
    for (const n of upTo(9)) {
      writePoint(n % 3 === 2 ? other : writer, n);
      // The second connection misses some of the times at which changes are added to the counts.
      for (const database of n % 4 === 3 ? [writer, other] : [writer]) {
        expect(scoresOf(database, [7])[0]).toBeCloseTo(idf(n + 1, n + 1));
        expect(scoresOf(database, [1_000 + n * TERMS])[0]).toBeCloseTo(idf(n + 1, 1));
      }
    }
    expect(scoresOf(openDatabase(), [7])[0]).toBeCloseTo(idf(9, 9));
  });
});

describe("reads on the caller's thread", () => {
  test("are not answered from a file that was deleted while no read ran", async () => {
    openDatabase().answer("write", [putWrite("a", "k")]);
    const reads = new CallerReads(path);
    onTestFinished(() => reads.close());
    const id = { namespace: "a", key: "k" };
    expect(await reads.get([id])).toEqual([expect.any(Buffer)]);
    await rm(path);
    const now = vi.spyOn(performance, "now");
    onTestFinished(() => now.mockRestore());
    now.mockReturnValue(performance.now() + 1_000);
    // In a later turn of the event loop.
    await new Promise(setImmediate);
    expect(await reads.get([id])).toEqual([undefined]);
  });

  test.runIf(process.platform === "linux")("leave no connection open when the file has no tables", async () => {
    new Connection(path).close();
    expect(() => new CallerReads(path)).toThrow("no such table");
    expect(await openFiles()).toEqual([]);
  });
});

describe("a stop during the start", () => {
  test.runIf(process.platform === "linux")("closes every connection, merges the log, and the start is rejected or has succeeded", async () => {
    for (const steps of [0, 1, 2, 4, 8, 16, 32]) {
      const backend = new SqliteBackend({ path: `${path}.${steps}`, dims: null });
      const started = backend.start().then(() => null, (error: unknown) => error);
      // Turns of the event loop: each stops at another step of the start.
      for (let turn = 0; turn < steps; turn += 1) await new Promise(setImmediate);
      await backend.stop();
      const reason = await started;
      if (reason !== null) expect(reason).toBeInstanceOf(ClosedError);
      expect(await openFiles()).toEqual([]);
    }
    expect((await readdir(folder)).filter((name) => name.includes("-"))).toEqual([]);
  });

  test("waits for a connection that the start still opens", async () => {
    const backend = new SqliteBackend({ path, dims: null });
    const [reached, proceed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const startThread: DatabaseThread["start"] = Reflect.get(DatabaseThread.prototype, "start");
    let threads = 0;
    const start = vi.spyOn(DatabaseThread.prototype, "start").mockImplementation(async function (this: DatabaseThread, ...args) {
      await startThread.apply(this, args);
      threads += 1;
      if (threads < 2) return;
      // Both threads have started: only the connection of the caller's thread is missing.
      reached.resolve(undefined);
      await proceed.promise;
    });
    onTestFinished(() => start.mockRestore());
    const started = rejectionOf(backend.start());
    await reached.promise;
    const stops = vi.spyOn(DatabaseThread.prototype, "stop");
    onTestFinished(() => stops.mockRestore());
    const stopped = backend.stop();
    await expect.poll(() => stops.mock.settledResults.at(0)?.type).toBe("fulfilled");
    // The thread that writes closes last: it moves the log into the file.
    expect(stops).toHaveBeenCalledTimes(1);
    proceed.resolve(undefined);
    await stopped;
    expect(await started).toBeInstanceOf(ClosedError);
    expect((await readdir(folder)).sort()).toEqual(["store.db"]);
  });

  test("of a temporary store leaves no folder behind", async () => {
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const backend = new SqliteBackend({ path: ":memory:", dims: null });
    const started = backend.start().then(() => null, (error: unknown) => error);
    await backend.stop();
    await started;
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("writes that wait", () => {
  const LONG = "n".repeat(1024 * 1024);

  test.each<[string, Write]>([
    ["removals of vectors", { kind: "remove", generation: 1, namespace: LONG, key: "k", version: 1, writeId: "w", isSynced: false }],
    ["flags of namespaces", { kind: "mark", namespace: LONG }],
    ["removals of namespaces", { kind: "unregister", namespace: LONG }],
    ["settings", { kind: "replace-setting", name: "n", value: LONG }],
  ])("are bounded by the bytes of their texts: %s", async (_, write) => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const call = async (_name: string, request: unknown): Promise<unknown> => {
      await promise;
      return (request as readonly unknown[]).map(() => ({ value: null }));
    };
    const group = new WriteGroup({ call: call as never }, path, 10_000);
    const writes = upTo(100).map(() => group.one(write).then(() => "done", (error: { code: string }) => error.code));
    resolve(undefined);
    const outcomes = await Promise.all(writes);
    expect(outcomes.filter((outcome) => outcome === "UNAVAILABLE").length).toBeGreaterThan(20);
    expect(outcomes.filter((outcome) => outcome === "done").length).toBeGreaterThan(50);
  });
});

test("erase reports vectors without an item as erased only once their removal is on the disk", async () => {
  const hash = new HashEmbeddings();
  const store = await ScyllaDBStore.embedded({ path, index: { dims: hash.dims, embeddings: hash, fields: ["text"] } });
  onTestFinished(async () => {
    await store.stop();
  });
  await store.put(["a"], "stays", { text: "tea" });
  const backend = new SqliteBackend({ path, dims: hash.dims });
  onTestFinished(() => backend.stop());
  await backend.start();
  const orphan = { ...recordOf("a", "orphan"), vectors: [Array.from({ length: hash.dims }, () => 1)], termWeights: null, value: {} };
  await present(backend.vectors).upsert([orphan]);
  const calls = vi.spyOn(DatabaseThread.prototype, "call");
  onTestFinished(() => calls.mockRestore());
  const { erased } = await store.erase({ prefix: ["a"] });
  expect(erased).toMatchObject({ items: 1, orphanedVectors: 1 });
  const groups = calls.mock.calls.flatMap(([name, request]) => (name === "write" ? [request as readonly Write[]] : []));
  const ofOrphan = groups.filter((writes) => writes.some((write) => write.kind === "remove" && write.key === "orphan"));
  expect(ofOrphan.map((writes) => writes.some(needsSync))).toEqual([true]);
});
