import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Connection } from "../../src/backends/sqlite/connection.ts";
import { toFailure, toStoreError } from "../../src/backends/sqlite/errors.ts";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { SqliteBackend, type SqliteBackendOptions } from "../../src/backends/sqlite/index.ts";
import {
  ClosedError,
  ConfigurationError,
  ConnectionError,
  QueryError,
  SchemaError,
  UnavailableError,
  ValidationError,
} from "../../src/model/errors.ts";
import { parseFilter } from "../../src/model/filter.ts";
import type { ItemRecord } from "../../src/model/item.ts";
import { present, rejectionOf, upTo } from "../../src/testing/expectations.ts";
import { putAll, recordOf } from "../../src/testing/item-repository-suite.ts";

const EVERY_NAMESPACE = { prefix: "", from: null, limit: 10, unscored: false } as const;

let directory: string;
let path: string;
const opened: SqliteBackend[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sqlite-backend-"));
  path = join(directory, "store.db");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((backend) => backend.stop()));
  await rm(directory, { recursive: true });
});

function create(options: Partial<SqliteBackendOptions> = {}): SqliteBackend {
  const backend = new SqliteBackend({ path, dims: null, ...options });
  opened.push(backend);
  return backend;
}

async function start(options: Partial<SqliteBackendOptions> = {}): Promise<SqliteBackend> {
  const backend = create(options);
  await backend.start();
  return backend;
}

/** Writes an item with its vectors. */
async function writeVector(backend: SqliteBackend, record: ItemRecord, ...vectors: number[][]): Promise<void> {
  await putAll(backend.items, [record]);
  const [outcome] = await present(backend.vectors).upsert([{ ...record, vectors, termWeights: null, value: {} }]);
  expect(outcome).toEqual({ status: "fulfilled", value: "stored" });
}

/** Returns files below the directory that this process has open. */
async function openFiles(): Promise<string[]> {
  const descriptors = existsSync("/proc/self/fd") ? await readdir("/proc/self/fd") : [];
  const targets = await Promise.allSettled(descriptors.map((name) => readlink(`/proc/self/fd/${name}`)));
  return targets.flatMap((target) =>
    target.status === "fulfilled" && target.value.startsWith(directory) ? [target.value] : [],
  );
}

describe("reads by id", () => {
  test("let other calls run during one call for thousands of ids", async () => {
    const backend = await start({ maxWaiting: 1_000 });
    await putAll(backend.items, [recordOf("users", "known")]);
    const ids = Array.from({ length: 5_000 }, (_, i) => ({ namespace: "users", key: i === 4_321 ? "known" : `absent-${i}` }));
    const many = backend.items.get(ids);
    const others = await Promise.all(ids.slice(0, 100).map(() => backend.items.get([{ namespace: "users", key: "known" }])));
    expect(others.map(([record]) => record?.key)).toEqual(others.map(() => "known"));
    expect((await many).findIndex((record) => record !== null)).toBe(4_321);
  });
});

