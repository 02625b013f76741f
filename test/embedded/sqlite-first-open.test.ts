/** Opening a local file, or reading its schema, while another process creates, opens or closes it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { BusyRetries, openUnlocked } from "../../src/backends/sqlite/busy-retries.ts";
import { CallerReads } from "../../src/backends/sqlite/caller-reads.ts";
import { Connection } from "../../src/backends/sqlite/connection.ts";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { SCHEMA_STATEMENTS, SCHEMA_VERSION } from "../../src/backends/sqlite/migrations.ts";
import { readFileSchema } from "../../src/backends/sqlite/schema-status.ts";
import { rejectionOf, upTo } from "../../src/testing/expectations.ts";

let path: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "sqlite-first-open-"));
  path = join(folder, "store.db");
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

async function createStore(): Promise<void> {
  await (await ScyllaDBStore.embedded({ path })).stop();
}

/** Locks the file as a connection does that changes its journal mode or closes last: no other can read. */
function lockEntirely(): { release(): void } {
  const other = new DatabaseSync(path);
  other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
  return { release: () => other.close() };
}

test.each([
  ["the schema status", () => readFileSchema(path)],
  ["the connection for reads on the caller's thread", () => openUnlocked(path, () => new CallerReads(path)).then((reads) => reads.close())],
])("%s waits for a lock on the entire file", async (_, open) => {
  await createStore();
  const lock = lockEntirely();
  // Its first attempt is made in the call and meets the lock.
  const opened = open();
  lock.release();
  await opened;
});

test("a start waits for a lock on the entire file", async () => {
  await createStore();
  const lock = lockEntirely();
  const backend = new SqliteBackend({ path, dims: null });
  onTestFinished(() => backend.stop());
  const paused = vi.spyOn(BusyRetries.prototype, "pause");
  onTestFinished(() => paused.mockRestore());
  const started = backend.start();
  await expect.poll(() => paused.mock.calls.length).toBeGreaterThan(0);
  lock.release();
  await started;
});

test("the schema status is that of one moment while another process creates the tables", async () => {
  const empty = new DatabaseSync(path);
  empty.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a); DROP TABLE t");
  onTestFinished(() => empty.close());
  const read = vi.spyOn(Connection.prototype, "number");
  onTestFinished(() => read.mockRestore());
  read.mockImplementationOnce(function (this: Connection, sql) {
    const first = this.reader(sql).first([])?.[0] as number;
    for (const statement of SCHEMA_STATEMENTS) empty.exec(statement);
    return first;
  });
  expect(await readFileSchema(path)).toMatchObject({ stored: 0, migrations: [{ state: "pending" }] });
  expect(await readFileSchema(path)).toMatchObject({ stored: SCHEMA_VERSION, migrations: [{ state: "applied" }] });
});

test("concurrent first starts of stores, each with the schema status before and after, all succeed", async () => {
  for (const file of upTo(4).map((n) => `${path}.${n}`)) {
    const first = async (): Promise<unknown> => {
      await ScyllaDBStore.schemaStatus({ path: file });
      await (await ScyllaDBStore.embedded({ path: file })).stop();
      return (await ScyllaDBStore.schemaStatus({ path: file })).stored;
    };
    expect(await Promise.all(upTo(4).map(first))).toEqual(upTo(4).map(() => SCHEMA_VERSION));
  }
});

test("a file that stays locked is a typed error with the fix", async () => {
  await createStore();
  const lock = lockEntirely();
  onTestFinished(() => lock.release());
  const now = vi.spyOn(performance, "now");
  onTestFinished(() => now.mockRestore());
  const status = rejectionOf(readFileSchema(path));
  now.mockReturnValue(performance.now() + 3_600_000);
  const error = await status;
  expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true });
  expect(error.message).toMatch(/store\.db locked.*Retry later/);
});
