/** Faults of the environment of a local file: each is a typed error with the fix, and nothing acknowledged is lost. */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, open, readdir, rename, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { ScyllaDBStore, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { loadEngine } from "../../src/backends/sqlite/engine.ts";
import { present, rejectionOf } from "../../src/testing/expectations.ts";

const CHILD = fileURLToPath(new URL("./sqlite-environment-child.ts", import.meta.url));

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sqlite-environment-"));
  path = join(folder, "store.db");
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

async function opened(config: EmbeddedStoreConfig = {}): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.embedded({ path, ...config });
  onTestFinished(async () => {
    await store.stop();
  });
  return store;
}

interface Step {
  readonly name: string;
  readonly ok?: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly count?: number;
  readonly missing?: readonly number[];
}

/** A child process and the steps that it prints. */
class Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #steps = new Map<string, Step>();
  #onStep = (): void => undefined;
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: readonly string[]) {
    this.process = spawn(command, args, { env: { ...process.env, NODE_OPTIONS: "" } });
    this.process.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.process.stdout });
    this.#lines.on("line", (line) => {
      const step = JSON.parse(line) as Step;
      this.#steps.set(step.name, step);
      this.#onStep();
    });
    this.#ended = Promise.all([once(this.process, "exit"), once(this.#lines, "close")]);
    onTestFinished(() => void this.process.kill("SIGKILL"));
  }

  /** Resolves with a step when the child has printed it. */
  step(name: string): Promise<Step> {
    return new Promise((resolve, reject) => {
      this.#onStep = () => {
        const step = this.#steps.get(name);
        if (step !== undefined) resolve(step);
      };
      this.#onStep();
      void this.#ended.then(() => reject(new Error(`the child exited before the step ${name}: ${JSON.stringify([...this.#steps.values()])}`)));
    });
  }
}

describe("a file that cannot be written", () => {
  test.each([
    ["a file of another user in a folder of another user", 0o444, 0o555],
    ["a file that may be written, in a folder that may not", 0o666, 0o555],
    ["a file that may only be read, in a folder that may be written", 0o444, 0o777],
  ])("is a permission error at the start: %s", async (_, fileMode, folderMode) => {
    const inner = join(folder, "inner");
    await mkdir(inner);
    const file = join(inner, "store.db");
    const store = await ScyllaDBStore.embedded({ path: file });
    await store.put(["a"], "k", { n: 1 });
    await store.stop();
    await chmod(folder, 0o755);
    await chmod(file, fileMode);
    await chmod(inner, folderMode);
    const start = await new Child(process.execPath, [CHILD, file, "0", "unprivileged"]).step("start");
    await chmod(inner, 0o777);
    expect(start).toMatchObject({ ok: false, code: "PERMISSION" });
    expect(start.message).toContain(file);
    expect(start.message).toContain("read-only");
    expect(start.message).not.toContain("defect");
  });

  test("is a typed error where the folder cannot even be read", async () => {
    const inner = join(folder, "inner");
    await mkdir(inner);
    await chmod(folder, 0o755);
    await chmod(inner, 0o000);
    const start = await new Child(process.execPath, [CHILD, join(inner, "store.db"), "0", "unprivileged"]).step("start");
    await chmod(inner, 0o777);
    expect(start).toMatchObject({ ok: false, code: "CONNECTION" });
    expect(start.message).toContain("user of this process");
  });
});

