/** Export and import by commands and by methods, whichever backend the stores are on. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { cli, cliJson } from "./cli.ts";
import type { CliStore } from "./cli-use.ts";

/** Registers the tests of export and import on one backend. */
export function transferUse(open: () => Promise<CliStore>): void {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "transfer-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const typed = { at: new Date("2026-01-02T03:04:05.006Z"), set: new Set([1]), map: new Map([["a", 1n]]), bytes: new Uint8Array([7]), none: undefined, odd: { "~date": "mine" } };

  async function fill(store: ScyllaDBStore): Promise<void> {
    await store.put(["users", "mia"], "plain", { text: "likes curry" });
    await store.put(["users", "mia"], "typed", typed);
    await store.put(["users", "mia"], "short", { text: "for an hour" }, undefined, { ttl: 60 });
    await store.put(["users", "ana"], "unindexed", { text: "not searched" }, false);
    await store.put(["users2"], "other", { text: "another tenant" });
  }

  async function allOf(store: ScyllaDBStore): Promise<object[]> {
    const items: object[] = [];
    for await (const { namespace, key, value, createdAt, updatedAt } of store.items([])) items.push({ namespace, key, value, createdAt, updatedAt });
    return items;
  }

  for (const name of ["plain.jsonl", "packed.jsonl.gz", "packed.jsonl.zst"]) {
    test(`an export to ${name} and an import bring every item to another store, with its times, TTL, typed values and vectors`, async () => {
      const [from, to] = [await open(), await open()];
      await fill(from.store);
      const file = join(folder, name);
      expect(await cliJson(["export", file, ...from.flags])).toMatchObject({ items: 5, unreadable: 0 });
      expect(await cliJson(["import", file, ...to.flags])).toMatchObject({ items: 5, imported: 5, rejected: 0, complete: true });
      expect(await allOf(to.store)).toEqual(await allOf(from.store));
      const [found] = await to.store.search(["users"], { query: "curry" });
      expect(found).toMatchObject({ key: "plain", score: expect.any(Number) as number });
      const unscored = (await to.store.search(["users"], { query: "searched" })).find(({ key }) => key === "unindexed");
      expect(unscored?.score).toBeUndefined();
      const again = join(folder, `again-${name}.jsonl`);
      await cli(["export", again, "--prefix", "users", ...to.flags]);
      const lines = (await readFile(again, "utf8")).trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
      const short = lines.find(({ key }) => key === "short");
      expect(short).toMatchObject({ ttlMinutes: 60, expiresAt: expect.any(String) as string });
      expect(lines).toHaveLength(6);
    });
  }

  test("an export with vectors and an import bring the same scores without a call to the embedder", async () => {
    const [from, to] = [await open(), await open()];
    await fill(from.store);
    const file = join(folder, "vectors.jsonl.gz");
    expect(await cliJson(["export", file, "--vectors", ...from.flags])).toMatchObject({ items: 5, withVectors: 3 });
    const embedded = vi.spyOn(HashEmbeddings.prototype, "embedDocuments");
    try {
      expect(await cliJson(["import", file, "--check", ...to.flags])).toMatchObject({ imported: 5, rejected: 0, vectors: { used: 3, ignored: 0, reason: null } });
      expect(embedded).not.toHaveBeenCalled();
    } finally {
      embedded.mockRestore();
    }
    const [a, b] = await Promise.all([from, to].map(({ store }) => store.search([], { query: "curry tenant hour" })));
    expect(b?.map(({ key }) => key)).toEqual(a?.map(({ key }) => key));
    b?.forEach(({ score }, i) => (score === undefined ? expect(a?.[i]?.score).toBeUndefined() : expect(score).toBeCloseTo(a?.[i]?.score ?? NaN, 5)));
    expect(await to.store.repair({ dryRun: true })).toMatchObject({ missing: 0, stale: 0 });
    expect(await cliJson(["backup", join(folder, "with-vectors"), "--vectors", ...from.flags])).toMatchObject({ withVectors: 3 });
  });

  test("vectors of another model, or of other texts, are not used, and the import says so and embeds the texts", async () => {
    const [from, to, other] = [await open(), await open(), await open()];
    await fill(from.store);
    const file = join(folder, "model.jsonl");
    await cli(["export", file, "--vectors", ...from.flags]);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace('"model":"HashEmbeddings"', '"model":"old-model"'));
    const done = await cli(["import", file, "--json", ...to.flags]);
    expect(done).toMatchObject({ code: 0, errors: expect.stringMatching(/vectors of 3 items were not used.*"old-model".*"HashEmbeddings"/) as string });
    expect(JSON.parse(done.output)).toMatchObject({ imported: 5, vectors: { used: 0, ignored: 3, reason: expect.any(String) as string } });
    expect((await to.store.search(["users"], { query: "likes curry" }))[0]).toMatchObject({ key: "plain", score: expect.closeTo(1, 5) as number });
    await writeFile(file, text.replace("likes curry", "plays tennis"));
    expect(await cliJson(["import", file, ...other.flags])).toMatchObject({ imported: 5, vectors: { used: 2, ignored: 1, reason: expect.stringContaining("index.fields") as string } });
    expect((await other.store.search(["users"], { query: "plays tennis" }))[0]).toMatchObject({ key: "plain", score: expect.closeTo(1, 5) as number });
  });

  test("--check rejects lines whose vectors have other dimensions than the header says, or no header, with their numbers", async () => {
    const [from, to] = [await open(), await open()];
    await fill(from.store);
    const file = join(folder, "dims.jsonl");
    await cli(["export", file, "--vectors", ...from.flags]);
    const lines = (await readFile(file, "utf8")).split("\n");
    const at = lines.findIndex((line) => line.includes('"vectors":[['));
    await writeFile(file, lines.with(at, (lines[at] ?? "").replace('"vectors":[[', '"vectors":[[0.5,')).join("\n"));
    const { code, errors } = await cli(["import", file, "--check", ...to.flags]);
    expect({ code, errors }).toMatchObject({ code: 1, errors: expect.stringMatching(new RegExp(`Line ${at + 1}: vectors\\[0\\] has \\d+ numbers, but the header says \\d+ dims`)) as string });
    expect(await to.store.count([])).toBe(0);
    await writeFile(file, lines[at] ?? "");
    expect(await cli(["import", file, ...to.flags])).toMatchObject({ code: 1, errors: expect.stringContaining("Line 1: The line has vectors, but the header names no model") as string });
  });

  test("an import again writes nothing: every item is recognized", async () => {
    const { store, flags } = await open();
    await fill(store);
    const file = join(folder, "again.jsonl");
    await cli(["export", file, ...flags]);
    const before = await store.get(["users", "mia"], "plain");
    expect(await cliJson(["import", file, ...flags])).toMatchObject({ items: 5, imported: 0, unchanged: 5 });
    expect(await store.get(["users", "mia"], "plain")).toEqual(before);
  });

  test("a later update stays unless the import overwrites, and a deleted item comes back", async () => {
    const { store, flags } = await open();
    await fill(store);
    const file = join(folder, "conflicts.jsonl");
    await cli(["export", file, ...flags]);
    await store.put(["users", "mia"], "plain", { text: "now likes soup" });
    await store.delete(["users2"], "other");
    expect(await cliJson(["import", file, ...flags])).toMatchObject({ imported: 1, kept: 1, unchanged: 3 });
    expect((await store.get(["users", "mia"], "plain"))?.value).toEqual({ text: "now likes soup" });
    expect((await store.get(["users2"], "other"))?.value).toEqual({ text: "another tenant" });
    expect(await cliJson(["import", file, "--on-conflict", "overwrite", ...flags])).toMatchObject({ imported: 1, unchanged: 4 });
    expect((await store.get(["users", "mia"], "plain"))?.value).toEqual({ text: "likes curry" });
  });

  test("an imported item is replaced by every later put, and its vectors follow", async () => {
    const [from, to] = [await open(), await open()];
    await fill(from.store);
    const file = join(folder, "later.jsonl");
    await cli(["export", file, ...from.flags]);
    await cli(["import", file, ...to.flags]);
    await to.store.put(["users", "mia"], "plain", { text: "plays tennis" });
    const [found] = await to.store.search(["users"], { query: "tennis" });
    expect(found).toMatchObject({ key: "plain", value: { text: "plays tennis" } });
    const { createdAt, updatedAt } = (await to.store.get(["users", "mia"], "plain")) as { createdAt: Date; updatedAt: Date };
    expect(createdAt).toEqual((await from.store.get(["users", "mia"], "plain"))?.createdAt);
    expect(updatedAt.getTime()).toBeGreaterThan(createdAt.getTime());
  });

  test("an export that was interrupted continues where it ended", async () => {
    const { store, flags } = await open();
    const text = "x".repeat(40_000);
    for (let start = 0; start < 600; start += 100) {
      await store.batch(Array.from({ length: 100 }, (_, i) => ({ namespace: ["many", String(i % 7)], key: `k${start + i}`, value: { text_: text }, index: false as const })));
    }
    const file = join(folder, "resumed.jsonl.gz");
    const abort = new AbortController();
    let parts = 0;
    const interrupted = store.exportTo(file, {
      signal: abort.signal,
      onProgress() {
        parts += 1;
        if (parts === 2) abort.abort();
      },
    });
    await expect(interrupted).rejects.toThrow();
    const { output } = await cli(["export", file, "--resume", "--json", ...flags]);
    expect(JSON.parse(output)).toMatchObject({ items: 600 });
    const lines = gunzipSync(await readFile(file)).toString().trim().split("\n");
    const keys = new Set(lines.map((line) => (JSON.parse(line) as { key?: string }).key).filter((key) => key !== undefined));
    expect([lines.length, keys.size]).toEqual([602, 600]);
  });

  test("import --from moves any BaseStore, such as InMemoryStore, and verifies every item; a second run moves nothing", async () => {
    const { store, flags } = await open();
    const module = join(folder, "old-store.mjs");
    await writeFile(
      module,
      `import { InMemoryStore } from ${JSON.stringify(import.meta.resolve("@langchain/langgraph-checkpoint"))};
       const store = new InMemoryStore();
       for (let i = 0; i < 250; i += 1) await store.put(["users", "u" + (i % 3)], "k" + i, { text: "likes number " + i });
       await store.put(["users", "u1", "deeper"], "k", { at: new Date(5), none: undefined });
       await store.put(["users"], "bad", { call: () => 1 });
       export default store;`,
    );
    const first = await cli(["import", "--from", module, "--json", ...flags]);
    expect(first).toMatchObject({ code: 1, errors: expect.stringMatching(/"bad": value\.call is a function/) as string });
    expect(JSON.parse(first.output)).toMatchObject({ imported: 251, rejected: 1, verification: { compared: 251, equal: 251 } });
    expect((await store.get(["users", "u1", "deeper"], "k"))?.value).toEqual({ at: new Date(5), none: undefined });
    expect(await cliJson(["import", "--from", module, ...flags])).toMatchObject({ imported: 0, unchanged: 251 });
    expect(await cli(["import", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("requires a file, or --from") as string });
  });

  test("files that cannot be read or written, wildcards and unknown rules are wrong usage, and nothing is written", async () => {
    const { store, flags } = await open();
    await fill(store);
    const file = join(folder, "one.jsonl");
    await writeFile(file, `${JSON.stringify({ namespace: ["users", "mia"], key: "plain", value: { text: "imported" }, updatedAt: "2100-01-01T00:00:00.000Z" })}\n`);
    const before = await readdir(folder);
    const cases: readonly [readonly string[], RegExp][] = [
      [["import", file, "--rejected", join(folder, "none", "rejected.jsonl")], /--rejected: the file .* cannot be written: ENOENT/],
      [["import", file, "--on-conflict", "newest"], /--on-conflict\) must be newer, overwrite, keep, but is "newest"/],
      [["import", folder], /is a folder/],
      [["import", join(folder, "none.jsonl")], /does not exist/],
      [["export", join(folder, "none", "items.jsonl")], /cannot be written: ENOENT/],
      [["export", folder], /cannot be written: it is a folder/],
      [["export", ""], /cannot be written: its name is empty/],
      [["export", join(folder, "wildcard.jsonl"), "--prefix", "users.*"], /no wildcards/],
      [["backup", file], /cannot be created: EEXIST/],
      [["erase", "--prefix", "users.*", "--yes"], /no wildcards/],
      [["erase", "--prefix", "users", "--yes", "--report", join(folder, "none", "report.json")], /--report: the file .* cannot be written: ENOENT/],
      [["count", "users.*"], /no wildcards/],
    ];
    for (const [command, message] of cases) expect(await cli([...command, ...flags]), command.join(" ")).toMatchObject({ code: 2, output: "", errors: expect.stringMatching(message) as string });
    expect(await readdir(folder)).toEqual(before);
    expect((await store.get(["users", "mia"], "plain"))?.value).toEqual({ text: "likes curry" });
    expect(await store.count([])).toBe(5);
  });

  test("of two exports to one file, one completes and the other is stopped", async () => {
    const { store } = await open();
    const text = "x".repeat(40_000);
    for (let start = 0; start < 400; start += 100) {
      await store.batch(Array.from({ length: 100 }, (_, i) => ({ namespace: ["many"], key: `k${start + i}`, value: { text_: text }, index: false as const })));
    }
    const file = join(folder, "shared.jsonl");
    const others: Promise<unknown>[] = [];
    // The second one starts when the first one has written a part.
    const onProgress = (): void => {
      if (others.length === 0) others.push(store.exportTo(file));
    };
    const [first] = await Promise.allSettled([store.exportTo(file, { onProgress })]);
    const outcomes = [first, ...(await Promise.allSettled(others))];
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failed.map(({ reason }) => String(reason))).toEqual([expect.stringContaining("Another process exports to") as string]);
    const lines = (await readFile(file, "utf8")).trim().split("\n");
    expect(new Set(lines.map((line) => (JSON.parse(line) as { key?: string }).key)).size).toBe(401);
    expect(lines).toHaveLength(402);
  });

  test("a command that is interrupted before its store is open does nothing and exits with 130", async () => {
    const { store, flags } = await open();
    await fill(store);
    const file = join(folder, "interrupted.jsonl");
    const { code, output, errors } = await cli(["export", file, ...flags], { signal: AbortSignal.abort() });
    expect({ code, output, errors }).toMatchObject({ code: 130, output: "", errors: expect.stringContaining("Nothing was done.\nInterrupted.\n") as string });
    expect(await readdir(folder)).not.toContain(expect.stringContaining("interrupted") as string);
  });
}
