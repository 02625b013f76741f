/** A failed or interrupted repair or rebuild continues at its last position. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { onlyGeneration } from "../../src/core/generations.ts";
import { IndexRules } from "../../src/core/index-rules.ts";
import { Keywords } from "../../src/core/keywords/keywords.ts";
import { SearchModes } from "../../src/core/search-modes.ts";
import type { ReconcileDependencies } from "../../src/core/reconcile-item.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import type { VectorIndex } from "../../src/ports/vector-index.ts";
import { RepairJournal } from "../../src/sync/repair-journal.ts";
import type { RepairReport } from "../../src/sync/repair-report.ts";
import { Repair } from "../../src/sync/repair.ts";
import { putAll, recordOf } from "../../src/testing/records.ts";

const DIMS = 4;
const ITEMS = 600;

let folder: string;
let backend: SqliteBackend;
let embedded: number;
let mostEmbedded: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "repair-resume-"));
  [embedded, mostEmbedded] = [0, Infinity];
  await open();
  await putAll(backend.items, Array.from({ length: ITEMS }, (_, i) => recordOf("a", `k${i}`, { value: { text: `text ${i}` } })));
});
afterEach(async () => {
  await backend.stop();
  await rm(folder, { recursive: true });
});

/** Opens the file, as a starting process does. */
async function open(): Promise<void> {
  backend = new SqliteBackend({ path: join(folder, "store.db"), dims: DIMS });
  await backend.start();
}

async function restart(): Promise<void> {
  await backend.stop();
  await open();
}

function dependencies(): ReconcileDependencies {
  const documents = async (texts: readonly string[]): Promise<number[][]> => {
    if (embedded >= mostEmbedded) throw new UnavailableError("the provider is down");
    embedded += texts.length;
    return texts.map(() => [1, 0, 0, 0]);
  };
  const embedder = { documents, query: async () => [1, 0, 0, 0], forgetRejections: () => undefined };
  const vectors = backend.vectors as VectorIndex;
  const indexing = { rules: new IndexRules(["text"], []), embedder, vectors, storedLanguage: () => null, keywords: new Keywords(null), modes: new SearchModes() };
  return { items: backend.items, generations: onlyGeneration(indexing) };
}

function repairOf(subject: string, options: { resume?: boolean; signal?: AbortSignal; onProgress?: () => void } = {}): Repair {
  const journal = new RepairJournal<RepairReport>(backend.settings, "repair:place", subject);
  return new Repair(dependencies(), silentLogger, options, { journal, stopsAtFailure: true });
}

async function points(): Promise<number> {
  let count = 0;
  for (let after: string | null = null; ; ) {
    const page = await (backend.vectors as VectorIndex).scan(after, 1_000);
    count += page.found.length;
    after = page.next;
    if (after === null) return count;
  }
}

test("a failed rebuild continues at the page that failed, also after a restart", async () => {
  mostEmbedded = 400;
  await expect(repairOf("c1", { resume: true }).run()).rejects.toThrow("the provider is down");
  mostEmbedded = Infinity;
  await restart();
  const repair = repairOf("c1", { resume: true });
  expect(await repair.run()).toMatchObject({ examined: ITEMS, failed: 0 });
  expect(repair.isComplete).toBe(true);
  expect(await points()).toBe(ITEMS);
  // Earlier embeddings are kept.
  expect(embedded).toBe(ITEMS);
});

test("an interrupted repair continues without reading earlier pages again", async () => {
  const controller = new AbortController();
  let pages = 0;
  const ended = repairOf("c1", { signal: controller.signal, onProgress: () => ((pages += 1), controller.abort()) });
  await expect(ended.run()).rejects.toThrow();
  await restart();
  pages = 0;
  expect(await repairOf("c1", { resume: true, onProgress: () => (pages += 1) }).run()).toMatchObject({ examined: ITEMS, missing: ITEMS });
  const resumed = pages;
  pages = 0;
  expect(await repairOf("c1", { resume: true, onProgress: () => (pages += 1) }).run()).toMatchObject({ examined: ITEMS, missing: 0 });
  expect(resumed).toBe(pages - 1);
});

test("a repair begins at the start without resume, or if the collection has changed", async () => {
  mostEmbedded = 400;
  await expect(repairOf("c1").run()).rejects.toThrow("the provider is down");
  mostEmbedded = Infinity;
  const elsewhere = await repairOf("c2", { resume: true }).run();
  expect(elsewhere).toMatchObject({ examined: ITEMS });
  expect(elsewhere.missing).toBeLessThan(ITEMS);
  mostEmbedded = 0;
  expect(await repairOf("c2").run()).toMatchObject({ examined: ITEMS, missing: 0, emptyNamespaces: 0 });
});

test("a position that the database no longer knows is not resumed", async () => {
  const journal = new RepairJournal<RepairReport>(backend.settings, "repair:place", "c1");
  const counts = { examined: 7, missing: 0, stale: 0, orphaned: 0, unlisted: 0, unreadable: 0, emptyNamespaces: 0, failed: 0 };
  await journal.save({ phase: "records", after: "no place of this storage", counts, hasTransientFailure: false });
  expect(await repairOf("c1", { resume: true }).run()).toMatchObject({ examined: ITEMS, missing: ITEMS });
});