describe("a disk without room", () => {
  /** Whether a test may mount a file system of its own. */
  const canMount = ((): boolean => {
    try {
      execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();

  test.runIf(canMount)("rejects writes with the fix, keeps what was acknowledged, and takes writes again once there is room", async () => {
    const mounted = join(folder, "disk");
    await mkdir(mounted);
    const script = `mount -t tmpfs -o size=6m tmpfs "$1" && dd if=/dev/zero of="$1/filler" bs=1M count=2 2>/dev/null && exec "$0" "$2" "$1/store.db" 100`;
    const child = new Child("unshare", ["--mount", "sh", "-c", script, process.execPath, mounted, CHILD]);
    const puts = await child.step("puts");
    expect(puts).toMatchObject({ ok: false, code: "QUERY", retryable: false });
    expect(puts.message).toMatch(/store\.db is full.*SQLITE_FULL.*Free space/);
    expect((await child.step("stored")).count).toBeGreaterThan(3);
    await rm(`/proc/${child.process.pid}/root${mounted}/filler`);
    child.process.stdin.write("continue\n");
    expect(await child.step("missing")).toMatchObject({ missing: [] });
    expect(await child.step("last put")).toMatchObject({ ok: true });
    expect(await child.step("stop")).toMatchObject({ ok: true });
  });

  test.runIf(process.platform !== "win32")("a limit of the size of files is a typed error that names space, quota and limit", async () => {
    const child = new Child("sh", ["-c", `ulimit -f 4096; exec "$0" "$1" "$2" 100`, process.execPath, CHILD, path]);
    const puts = await child.step("puts");
    expect(puts).toMatchObject({ ok: false, code: "CONNECTION" });
    expect(puts.message).toMatch(/quota.*limit/);
    child.process.stdin.write("continue\n");
    expect(await child.step("missing")).toMatchObject({ missing: [] });
  });
});

describe("a corrupt file", () => {
  const items = Array.from({ length: 200 }, (_, n) => ({ namespace: ["a"], key: `${n}`, value: { text: "x".repeat(2_000), n } }));

  async function filled(): Promise<void> {
    const store = await ScyllaDBStore.embedded({ path });
    await store.batch(items);
    await store.stop();
  }

  test("is a query error with the fix, from the call that meets the damage", async () => {
    await filled();
    const file = await open(path, "r+");
    await file.write(Buffer.alloc(300_000, 0xab), 0, 300_000, 16_384);
    await file.close();
    const failed = async (): Promise<Error> => {
      const store = await ScyllaDBStore.embedded({ path });
      try {
        for (const { namespace, key } of items) await store.get(namespace, key);
        await store.search(["a"], { limit: 200 });
        throw new Error("no call met the damage");
      } finally {
        await store.stop();
      }
    };
    const error = await rejectionOf(failed());
    expect(error).toMatchObject({ code: "QUERY", retryable: false });
    expect(error.message).toContain(path);
    expect(error.message).toMatch(/is corrupt .*SQLITE_CORRUPT.*backup/);
  });

  test.each([
    ["a truncated file", () => truncate(path, 20_000), "is corrupt"],
    ["a file with a damaged header", async () => {
      const file = await open(path, "r+");
      await file.write(Buffer.alloc(100, 0xcd), 0, 100, 0);
      await file.close();
    }, "is not a database file"],
  ])("is a query error at the start or at the first read: %s", async (_, damage, message) => {
    await filled();
    await damage();
    const used = async (): Promise<unknown> => {
      const store = await opened();
      return store.search(["a"], { limit: 200 });
    };
    const error = await rejectionOf(used());
    expect(error).toMatchObject({ code: "QUERY" });
    expect(error.message).toContain(message);
  });
});

describe("other paths", () => {
  test("a directory is a configuration error", async () => {
    const error = await rejectionOf(ScyllaDBStore.embedded({ path: folder }));
    expect(error).toMatchObject({ code: "CONFIGURATION", retryable: false });
    expect(error.message).toContain(`${folder} is a directory`);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each<[string, () => Promise<string>, RegExp]>([
    ["a file in place of the folder", async () => {
      await writeFile(join(folder, "file"), "");
      return join(folder, "file", "store.db");
    }, /file is a file, not a folder: configure another path/],
    ["symbolic links in a circle", async () => {
      await symlink(join(folder, "circle"), join(folder, "circle"));
      return join(folder, "circle");
    }, /lead in a circle: correct them/],
    ["a name that is too long", () => Promise.resolve(join(folder, "n".repeat(300))), /too long for the file system: configure a shorter one/],
    ["a folder that does not exist", () => Promise.resolve(join(folder, "none", "store.db")), /none does not exist: create it/],
  ])("is a typed error with the fix: %s", async (_, make, fix) => {
    const error = await rejectionOf(ScyllaDBStore.embedded({ path: await make() }));
    expect(error).toMatchObject({ code: "CONNECTION", retryable: false });
    expect(error.message).toMatch(fix);
    expect(error.message).not.toContain("defect");
  });

  test("the schema status of a path that cannot be examined is a typed error, not a missing file", async () => {
    const circle = join(folder, "circle");
    await symlink(circle, circle);
    const error = await rejectionOf(ScyllaDBStore.schemaStatus({ path: circle }));
    expect(error).toMatchObject({ code: "CONNECTION" });
    expect(error.message).toContain("lead in a circle");
  });

  test("a file with the longest name that leaves room for its log is readable by its owner only", async () => {
    const longest = join(folder, "n".repeat(247));
    await (await ScyllaDBStore.embedded({ path: longest })).stop();
    expect(((await stat(longest)).mode & 0o777).toString(8)).toBe("600");
    expect(await readdir(folder)).toHaveLength(1);
  });

  test("a device or pipe is a typed error", async () => {
    const error = await rejectionOf(ScyllaDBStore.embedded({ path: "/dev/null" }));
    expect(error).toMatchObject({ name: expect.stringMatching(/Error$/) as string, code: expect.any(String) as string });
    expect(error.message).toContain("/dev/null");
    expect(error.message).not.toContain("defect");
  });

  test("a runtime without node:sqlite is a configuration error that names the versions", () => {
    for (const load of [
      () => undefined,
      () => {
        throw new Error("No such built-in module: node:sqlite");
      },
    ]) {
      expect(() => loadEngine(load, "Node.js 20.1.0")).toThrow(/node:sqlite.*Node\.js 20\.1\.0.*22\.13/);
    }
  });
});

describe('":memory:" without a folder for temporary files', () => {
  test("keeps the data in memory, with all operations, and leaves nothing behind", async () => {
    vi.stubEnv("TMPDIR", join(folder, "missing"));
    onTestFinished(() => void vi.unstubAllEnvs());
    const index = { dims: 64, embeddings: new HashEmbeddings({ dims: 64 }), fields: ["text"] };
    const lines: string[] = [];
    const logger = { debug() {}, info: (_: object, line: string) => lines.push(line), warn() {}, error() {} };
    const store = await opened({ path: ":memory:", index, logger });
    expect(lines.join()).toContain("kept in memory");
    await Promise.all(Array.from({ length: 300 }, (_, n) => store.put(["a", `${n % 7}`], `${n}`, { text: `tea ${n}`, n })));
    expect((await store.get(["a", "3"], "3"))?.value).toEqual({ text: "tea 3", n: 3 });
    expect((await store.search(["a"], { query: "tea 17", limit: 50 })).find(({ key }) => key === "17")?.score).toBe(1);
    expect((await store.search(["a"], { filter: { n: { $gte: 290 } }, limit: 50 })).length).toBe(10);
    expect((await store.listNamespaces()).length).toBe(7);
    await store.put(["a", "3"], "big", { text: "x".repeat(400_000) }, false);
    expect((await store.get(["a", "3"], "big"))?.value["text"]).toHaveLength(400_000);
    await store.delete(["a", "3"], "3");
    expect(await store.get(["a", "3"], "3")).toBeNull();
    expect(await store.health()).toMatchObject({ status: "ok" });
    await store.stop();
    expect(await readdir(folder)).toEqual([]);
  });

  test("reports lost data when the thread that holds it ends", async () => {
    vi.stubEnv("TMPDIR", join(folder, "missing"));
    onTestFinished(() => void vi.unstubAllEnvs());
    const workers: Worker[] = [];
    const remember = (worker: Worker): number => workers.push(worker);
    process.on("worker", remember);
    const store = await opened({ path: ":memory:" });
    process.off("worker", remember);
    await store.put(["a"], "k", { n: 1 });
    await present(workers[0]).terminate();
    const error = await rejectionOf(store.get(["a"], "k"));
    expect(error).toMatchObject({ code: "CONNECTION", retryable: false });
    expect(error.message).toContain("the data is lost");
  });
});

describe("a file that is deleted or replaced while it is open", () => {
  async function aside(): Promise<() => Promise<void>> {
    const names = (await readdir(folder)).filter((name) => name.startsWith("store.db"));
    await mkdir(join(folder, "aside"));
    for (const name of names) await rename(join(folder, name), join(folder, "aside", name));
    return async () => {
      for (const name of names) await rename(join(folder, "aside", name), join(folder, name));
    };
  }

  const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["the file is deleted", () => rm(path)],
    ["the file and its log are deleted", () => Promise.all([rm(path), rm(`${path}-wal`), rm(`${path}-shm`)])],
    ["the log is deleted", () => rm(`${path}-wal`)],
    ["the folder is moved", async () => {
      await rename(folder, `${folder}-moved`);
      onTestFinished(() => rm(`${folder}-moved`, { recursive: true, force: true }));
    }],
    ["a copy takes its place", async () => {
      await copyFile(path, `${path}.copy`);
      await rename(`${path}.copy`, path);
    }],
    ["another file takes its place", async () => {
      await writeFile(`${path}.other`, "");
      await rename(`${path}.other`, path);
    }],
  ];

  test.each(changes)("no write is acknowledged, reads and searches fail, and health is down: %s", async (_, change) => {
    const store = await opened();
    await store.put(["a"], "before", { n: 1 });
    await change();
    for (const call of [
      () => store.put(["a"], "after", { n: 2 }),
      () => store.delete(["a"], "before"),
      () => store.search(["a"]),
      () => store.listNamespaces(),
    ]) {
      const error = await rejectionOf(call());
      expect(error).toMatchObject({ code: "CONNECTION", retryable: false });
      expect(error.message).toMatch(/deleted, moved or replaced.*Stop the store/);
    }
    // Reads on the caller's thread verify the file every now and then.
    await expect.poll(() => store.get(["a"], "before").then(() => "read", (error: Error) => error.message)).toContain("deleted, moved or replaced");
    expect(await store.health()).toMatchObject({ status: "down" });
  });

  test("the log beside the target of a symbolic link is deleted: no write is acknowledged", async () => {
    const link = join(folder, "link.db");
    await symlink(path, link);
    await (await opened()).stop();
    const store = await opened({ path: link });
    await store.put(["a"], "before", { n: 1 });
    await rm(`${path}-wal`);
    expect(await rejectionOf(store.put(["a"], "after", { n: 2 }))).toMatchObject({ code: "CONNECTION", message: expect.stringContaining("store.db-wal was deleted") as string });
  });

  test("a path whose symbolic links lead in a circle is a typed error with the fix, and no defect", async () => {
    const store = await opened();
    await store.put(["a"], "before", { n: 1 });
    await rename(folder, `${folder}-moved`);
    onTestFinished(() => rm(`${folder}-moved`, { recursive: true, force: true }));
    await symlink(folder, folder);
    for (const call of [() => store.put(["a"], "after", { n: 2 }), () => store.search(["a"])]) {
      const error = await rejectionOf(call());
      expect(error).toMatchObject({ code: "CONNECTION", retryable: false, details: { cause: "ELOOP" } });
      expect(error.message).toMatch(/store\.db cannot be reached \(ELOOP.*circle: correct them/);
    }
  });

  test("it works on when the file and its log are moved back", async () => {
    const store = await opened();
    await store.put(["a"], "before", { n: 1 });
    const back = await aside();
    await rejectionOf(store.put(["a"], "meanwhile", { n: 2 }));
    await back();
    await store.put(["a"], "after", { n: 3 });
    expect((await store.get(["a"], "before"))?.value).toEqual({ n: 1 });
    await store.stop();
    const again = await opened();
    expect((await again.search(["a"])).map(({ key }) => key)).toEqual(expect.arrayContaining(["before", "after"]));
  });
});
