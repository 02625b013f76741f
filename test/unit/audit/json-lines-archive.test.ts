import { appendFile, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JsonLinesArchive } from "../../../src/audit/json-lines-archive.ts";
import { JsonLinesFile } from "../../../src/audit/json-lines-file.ts";
import type { AuditEntry, AuditSubject } from "../../../src/ports/audit.ts";
import { silentLogger } from "../../../src/ports/logger.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-archive-"));
  path = join(folder, "audit.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

const entry = (label: string, key: string): AuditEntry => ({
  id: key,
  phase: "outcome",
  time: "2026-01-01T00:00:00.000Z",
  actor: label,
  operation: "put",
  namespace: [label],
  key,
  version: 1,
  outcome: "ok",
  durationMs: 1,
});

const mia: AuditSubject = {
  of: ({ namespace, actor }) => ({ item: namespace?.[0] === "m", actor: actor === "m" }),
  mayConcern: (line) => line.includes('"m"'),
};

test("fields are deleted from rotated files, too, and every file keeps its size and its other lines", async () => {
  const file = new JsonLinesFile({ path, maxBytes: 2_000, maxAgeHours: 24, maxFiles: 50, fsync: false }, silentLogger);
  await file.start();
  for (let i = 0; i < 40; i += 1) await file.write([entry(i % 2 === 0 ? "m" : "other", `k${i}`)]);
  await file.stop();
  const archive = new JsonLinesArchive(path);
  expect(await archive.erase(mia, { dryRun: true })).toEqual({ entries: 20, incomplete: 0 });
  const { size } = await stat(path);
  expect(await archive.erase(mia, { dryRun: false })).toEqual({ entries: 20, incomplete: 0 });
  expect((await stat(path)).size).toBe(size);
  expect(await archive.erase(mia, { dryRun: true })).toEqual({ entries: 0, incomplete: 0 });
  for (const line of (await readFile(path, "utf8")).split("\n").slice(0, -1)) {
    const kept = JSON.parse(line) as Partial<AuditEntry>;
    if (kept.actor === undefined) expect(kept).toEqual({ id: kept.id, phase: "outcome", time: "2026-01-01T00:00:00.000Z", operation: "put", version: 1, outcome: "ok", durationMs: 1 });
    else expect(kept).toEqual(entry("other", kept.key ?? ""));
  }
});

test("lines that another process appends during an erasure are neither lost nor damaged", async () => {
  await writeFile(path, Array.from({ length: 20_000 }, (_, i) => `${JSON.stringify(entry("m", `k${i}`))}\n`).join(""));
  const writer = new JsonLinesFile({ path, maxBytes: 100_000_000, maxAgeHours: 24, maxFiles: 2, fsync: false }, silentLogger);
  await writer.start();
  let isDone = false;
  const appending = (async () => {
    let lines = 0;
    for (; !isDone || lines === 0; lines += 1) await writer.write([entry("other", `late${lines}`)]);
    return lines;
  })();
  const { entries } = await new JsonLinesArchive(path).erase(mia, { dryRun: false }).finally(() => (isDone = true));
  const appended = await appending;
  await writer.stop();
  expect(entries).toBe(20_000);
  const kept = (await readFile(path, "utf8")).split("\n").slice(0, -1).map((line) => JSON.parse(line) as Partial<AuditEntry>);
  expect(kept.slice(20_000)).toEqual(Array.from({ length: appended }, (_, i) => entry("other", `late${i}`)));
});

test("a line that another process has begun is read when it is complete, and one that stays incomplete is emptied", async () => {
  const line = `${JSON.stringify(entry("m", "late"))}\n`;
  await writeFile(path, line.slice(0, 90));
  const erasing = new JsonLinesArchive(path).erase(mia, { dryRun: false });
  const handle = await open(path, "a");
  await handle.appendFile(line.slice(90));
  await handle.close();
  expect(await erasing).toEqual({ entries: 1, incomplete: 0 });
  await appendFile(path, line.slice(0, -5));
  expect(await new JsonLinesArchive(path).erase(mia, { dryRun: false })).toEqual({ entries: 0, incomplete: 1 });
  expect(await readFile(path, "utf8")).not.toContain('"m"');
});

test("an audit file that does not exist holds nothing to erase", async () => {
  expect(await new JsonLinesArchive(path).erase(mia, { dryRun: false })).toEqual({ entries: 0, incomplete: 0 });
});
