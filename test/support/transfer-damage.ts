/** Imports of files that are truncated, damaged or of another format, whichever backend the stores are on. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { ImportReport, ImportRejection } from "langgraph-store-scylladb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, cliJson } from "./cli.ts";
import type { CliStore } from "./cli-use.ts";

/** Registers the tests on one backend. */
export function damagedFilesUse(open: () => Promise<CliStore>): void {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "damaged-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("bad lines are rejected with number and reason and the others are imported; --check imports nothing then", async () => {
    const { store, flags } = await open();
    const file = join(folder, "bad.jsonl");
    const good = { namespace: ["a"], key: "good", value: { n: 1 } };
    const lines = [good, { namespace: ["a.b"], key: "k", value: {} }, { ...good, key: 7 }, { ...good, value: [1] }, { ...good, created: 1 }, { ...good, createdAt: "soon" }];
    await writeFile(file, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n{"namespace":["a"\n`);
    const checked = await cli(["import", file, "--check", "--json", ...flags]);
    expect(checked).toMatchObject({ code: 1, errors: expect.stringContaining("Line 2: Invalid namespace label") as string });
    expect(await store.count([])).toBe(0);
    const rejected = join(folder, "rejected.jsonl");
    const done = await cli(["import", file, "--rejected", rejected, "--json", ...flags]);
    expect(done.code).toBe(1);
    expect(JSON.parse(done.output)).toMatchObject({ imported: 1, rejected: 6 } satisfies Partial<ImportReport>);
    const reasons = (await readFile(rejected, "utf8")).trim().split("\n").map((line) => JSON.parse(line) as ImportRejection);
    expect(reasons.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(reasons.map(({ reason }) => reason).join("\n")).toMatch(/label[^]*key must be[^]*value must be[^]*unknown field "created"[^]*createdAt must be[^]*not valid JSON/);
    expect((await store.get(["a"], "good"))?.value).toEqual({ n: 1 });
  });

  test("a header of a newer format ends an import with its line, and --check imports nothing then", async () => {
    const { store, flags } = await open();
    const file = join(folder, "newer.jsonl");
    await writeFile(file, `${JSON.stringify({ namespace: ["a"], key: "k", value: { n: 1 } })}\n{"langgraph-store-export":2,"prefix":[]}\n`);
    expect(await cli(["import", file, "--check", ...flags])).toMatchObject({ code: 1, errors: expect.stringMatching(/Line 2: The file has export format 2.*upgrade/) as string });
    expect(await store.count([])).toBe(0);
  });

  test("a truncated file, compressed or not, is reported, and what it holds is imported", async () => {
    const [from, to] = [await open(), await open()];
    await from.store.batch(Array.from({ length: 5 }, (_, i) => ({ namespace: ["users", "mia"], key: `k${i}`, value: { text: `note ${i}` } })));
    const file = join(folder, "full.jsonl.gz");
    await cli(["export", file, ...from.flags]);
    const text = gunzipSync(await readFile(file)).toString();
    const plain = join(folder, "cut.jsonl");
    await writeFile(plain, text.slice(0, text.lastIndexOf('{"end"')));
    expect(await cliJson(["import", plain, "--dry-run", ...to.flags])).toMatchObject({ imported: 5, complete: false, dryRun: true });
    expect(await to.store.count([])).toBe(0);
    expect(await cli(["import", plain, ...to.flags])).toMatchObject({ code: 1, errors: expect.stringContaining("truncated") as string });
    expect(await to.store.count([])).toBe(5);
    const packed = join(folder, "cut.jsonl.gz");
    await writeFile(packed, gzipSync(text).subarray(0, 200));
    expect(await cli(["import", packed, ...to.flags])).toMatchObject({ code: 1, errors: expect.stringMatching(/cannot be read after line \d+.*truncated/) as string });
  });

  test("of a truncated zstd file, the items before its end are imported and reported", async () => {
    const [from, to] = [await open(), await open()];
    await from.store.batch(Array.from({ length: 200 }, (_, i) => ({ namespace: ["a"], key: `k${i}`, value: { text: randomBytes(2_000).toString("hex") }, index: false as const })));
    const file = join(folder, "cut.jsonl.zst");
    await cli(["export", file, ...from.flags]);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, Math.floor(0.8 * bytes.length)));
    const { code, errors } = await cli(["import", file, ...to.flags]);
    expect([code, /cannot be read after line [1-9]\d*.*truncated.*items were written and stay/s.test(errors)], errors).toEqual([1, true]);
    expect(await to.store.count([])).toBeGreaterThan(100);
  });

  test("a line that is not UTF-8 is rejected, and the others are imported", async () => {
    const { store, flags } = await open();
    const file = join(folder, "latin1.jsonl");
    await writeFile(file, Buffer.from(`${JSON.stringify({ namespace: ["a"], key: "1", value: { text: "caf\xe9" } })}\n${JSON.stringify({ namespace: ["a"], key: "2", value: {} })}\n`, "latin1"));
    expect(await cli(["import", file, ...flags])).toMatchObject({ code: 1, errors: expect.stringMatching(/Line 1: .*UTF-8/) as string });
    expect(await store.count([])).toBe(1);
  });

  test("an empty file is reported as truncated", async () => {
    const { flags } = await open();
    const file = join(folder, "empty.jsonl");
    await writeFile(file, "");
    expect(await cli(["import", file, ...flags])).toMatchObject({ code: 1, errors: expect.stringContaining("truncated") as string });
  });
}
