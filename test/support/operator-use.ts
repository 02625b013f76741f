/** Checks, erasure, backup and restore by commands, whichever backend the store is on. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEntry, BackupManifest, EraseReport, Finding, ScyllaDBStore } from "langgraph-store-scylladb";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { cli, cliJson } from "./cli.ts";
import type { CliStore } from "./cli-use.ts";

async function entriesOf(path: string): Promise<Partial<AuditEntry>[]> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Partial<AuditEntry>);
}

/** Registers the tests of operator commands on one backend. */
export function operatorUse(open: () => Promise<CliStore>): void {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "operator-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function fill(store: ScyllaDBStore): Promise<void> {
    await store.put(["users", "mia"], "food", { text: "likes curry", email: "mia@example.com" });
    await store.put(["users", "mia", "notes"], "sport", { text: "plays tennis", email: "mia@example.com" });
    await store.put(["users", "mia2"], "food", { text: "another user" });
    await store.put(["shared"], "list", { text: "curry for mia", email: "mia@example.com" });
  }

  test("erase deletes what is below a prefix of entire labels and nothing else, and reports it with a digest", async () => {
    const { store, flags } = await open();
    await fill(store);
    const dry = await cliJson<EraseReport>(["erase", "--prefix", "users.mia", "--dry-run", ...flags]);
    expect(dry).toMatchObject({ dryRun: true, complete: false, erased: { items: 2 } });
    expect(await store.count([])).toBe(4);
    const file = join(folder, "report.json");
    const report = await cliJson<EraseReport>(["erase", "--prefix", "users.mia", "--yes", "--report", file, ...flags]);
    expect(report).toMatchObject({ complete: true, erased: { items: 2, unlisted: 0, orphanedVectors: 0 }, left: { concurrent: [], undecodable: 0, vectors: 0 } });
    expect(report.remains.length).toBeGreaterThan(2);
    const { digest, ...content } = JSON.parse(await readFile(file, "utf8")) as EraseReport;
    expect(createHash("sha256").update(JSON.stringify(content)).digest("hex")).toBe(digest);
    expect(await store.listNamespaces()).toEqual([["shared"], ["users", "mia2"]]);
    const found = await store.search([], { query: "curry tennis" });
    expect(found.map(({ key, namespace }) => `${namespace.join(".")}/${key}`).toSorted()).toEqual(["shared/list", "users.mia2/food"]);
    expect(await store.repair({ dryRun: true })).toMatchObject({ orphaned: 0, missing: 0, unlisted: 0 });
  });

  test("erase by a filter deletes the matching items in all namespaces, with --everything only", async () => {
    const { store, flags } = await open();
    await fill(store);
    const where = ["--where", '{"email":"mia@example.com"}'];
    expect(await cli(["erase", ...where, "--yes", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("--everything") as string });
    expect(await cli(["erase", ...where, "--everything", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("--yes") as string });
    expect(await store.count([])).toBe(4);
    expect(await cliJson(["erase", ...where, "--everything", "--yes", ...flags])).toMatchObject({ complete: true, filtered: true, erased: { items: 3 } });
    expect(await store.listNamespaces()).toEqual([["users", "mia2"]]);
  });

  test("erase reports what is written below the prefix while it runs, and a second run erases it", async () => {
    const { store } = await open();
    await fill(store);
    await store.batch(Array.from({ length: 250 }, (_, i) => ({ namespace: ["users", "mia", "many"], key: `k${i}`, value: { i }, index: false as const })));
    const eraseBesidePut = async (): Promise<EraseReport> => {
      const puts: Promise<void>[] = [];
      const report = await store.erase({
        prefix: ["users", "mia"],
        // After the first page: the erasure has passed this namespace by then.
        onProgress: ({ phase }) => void (phase === "erase" && puts.length === 0 && puts.push(store.put(["users", "mia"], "late", { text: "written meanwhile" }))),
      });
      await Promise.all(puts);
      return report;
    };
    // A put that takes longer than the erasure comes after it: then once more.
    await expect.poll(eraseBesidePut).toMatchObject({ complete: false, left: { concurrent: [{ namespace: ["users", "mia"], key: "late" }] } });
    expect(await store.erase({ prefix: ["users", "mia"] })).toMatchObject({ complete: true, erased: { items: 1 } });
    expect(await store.count(["users", "mia"])).toBe(0);
  });

  test("erase reports what a process with a slow clock writes meanwhile, and does not take it for old data", async () => {
    const { store, again } = await open();
    await fill(store);
    // Each store has its own clock of versions, which never goes back.
    const writer = await again();
    await writer.get(["users"], "none");
    let unlisted = 0;
    let attempts = 0;
    const eraseBesideSlowWriter = async (): Promise<EraseReport> => {
      const puts: Promise<void>[] = [];
      const clock = vi.spyOn(Date, "now");
      try {
        const report = await store.erase({
          prefix: ["users", "mia"],
          onProgress({ phase }) {
            if (phase !== "erase" || puts.length > 0) return;
            // Behind by less than the clock skew that the store tolerates.
            const now = Date.now() - 30 * 60_000;
            clock.mockImplementation(() => now);
            attempts += 1;
            puts.push(writer.put(["users", "mia", "late"], `slow${attempts}`, { text: "written meanwhile" }));
          },
        });
        await Promise.all(puts);
        unlisted += report.erased.unlisted;
        return report;
      } finally {
        clock.mockRestore();
      }
    };
    await expect.poll(eraseBesideSlowWriter).toMatchObject({ complete: false, left: { concurrent: [{ namespace: ["users", "mia", "late"], key: expect.stringContaining("slow") as string }] } });
    expect(unlisted).toBe(0);
    expect(await store.erase({ prefix: ["users", "mia"] })).toMatchObject({ complete: true, erased: { items: 1, unlisted: 0 } });
  });

  test("erase --audit deletes namespace, key and the subject's actor from the trail, and nothing else", async () => {
    const { flags: given } = await open();
    const path = join(folder, `audit-${Date.now()}`, "audit.jsonl");
    const flags = [...given, "--set", `audit.file.path=${path}`];
    const run = async (...args: string[]): Promise<void> => expect(await cli([...args, ...flags])).toMatchObject({ code: 0 });
    await run("put", "users.mia", "food", '{"text":"a"}', "--actor", "mia");
    await run("put", "users.mia.notes", "n1", '{"text":"b"}', "--actor", "support");
    await run("put", "users.mia2", "food", '{"text":"c"}', "--actor", "mia2");
    await run("put", "shared", "list", '{"text":"d"}', "--actor", "mia@example.com");
    await run("put", "shared", "mia", '{"text":"e"}', "--actor", "mia");
    const before = await entriesOf(path);
    await writeFile(path, '{"id":"torn","phase":"intent","actor":"x","operation":"put","namespace":["users","mia"],"ke', { flag: "a" });
    const erase = ["erase", "--prefix", "users.mia", "--audit", "--audit-actor", "mia@example.com"];
    const text = await readFile(path, "utf8");
    const dry = await cliJson<EraseReport>([...erase, "--dry-run", ...flags]);
    // Each put has an intent and an outcome: two items of mia, and one by her address.
    expect(dry.audit).toMatchObject({ entries: 6, incomplete: 1, failed: null, where: expect.arrayContaining(["the audit file"]) as string[] });
    expect(await readFile(path, "utf8")).toBe(text);
    const report = await cliJson<EraseReport>([...erase, "--yes", "--actor", "officer", ...flags]);
    // And the two deletes.
    expect(report).toMatchObject({ complete: true, audit: { entries: 10, incomplete: 1, failed: null } });
    expect(report.remains.map(({ where }) => where)).not.toContain("audit trail");
    const left = await readFile(path, "utf8");
    expect(left.replaceAll("users\",\"mia2", "").replaceAll('"mia2"', "")).not.toMatch(/users|n1|mia@/);
    const after = await entriesOf(path);
    expect(after.filter(({ id }) => id === undefined)).toHaveLength(1);
    const kept = after.filter(({ id }) => id !== undefined);
    expect(kept).toHaveLength(before.length + 4);
    before.forEach((entry, i) => {
      const { namespace, key, actor, ...rest } = entry;
      const isOfMia = namespace?.[1] === "mia";
      const isBySubject = actor === "mia@example.com" || (isOfMia && actor === "mia");
      expect(kept[i]).toEqual({ ...rest, ...(isBySubject ? {} : { actor }), ...(isOfMia ? {} : { namespace, key }) });
    });
    expect(kept.slice(before.length)).toMatchObject(Array.from({ length: 4 }, () => ({ actor: "officer", operation: "delete" })));
    expect(await cliJson([...erase, "--yes", ...flags])).toMatchObject({ audit: { entries: 0, incomplete: 0 } });
  });

  test("erase --audit with a filter changes the entries of the erased items only", async () => {
    const { store, flags: given } = await open();
    const path = join(folder, `audit-where-${Date.now()}`, "audit.jsonl");
    const flags = [...given, "--set", `audit.file.path=${path}`];
    await cli(["put", "a", "one", '{"email":"mia@example.com"}', ...flags]);
    await cli(["put", "a", "two", '{"email":"ola@example.com"}', ...flags]);
    const report = await cliJson<EraseReport>(["erase", "--where", '{"email":"mia@example.com"}', "--everything", "--audit", "--yes", ...flags]);
    expect(report).toMatchObject({ complete: true, erased: { items: 1 }, audit: { entries: 4 } });
    expect((await entriesOf(path)).map(({ key = "erased" }) => key)).toEqual(["erased", "erased", "two", "two", "erased", "erased"]);
    expect(await store.count([])).toBe(1);
  });

  test("the report of an erasure says how long caches of other processes may keep vectors and prefixes", async () => {
    const { flags } = await open();
    const { remains } = await cliJson<EraseReport>(["erase", "--prefix", "users.mia", "--yes", "--set", "embedding.cacheMinutes=90", ...flags]);
    expect(remains.find(({ where }) => where === "caches of running processes")).toMatchObject({ until: "91 minutes from now" });
  });

  test("a backup is restored to another store, and a damaged one is refused with nothing restored", async () => {
    const [from, to] = [await open(), await open()];
    await fill(from.store);
    const place = join(folder, "backup");
    const manifest = await cliJson<BackupManifest>(["backup", place, ...from.flags]);
    expect(manifest).toMatchObject({ items: 4, unreadable: 0, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(await cliJson(["restore", place, "--dry-run", ...to.flags])).toMatchObject({ imported: 4, dryRun: true });
    expect(await to.store.count([])).toBe(0);
    expect(await cliJson(["restore", place, ...to.flags])).toMatchObject({ imported: 4, complete: true });
    expect(await to.store.get(["users", "mia"], "food")).toEqual(await from.store.get(["users", "mia"], "food"));
    await writeFile(join(place, manifest.file), "damaged");
    expect(await cli(["restore", place, ...from.flags])).toMatchObject({ code: 2, errors: expect.stringContaining("not the file that was backed up") as string });
    expect(await cli(["restore", join(folder, "none"), ...from.flags])).toMatchObject({ code: 2, errors: expect.stringContaining("no complete backup") as string });
  });

  test("doctor passes on a working store, and names a wrong embedder with the fix", async () => {
    const { flags } = await open();
    const { output, code } = await cli(["doctor", ...flags]);
    expect({ output, code }).toMatchObject({ code: 0, output: expect.stringMatching(/✓ Node\.js[^]*✓ Configuration[^]*✓ Reads[^]*✓ Embedder/) as string });
    expect(output).not.toContain("✗");
    const broken = join(folder, "broken.mjs");
    await writeFile(broken, "export default { embedDocuments: async (texts) => texts.map(() => [1]), embedQuery: async () => [1], model: 'HashEmbeddings' };");
    const { findings, ok } = await cliJson<{ findings: Finding[]; ok: boolean }>(["doctor", ...flags, "--embeddings", broken, "--set", "index.model=HashEmbeddings"]);
    expect(ok).toBe(false);
    expect(findings.find(({ check }) => check === "Embedder")).toMatchObject({ status: "problem", fix: expect.stringContaining("index.dims to 1") as string });
  });

  test("a dry run of a sweep counts expired items and removes nothing", async () => {
    const { store, flags } = await open();
    await store.put(["a"], "gone", { text: "short" }, undefined, { expiresAt: new Date(Date.now() + 300) });
    await expect.poll(() => store.get(["a"], "gone")).toBeNull();
    const first = await cliJson<{ records: number }>(["sweep", "--dry-run", ...flags]);
    expect(first.records).toBe(1);
    expect(await cliJson(["sweep", "--dry-run", ...flags])).toEqual({ ...first, dryRun: true });
    expect(await cliJson(["sweep", ...flags])).toMatchObject({ dryRun: false });
  });
}
