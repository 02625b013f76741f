import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

/** Holds the write lock of a file in a separate process, because locks are per process. Returns a function that releases it. */
async function lock(path: string): Promise<() => Promise<void>> {
  const code =
    "const { DatabaseSync } = require('node:sqlite'); const file = new DatabaseSync(process.argv[1]);" +
    "file.exec('BEGIN IMMEDIATE'); console.log('locked'); process.stdin.resume().on('end', () => file.close());";
  const child = spawn(process.execPath, ["-e", code, path], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    await closed;
  };
}

const HOUR = 60 * 60_000;

describe("a TTL refresh by a read", () => {
  let folder = "";
  let path = "";
  /** Offset of this thread's clock in milliseconds. */
  let ahead = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ttl-"));
    path = join(folder, "memory.db");
    ahead = 0;
    const now = Date.now.bind(Date);
    vi.spyOn(Date, "now").mockImplementation(() => now() + ahead);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (): Promise<ScyllaDBStore> => ScyllaDBStore.embedded({ path, ttl: { defaultTtl: 60 } });
  const isThere = async (store: ScyllaDBStore): Promise<boolean> => (await store.get(["a"], "k", { refreshTtl: false })) !== null;

  test("does not delay a get or search, which return while the file is not writable", async () => {
    await using store = await open();
    await store.put(["a"], "k", { n: 1 });
    ahead = HOUR / 2;
    const unlock = await lock(path);
    try {
      expect(await store.get(["a"], "k")).toMatchObject({ value: { n: 1 } });
      expect(await store.search(["a"])).toMatchObject([{ key: "k" }]);
      expect((await store.search(["a"], { filter: { n: 1 } })).info.degraded).toBe(false);
      expect(store.stats().ttlRefresh).toEqual({ written: 0, failed: 0, dropped: 0 });
    } finally {
      await unlock();
    }
    await expect.poll(() => store.stats().ttlRefresh.written).toBe(1);
    ahead = HOUR * 1.25;
    expect(await isThere(store)).toBe(true);
    ahead = HOUR * 1.75;
    expect(await isThere(store)).toBe(false);
  });

  test("is written before stop() closes the file", async () => {
    await using before = await open();
    await before.put(["a"], "k", { n: 1 });
    ahead = HOUR / 2;
    await before.get(["a"], "k");
    await before.stop();
    ahead = HOUR * 1.25;
    await using after = await open();
    expect(await isThere(after)).toBe(true);
  });

  test("is written before a reload closes the previous connections", async () => {
    await using store = await open();
    await store.put(["a"], "k", { n: 1 });
    ahead = HOUR / 2;
    await store.get(["a"], "k");
    await store.reload({ path, ttl: { defaultTtl: 30 } });
    await expect.poll(() => store.stats().ttlRefresh.written).toBe(1);
    ahead = HOUR * 1.25;
    expect(await isThere(store)).toBe(true);
  });
});
