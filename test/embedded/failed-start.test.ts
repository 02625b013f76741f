/** Starts that fail. */
import { mkdir, mkdtemp, rm, rmdir } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("a failed cleanup after a failed start is logged and does not replace the reason", async () => {
  const warnings: unknown[] = [];
  const logger = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: (fields: unknown) => warnings.push(fields) };
  vi.spyOn(SqliteBackend.prototype, "start").mockRejectedValue(new Error("the reason"));
  vi.spyOn(SqliteBackend.prototype, "stop").mockRejectedValue(new TypeError("the cleanup"));
  await expect(ScyllaDBStore.embedded({ path: ":memory:", logger })).rejects.toThrow("the reason");
  expect(warnings).toEqual([expect.objectContaining({ cause: expect.stringContaining("the cleanup") as string })]);
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "failed-start-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("a local file whose start failed starts once the cause is gone", async () => {
  const path = join(await temporaryFolder(), "store.db");
  await mkdir(path);
  const backend = new SqliteBackend({ path, dims: null });
  onTestFinished(() => backend.stop());
  await expect(backend.start()).rejects.toMatchObject({ code: "CONFIGURATION" });
  await rmdir(path);
  await backend.start();
  expect(await backend.settings.establish("name", "value")).toBe("value");
});

test("a database of another program is refused and keeps its journal mode", async () => {
  const path = join(await temporaryFolder(), "other.db");
  const other = new DatabaseSync(path);
  other.exec("CREATE TABLE theirs (id INTEGER)");
  await expect(ScyllaDBStore.embedded({ path })).rejects.toMatchObject({ code: "SCHEMA" });
  expect(other.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
  other.close();
});
