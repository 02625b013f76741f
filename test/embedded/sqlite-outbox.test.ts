import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Connection, toBytes } from "../../src/backends/sqlite/connection.ts";
import { toFailure, toStoreError } from "../../src/backends/sqlite/errors.ts";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { LocalDatabase } from "../../src/backends/sqlite/local-database.ts";
import { SqliteOutbox } from "../../src/backends/sqlite/outbox.ts";
import type { DatabaseCalls } from "../../src/backends/sqlite/requests.ts";
import { WriteGroup } from "../../src/backends/sqlite/write-group.ts";
import { ClosedError } from "../../src/model/errors.ts";
import { batchOf, outboxSuite, type OutboxSuite } from "../../src/testing/outbox-suite.ts";

const LATER = Date.UTC(3000, 0, 1);

async function newDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "sqlite-outbox-"));
}

/** Replaces the stored form of a batch, as another process of a newer version would. */
function overwriteIn(path: string): Awaited<ReturnType<OutboxSuite["create"]>>["overwrite"] {
  return ({ id, dueAt }, cell) => {
    // Not by another SQLite library: two in one process release each other's file locks.
    const connection = new Connection(path);
    connection.exec("PRAGMA busy_timeout = 5000");
    const update = connection.writer("UPDATE outbox SET batch = ? WHERE due_at = ? AND id = ?");
    const changes = update([new Uint8Array(cell), dueAt, toBytes(id)]);
    connection.close();
    return changes === 1 ? Promise.resolve() : Promise.reject(new Error(`${id} was not stored`));
  };
}

outboxSuite({
  name: "SqliteOutbox",
  async create() {
    const directory = await newDirectory();
    const backend = new SqliteBackend({ path: join(directory, "store.db"), dims: null });
    await backend.start();
    const dispose = async (): Promise<void> => {
      await backend.stop();
      await rm(directory, { recursive: true });
    };
    return { outbox: backend.outbox, overwrite: overwriteIn(join(directory, "store.db")), dispose };
  },
});

/** The same SQL on this thread, which debuggers and the measuring of coverage see. */
outboxSuite({
  name: "SqliteOutbox on the caller's thread",
  async create() {
    const directory = await newDirectory();
    const path = join(directory, "store.db");
    const database = new LocalDatabase();
    database.answer("open", { path, durable: false, vectorCacheBytes: 1_000_000 });
    const calls: DatabaseCalls = {
      async call(name, request, deadline) {
        deadline?.throwIfOver("Working on the database file");
        try {
          return structuredClone(database.answer(name, structuredClone(request)));
        } catch (error) {
          throw toStoreError(toFailure(error), path);
        }
      },
    };
    const dispose = async (): Promise<void> => {
      database.answer("close", null);
      await rm(directory, { recursive: true });
    };
    return { outbox: new SqliteOutbox(calls, new WriteGroup(calls, path, 10_000)), overwrite: overwriteIn(path), dispose };
  },
});

/** Starts a backend on a file; stopped when the test ends. */
async function started(path: string): Promise<SqliteBackend> {
  const backend = new SqliteBackend({ path, dims: null });
  onTestFinished(() => backend.stop());
  await backend.start();
  return backend;
}

async function newPath(): Promise<string> {
  const directory = await newDirectory();
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, "store.db");
}

test("added batches are there after the file is opened again, and removed ones are not", async () => {
  const path = await newPath();
  const [gone, left] = [batchOf(1_000), batchOf(2_000)];
  const first = await started(path);
  await Promise.all([first.outbox.add(gone), first.outbox.add(left)]);
  await first.outbox.remove([gone]);
  await first.stop();
  expect((await (await started(path)).outbox.due(LATER, 10)).batches).toEqual([left]);
});

test("another process with the same file sees batches at once", async () => {
  const path = await newPath();
  const [mine, theirs] = [await started(path), await started(path)];
  const batch = batchOf(1_000);
  await mine.outbox.add(batch);
  expect((await theirs.outbox.due(LATER, 10)).batches).toEqual([batch]);
  await theirs.outbox.remove([batch]);
  expect(await mine.outbox.backlog(10)).toMatchObject({ batches: 0, more: false, oldestDueAt: null });
});

test("after stop every call is rejected", async () => {
  const { outbox, stop } = await startedAndStopped(await newPath());
  await stop;
  await expect(outbox.add(batchOf(1_000))).rejects.toThrow(ClosedError);
  await expect(outbox.due(LATER, 1)).rejects.toThrow(ClosedError);
  await expect(outbox.remove([batchOf(1_000)])).rejects.toThrow(ClosedError);
  await expect(outbox.backlog(1)).rejects.toThrow(ClosedError);
});

async function startedAndStopped(path: string) {
  const backend = await started(path);
  return { outbox: backend.outbox, stop: backend.stop() };
}