describe("start and stop", () => {
  test("records are there after the file is opened again", async () => {
    const first = await start({ dims: 3 });
    const record = recordOf("users.1", "key", { value: { text: "kept" } });
    await writeVector(first, record, [1, 2, 3]);
    expect(await first.settings.establish("model", "a")).toBe("a");
    await first.stop();
    const second = await start({ dims: 3 });
    const [read] = await second.items.get([record]);
    expect(present(read).writeId).toBe(record.writeId);
    expect(await second.settings.read("model")).toBe("a");
    const hits = await present(second.vectors).query({ vector: [1, 2, 3], prefix: "", filter: null, limit: 5 });
    expect(hits).toMatchObject([{ namespace: "users.1", key: "key", writeId: record.writeId }]);
  });

  test("after stop no handle is open, the log is merged into the file, and calls are rejected", async () => {
    const backend = await start({ dims: 3 });
    const record = recordOf("a", "b");
    await writeVector(backend, record, [1, 0, 0]);
    await backend.items.get([record]);
    const [vectors, removal] = [present(backend.vectors), { namespace: "a", key: "b", version: 1, writeId: "w" }];
    await Promise.all([backend.stop(), backend.stop()]);
    await backend.stop();
    expect(await openFiles()).toEqual([]);
    expect(await readdir(directory)).toEqual(["store.db"]);
    for (const call of [
      () => backend.items.get([record]),
      () => backend.items.put([record]),
      () => backend.items.list({ namespace: "a", order: "oldest", after: null, limit: 1 }),
      () => backend.items.namespacesAfter(EVERY_NAMESPACE),
      () => vectors.upsert([{ ...record, vectors: [[1, 0, 0]], termWeights: null, value: {} }]),
      () => vectors.remove([removal]),
      () => vectors.query({ vector: [1, 0, 0], prefix: "", filter: null, limit: 1 }),
      () => backend.settings.read("x"),
      () => backend.settings.establish("x", "y"),
      () => backend.start(),
    ]) {
      expect(await rejectionOf(call())).toBeInstanceOf(ClosedError);
    }
  });

  test("stop completes earlier calls", async () => {
    const backend = await start();
    const records = upTo(300).map((n) => recordOf("a", `key ${n}`));
    const puts = records.map((record) => putAll(backend.items, [record]));
    await backend.stop();
    await Promise.all(puts);
    const again = await start();
    expect(await again.items.get(records)).not.toContain(null);
  });

  test("calls before start are rejected", async () => {
    const error = await rejectionOf(create().items.get([{ namespace: "a", key: "b" }]));
    expect(error).toBeInstanceOf(ClosedError);
    expect(error.message).toContain("start()");
  });

  test('":memory:" is a file that is deleted with the store', async () => {
    // A separate folder, because other tests create and delete theirs in the common one meanwhile.
    vi.stubEnv("TMPDIR", directory);
    onTestFinished(() => void vi.unstubAllEnvs());
    const backend = await start({ path: ":memory:" });
    const record = recordOf("a", "b");
    await putAll(backend.items, [record]);
    expect(await backend.items.get([record])).not.toContain(null);
    expect(await readdir(directory)).toEqual([expect.stringMatching(/^langgraph-store-/)]);
    await backend.stop();
    expect(existsSync(":memory:")).toBe(false);
    expect(await readdir(directory)).toEqual([]);
  });

  test("without an index there are no vectors", () => {
    expect(create().vectors).toBeNull();
  });

  test.each([
    ["an empty path", { path: "" }],
    ["a path with a NUL", { path: "a\0b" }],
    ["no dimensions", { dims: 0 }],
    ["a fraction of a dimension", { dims: 1.5 }],
  ])("%s is a configuration error", (_, options) => {
    expect(() => create(options)).toThrow(ConfigurationError);
  });

  test.each(["libsql://127.0.0.1:1/x", "file:local.db", "file:///tmp/local.db", "FILE:x", "sqlite::memory:", "https://host/store.db"])(
    "a path that is a URL is rejected, and no file of that name is created: %s",
    (url) => {
      expect(() => create({ path: url })).toThrow(ConfigurationError);
      expect(() => create({ path: url })).toThrow(/^path .*URL/);
      expect(existsSync(url)).toBe(false);
    },
  );

  test.each(["C:\\data\\store.db", "D:/data/store.db", "\\\\?\\C:\\data\\store.db", "./file:local.db", "a.b/c:d.db"])(
    "a path of Windows, or one with a colon, is a path: %s",
    (file) => {
      expect(create({ path: file }).path.endsWith(file.replace(/^\.\//, ""))).toBe(true);
    },
  );
});

test("the file, its log and its shared memory are readable by their owner only, and deleted data is overwritten", async () => {
  const path = join(directory, "private.db");
  const store = await ScyllaDBStore.embedded({ path });
  const secret = "whispered-at-night ".repeat(2_000);
  await store.put(["a"], "k", { text: secret });
  await store.put(["a"], "short", { text: "murmured-at-noon" });
  for (const name of [path, `${path}-wal`, `${path}-shm`]) expect((await stat(name)).mode & 0o777).toBe(0o600);
  await store.stop();
  expect((await readFile(path)).includes("whispered-at-night")).toBe(true);
  const again = await ScyllaDBStore.embedded({ path });
  await again.delete(["a"], "k");
  await again.delete(["a"], "short");
  await again.stop();
  expect((await readFile(path)).includes("whispered-at-night")).toBe(false);
  expect((await readFile(path)).includes("murmured-at-noon")).toBe(false);
});

describe("unusable files", () => {
  /** Expects `start` to fail, naming the path, and to leave nothing open. */
  async function refusal(options: Partial<SqliteBackendOptions> = {}): Promise<Error> {
    const backend = create(options);
    const error = await rejectionOf(backend.start());
    expect(error.message).toContain(options.path ?? path);
    expect(await openFiles()).toEqual([]);
    await backend.stop();
    return error;
  }

  test("a directory that does not exist", async () => {
    const error = await refusal({ path: join(directory, "missing", "store.db") });
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toContain(`Its folder ${join(directory, "missing")} does not exist: create it.`);
  });

  test("a file that is not a database", async () => {
    await writeFile(path, "not a database, but long enough to be read as one\n".repeat(200));
    expect(await refusal()).toBeInstanceOf(QueryError);
  });

  test("a database of another program", async () => {
    const other = new Connection(path);
    other.exec("CREATE TABLE theirs (a)");
    other.close();
    const error = await rejectionOf(create().start());
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain("another program");
  });

  test("a file of a newer schema", async () => {
    await (await start()).stop();
    const newer = new Connection(path);
    newer.exec("PRAGMA user_version = 9999");
    newer.close();
    const error = await rejectionOf(create().start());
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toContain("9999");
  });

  test("vectors of another length, named with the one that is configured", async () => {
    const first = await start({ dims: 3 });
    await writeVector(first, recordOf("a", "b"), [1, 2, 3]);
    await first.stop();
    const error = await refusal({ dims: 4 });
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toMatch(/\b3\b.*\b4\b/);
  });
});

describe("settings", () => {
  test("concurrent writers of one setting all get the same value", async () => {
    const backends = await Promise.all([start(), start(), start()]);
    const answers = await Promise.all(
      backends.flatMap((backend, b) => upTo(5).map((n) => backend.settings.establish("model\0", `${b}-${n}-\0é`))),
    );
    expect(new Set(answers).size).toBe(1);
    expect(await present(backends[1]).settings.read("model\0")).toBe(answers[0]);
    expect(await present(backends[0]).settings.read("other")).toBeNull();
  });
});

describe("search on the file", () => {
  const all = { prefix: "", filter: null, limit: 100 };

  test("orders equal scores by path, creation and key, for any limit", async () => {
    const backend = await start({ dims: 3 });
    const now = Date.now() * 1000;
    const places = [["a", "z", 1], ["a", "a", 2], ["a", "b", 2], ["b", "a", 0], ["b.c", "a", 0]] as const;
    for (const [namespace, key, later] of [...places].reverse()) {
      await writeVector(backend, recordOf(namespace, key, { version: now + later }), [0, 3, 0]);
    }
    for (const limit of [1, 2, 3, 4, 5]) {
      const hits = await present(backend.vectors).query({ ...all, vector: [0, 1, 0], limit });
      expect(hits.map(({ namespace, key }) => [namespace, key])).toEqual(
        places.slice(0, limit).map(([namespace, key]) => [namespace, key]),
      );
    }
  });

  test("scores a zero vector 0, and keeps the angle of very long and very short vectors", async () => {
    const backend = await start({ dims: 3 });
    await writeVector(backend, recordOf("a", "zero"), [0, 0, 0]);
    await writeVector(backend, recordOf("a", "long"), [1e300, 0, 0]);
    await writeVector(backend, recordOf("a", "short"), [-1e-300, 0, 0]);
    const query = { ...all, vector: [1e-200, 0, 0] };
    const hits = await present(backend.vectors).query(query);
    expect(hits.map(({ key, score }) => [key, score])).toEqual([["long", 1], ["zero", 0], ["short", -1]]);
    const none = await present(backend.vectors).query({ ...all, vector: [0, 0, 0] });
    expect(none.map(({ score }) => score)).toEqual([0, 0, 0]);
  });

  test("finds only live items, and reports the write of superseded vectors", async () => {
    let now = Date.now();
    const backend = await start({ dims: 3, now: () => now });
    const vector = [1, 0, 0];
    const expiring = recordOf("a", "expiring", { expiresAt: now + 1_000 });
    for (const record of [recordOf("a", "kept"), recordOf("a", "deleted"), recordOf("a", "superseded"), expiring]) {
      await writeVector(backend, record, vector);
    }
    const newer = recordOf("a", "superseded");
    await putAll(backend.items, [recordOf("a", "deleted", { value: null }), newer]);
    const found = async (): Promise<string[]> =>
      (await present(backend.vectors).query({ ...all, vector })).map(({ key }) => key).sort();
    expect(await found()).toEqual(["expiring", "kept", "superseded"]);
    now += 1_000;
    expect(await found()).toEqual(["kept", "superseded"]);
    const hits = await present(backend.vectors).query({ ...all, vector });
    expect(hits.find(({ key }) => key === "superseded")?.writeId).not.toBe(newer.writeId);
    expect((await backend.items.list({ namespace: "a", order: "oldest", after: null, limit: 9 })).records).toHaveLength(2);
  });

  test("applies filters exactly: the page is full, with matching items only", async () => {
    const backend = await start({ dims: 3 });
    const records = upTo(400).map((n) => recordOf("a", `${n}`, { value: { even: n % 2 === 0, n } }));
    await putAll(backend.items, records);
    await present(backend.vectors).upsert(records.map((record, n) => ({ ...record, vectors: [[400, n, 0]], termWeights: null, value: {} })));
    const query = { ...all, vector: [1, 0, 0], filter: parseFilter({ even: true, n: { $gte: 150 } }), limit: 5 };
    const hits = await present(backend.vectors).query(query);
    expect(hits.map(({ key }) => key)).toEqual(["150", "152", "154", "156", "158"]);
    expect(await present(backend.vectors).query({ ...query, limit: 1_000 })).toHaveLength(125);
  });

  test("keeps the point of the record if two points have the same version", async () => {
    const backend = await start({ dims: 3 });
    const version = Date.now() * 1000;
    const [one, two] = [recordOf("a", "b", { version }), recordOf("a", "b", { version })];
    await putAll(backend.items, [one]);
    await putAll(backend.items, [two]);
    const stored = present((await backend.items.get([one]))[0]);
    const points = [one, two, one].map((record) => ({ ...record, vectors: [[1, 0, 0]], termWeights: null, value: {} }));
    for (const point of points) await present(backend.vectors).upsert([point]);
    const hits = await present(backend.vectors).query({ ...all, vector: [1, 0, 0] });
    expect(hits.map(({ writeId }) => writeId)).toEqual([stored.writeId]);
  });
});

describe("bounds of the queue", () => {
  test("reject calls beyond the bound as unavailable, and serve the others", async () => {
    const backend = await start({ dims: 3, maxWaiting: 20 });
    const records = upTo(200).map((n) => recordOf("a", `key ${n}`));
    const puts = await Promise.allSettled(records.map((record) => putAll(backend.items, [record])));
    const lists = await Promise.allSettled(records.map(() => backend.items.list({ namespace: "a", order: "oldest", after: null, limit: 1 })));
    const query = { vector: [1, 0, 0], prefix: "", filter: null, limit: 1 };
    const queries = await Promise.allSettled(records.map(() => present(backend.vectors).query(query)));
    for (const outcomes of [puts, lists, queries]) {
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(refused.length).toBeGreaterThan(100);
      expect(refused.length).toBeLessThan(200);
      for (const { reason } of refused) expect(reason).toMatchObject({ constructor: UnavailableError, retryable: true });
    }
    await putAll(backend.items, records.slice(0, 5));
    const stored = await backend.items.get(records.slice(0, 20));
    const acknowledged = puts.slice(0, 20).flatMap(({ status }, n) => (status === "fulfilled" ? [stored[n]] : []));
    expect(acknowledged).not.toContain(null);
  });

  test("accept one call larger than the bound if the queue is empty", async () => {
    const backend = await start({ maxWaiting: 20 });
    const records = upTo(100).map((n) => recordOf("a", `key ${n}`));
    await putAll(backend.items, records);
    expect(await backend.items.get(records)).not.toContain(null);
  });

  test("let a bad record fail alone", async () => {
    const backend = await start();
    const [good, other] = [recordOf("a", "good"), recordOf("a", "other")];
    const bad = { ...recordOf("a", "bad"), version: 0.5 };
    const outcomes = await backend.items.put([good, bad, other]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { constructor: QueryError } });
    const stored = await backend.items.get([good, bad, other]);
    expect(stored.map((record) => record !== null)).toEqual([true, false, true]);
  });
});

describe("locks of other processes", () => {
  test("delay writes, not reads, and writes continue afterwards", async () => {
    const backend = await start();
    const record = recordOf("a", "before");
    await putAll(backend.items, [record]);
    const other = new Connection(path);
    other.exec("BEGIN IMMEDIATE");
    let isDone = false;
    const waiting = putAll(backend.items, [recordOf("a", "after")]).then(() => {
      isDone = true;
    });
    for (const n of upTo(20)) {
      expect(await backend.items.get([record]), `read ${n}`).not.toContain(null);
      const page = await backend.items.list({ namespace: "a", order: "oldest", after: null, limit: 9 });
      expect(page.records).toHaveLength(1);
    }
    expect(isDone).toBe(false);
    other.exec("ROLLBACK");
    other.close();
    await waiting;
    expect(await backend.items.get([{ namespace: "a", key: "after" }])).not.toContain(null);
  });
});

describe("the database threads", () => {
  test("that end fail their calls, and the next call starts a new thread", async () => {
    const workers: Worker[] = [];
    const remember = (worker: Worker): number => workers.push(worker);
    process.on("worker", remember);
    const errors: string[] = [];
    const log = { debug() {}, info() {}, warn() {}, error: (_: object, message: string) => errors.push(message) };
    const backend = await start({ logger: log });
    process.off("worker", remember);
    expect(workers).toHaveLength(2);
    const record = recordOf("a", "b");
    await putAll(backend.items, [record]);
    const pending = Promise.allSettled([
      backend.items.put(upTo(500).map((n) => recordOf("a", `key ${n}`))).then((outcomes) => {
        for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
      }),
      backend.items.namespacesAfter(EVERY_NAMESPACE),
      backend.items.list({ namespace: "a", order: "oldest", after: null, limit: 1 }),
    ]);
    await Promise.all(workers.map((worker) => worker.terminate()));
    for (const outcome of await pending) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { constructor: UnavailableError, retryable: true } });
    }
    expect(errors).toHaveLength(2);
    expect(await backend.items.get([record])).not.toContain(null);
    await putAll(backend.items, [recordOf("a", "after")]);
    expect(await backend.items.namespacesAfter(EVERY_NAMESPACE)).toMatchObject({ paths: ["a"] });
    await backend.stop();
    expect(await openFiles()).toEqual([]);
    expect(errors).toHaveLength(2);
  });

  test("run a search over 10,000 vectors without blocking the event loop", async () => {
    const dims = 384;
    const backend = await start({ dims });
    const vectors = present(backend.vectors);
    for (let start = 0; start < 10_000; start += 500) {
      const records = upTo(500).map((n) => recordOf(`a.${n % 50}`, `key ${start + n}`));
      await putAll(backend.items, records);
      await vectors.upsert(
        records.map((record) => ({ ...record, vectors: [upTo(dims).map(() => Math.random() - 0.5)], termWeights: null, value: {} })),
      );
    }
    const query = { vector: upTo(dims).map(() => Math.random() - 0.5), prefix: "a", filter: null, limit: 10 };
    await vectors.query(query);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    for (const n of upTo(10)) expect(await vectors.query(query), `search ${n}`).toHaveLength(10);
    const each = (performance.now() - started) / 10;
    delay.disable();
    // On the caller's thread, every search would block it entirely. A busy machine delays both equally.
    expect(delay.percentile(50) / 1e6).toBeLessThan(each / 2);
  });
});


