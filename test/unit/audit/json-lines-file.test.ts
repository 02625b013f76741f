import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { JsonLinesFile } from "../../../src/audit/json-lines-file.ts";
import type { AuditEntry } from "../../../src/ports/audit.ts";
import { silentLogger } from "../../../src/ports/logger.ts";

const entry = (key: string): AuditEntry => ({
  id: "0123",
  phase: "outcome",
  time: "2026-01-01T00:00:00.000Z",
  actor: null,
  operation: "put",
  namespace: ["a"],
  key,
  version: 1,
  outcome: "ok",
  durationMs: 1,
});

test("an entry that cannot be written as JSON fails alone; the other entries of its group are written", async () => {
  const folder = await mkdtemp(join(tmpdir(), "audit-file-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "audit.jsonl");
  const file = new JsonLinesFile({ path, maxBytes: 1_000_000, maxAgeHours: 24, maxFiles: 2, fsync: false }, silentLogger);
  await file.start();
  const bad = { ...entry("bad"), version: 1n as unknown as number };
  const outcomes = await file.write([entry("first"), bad, entry("last")]);
  await file.write([entry("next")]);
  await file.stop();
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as AuditEntry).key)).toEqual(["first", "last", "next"]);
});
