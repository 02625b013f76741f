/** Files without terms, terms of another language, and a process that wants none. */
import { DatabaseSync } from "node:sqlite";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore, type KeywordLanguage } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { Connection } from "../../src/backends/sqlite/connection.ts";
import { tablesOf } from "../../src/backends/sqlite/generation-list.ts";
import { TermCounts } from "../../src/backends/sqlite/term-counts.ts";
import { Analyzer } from "../../src/core/keywords/analyzer.ts";
import { idf } from "../../src/model/idf.ts";
import { PATIENT } from "../support/patient.ts";

let folder: string;
let path: string;
const warnings: string[] = [];
const logger = { debug() {}, info() {}, warn: (_: unknown, message: string) => void warnings.push(message), error() {} };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keywords-"));
  path = join(folder, "store.db");
  warnings.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Opens the file for as long as it is used. */
async function opened<T>(keyword: { language: KeywordLanguage } | false, use: (store: ScyllaDBStore) => Promise<T>): Promise<T> {
  const index = { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"], keyword };
  const store = await ScyllaDBStore.embedded({ path, limits: PATIENT, index, logger });
  try {
    return await use(store);
  } finally {
    await store.stop();
  }
}

const english = { language: "english" } as const;
const hybrid = (store: ScyllaDBStore) => store.search(["a"], { query: "teas", mode: "hybrid" });

test("a file that was written without terms serves semantic search and reports it", async () => {
  await opened(false, (store) => store.put(["a"], "old", { text: "green tea" }));
  await opened(english, async (store) => {
    expect(warnings.join("\n")).toContain("created without terms");
    await store.put(["a"], "new", { text: "black tea" });
    const results = await hybrid(store);
    expect(results.info).toMatchObject({ mode: "semantic", degraded: true, reason: "keywords-missing" });
    expect(results).toHaveLength(2);
    expect((await store.search(["a"], { query: "teas" })).info).toMatchObject({ mode: "semantic", degraded: false });
    expect((await store.health()).vectors).toMatchObject({ status: "up", complete: true, keywords: "missing" });
  });
});

test("a file of an earlier version gets the column, and serves semantic search", async () => {
  await opened(english, (store) => store.put(["a"], "k", { text: "green tea" }));
  const database = new DatabaseSync(path);
  database.exec("ALTER TABLE points DROP COLUMN terms; DROP TABLE term_counts; DROP TABLE term_changes; DROP TABLE generations; DELETE FROM settings WHERE name LIKE 'keywords%'; PRAGMA user_version = 3");
  database.close();
  await opened(english, async (store) => {
    expect((await hybrid(store)).info).toMatchObject({ mode: "semantic", reason: "keywords-missing" });
    await store.put(["a"], "k", { text: "white tea" });
    expect((await store.get(["a"], "k"))?.value).toEqual({ text: "white tea" });
  });
});

test("items that a process without keywords wrote are never missing silently", async () => {
  await opened(english, (store) => store.put(["a"], "with", { text: "green tea" }));
  await opened(false, async (store) => {
    await store.put(["a"], "without", { text: "black tea" });
    expect(await store.health()).toMatchObject({ status: "ok", vectors: { keywords: "off" } });
  });
  await opened(english, async (store) => {
    expect((await hybrid(store)).info).toMatchObject({ mode: "semantic", reason: "keywords-missing" });
    expect(warnings.join("\n")).toContain("without terms");
  });
});

test("terms keep the language that the file was created with", async () => {
  await opened({ language: "german" }, (store) => store.put(["a"], "k", { text: "die Häuser am See" }));
  await opened(english, async (store) => {
    expect(warnings.join("\n")).toContain("another language");
    const results = await store.search(["a"], { query: "Haus", mode: "keyword" });
    expect(results.map(({ key }) => key)).toEqual(["k"]);
    expect(await store.health()).toMatchObject({ status: "ok", vectors: { keywords: "ready" } });
  });
});

test("counts of terms follow puts, replacements, deletes and sweeps", async () => {
  await opened(english, async (store) => {
    for (let i = 0; i < 5; i += 1) await store.put(["a"], `${i}`, { text: "tea and cake" });
    await store.put(["a"], "0", { text: "cake" });
    await store.delete(["a"], "1");
    await store.put(["a"], "2", { note: "no text" });
  });
  const database = new DatabaseSync(path);
  const stored = database.prepare("SELECT count(terms) AS count FROM points").get();
  database.close();
  const connection = new Connection(path);
  onTestFinished(() => connection.close());
  const analyzer = await Analyzer.of("english");
  const termsOf = (text: string) => analyzer.query(text).terms;
  const [cake = 0, tea = 0] = [...termsOf("cake"), ...termsOf("tea")];
  // Points with terms: "0", "3", "4"; "cake" in three, "tea" in two.
  expect(stored).toEqual({ count: 3 });
  expect(new TermCounts(connection, tablesOf(1)).query(termsOf("tea cake biscuit")).idfs).toEqual(new Map([[tea, idf(3, 2)], [cake, idf(3, 3)]]));
});