describe("errors of SQLite", () => {
  test.each([
    [517, "SQLITE_BUSY", "UNAVAILABLE", true, "locked"],
    [6, "SQLITE_LOCKED", "UNAVAILABLE", true, "locked"],
    [14, "SQLITE_CANTOPEN", "CONNECTION", false, "create it"],
    [1034, "SQLITE_IOERR", "CONNECTION", true, "disk"],
    [13, "SQLITE_FULL", "QUERY", false, "Free space"],
    [1544, "SQLITE_READONLY", "PERMISSION", false, "read-only"],
    [26, "SQLITE_NOTADB", "QUERY", false, "another path"],
    [779, "SQLITE_CORRUPT", "QUERY", false, "corrupt"],
    [7, "SQLITE_NOMEM", "UNAVAILABLE", true, "memory"],
    [1, "SQLITE_ERROR", "QUERY", false, "defect"],
  ])("result code %i, %s, becomes %s, with the file and the fix", (errcode, code, expected, retryable, fix) => {
    const cause = Object.assign(new Error("the text of SQLite"), { code: "ERR_SQLITE_ERROR", errcode });
    const error = toStoreError(toFailure(cause), "/data/store.db");
    expect(error).toMatchObject({ code: expected, retryable, details: { cause: code, path: "/data/store.db" } });
    expect(error.message).toContain("/data/store.db");
    expect(error.message).toContain("the text of SQLite");
    expect(error.message).toContain(fix);
  });

  test("errors of the store keep their class between threads, and other values become errors", () => {
    for (const own of [new SchemaError("newer"), new ValidationError("bad"), new QueryError("no")]) {
      expect(toStoreError(toFailure(own), path)).toMatchObject({ code: own.code, message: own.message });
    }
    expect(toStoreError(toFailure("text"), path)).toBeInstanceOf(QueryError);
    expect(toStoreError(toFailure(new TypeError("odd")), path).message).toContain("odd");
  });
});
