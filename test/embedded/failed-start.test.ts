/** A start that fails and whose cleanup fails too. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterEach, expect, test, vi } from "vitest";
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
