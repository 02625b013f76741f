/** What users see of semantic, keyword and hybrid search, on whichever databases the index is. */
import { aesGcmCodec, ValidationError, type ScyllaDBStore, type SearchMode } from "langgraph-store-scylladb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";
import { SwitchedEmbeddings } from "./switched-embeddings.ts";

const MODES = ["semantic", "keyword", "hybrid"] as const;

const DIETS = {
  vegan: "Mia follows a vegan diet and cooks lentils",
  keto: "Tom tried the keto diet last winter",
  running: "Mia runs along the river every morning",
  painting: "She painted a sunrise over the lake",
} as const;

const keysOf = (results: readonly { key: string }[]): string[] => results.map(({ key }) => key);

/** Registers the cases. */
export function searchModesUse(make: MakeStore): void {
  let made: TestStore;
  let store: ScyllaDBStore;
  const embeddings = new SwitchedEmbeddings({ dims: 512 });
  const index = { dims: 512, embeddings, fields: ["text"] };
  const warnings: string[] = [];
  const logger = { debug() {}, info() {}, warn: (_: unknown, message: string) => void warnings.push(message), error() {} };

  beforeAll(async () => {
    made = await make({ index, logger, retry: { maxAttempts: 1 }, breaker: { failures: 1_000 } });
    store = made.store;
  });
  afterAll(() => made.dispose());

  /** A namespace of its own that holds the texts. */
  async function filled(texts: Readonly<Record<string, string>> = DIETS): Promise<string> {
    const root = uniqueName("modes");
    await store.batch(Object.entries(texts).map(([key, text], i) => ({ namespace: [root], key, value: { text, n: i } })));
    return root;
  }

  describe("modes", () => {
    test("each reports itself, and ranks the best match first", async () => {
      const root = await filled();
      for (const mode of MODES) {
        const results = await store.search([root], { query: "who paints the sunrise", mode });
        expect(results[0]?.key, mode).toBe("painting");
        expect(results.info, mode).toMatchObject({ mode, source: "index", degraded: false, reason: null, truncated: false });
      }
    });

    test("semantic is the default, with cosines as scores", async () => {
      const root = await filled();
      const results = await store.search([root], { query: "keto diet" });
      expect(results.info.mode).toBe("semantic");
      expect(results).toHaveLength(4);
      expect(results.every(({ score = 2 }) => score >= -1 && score <= 1)).toBe(true);
    });

    test("keyword finds other forms of words and only items with words in common", async () => {
      const root = await filled();
      expect(keysOf(await store.search([root], { query: "running", mode: "keyword" }))).toEqual(["running"]);
      expect(keysOf(await store.search([root], { query: "DIETS", mode: "keyword" })).sort()).toEqual(["keto", "vegan"]);
      expect(await store.search([root], { query: "is it the", mode: "keyword" })).toEqual([]);
    });

    test("a keyword search does not call the provider", async () => {
      const root = await filled();
      embeddings.down = true;
      try {
        const results = await store.search([root], { query: "vegan", mode: "keyword" });
        expect(keysOf(results)).toEqual(["vegan"]);
        expect(results.info).toMatchObject({ mode: "keyword", degraded: false });
      } finally {
        embeddings.down = false;
      }
    });

    test("keyword scores are positive and descend; minScore leaves out lower ones, and what has none", async () => {
      const root = await filled();
      await store.put([root], "unindexed", { text: "vegan diet" }, false);
      const all = await store.search([root], { query: "vegan diet", mode: "keyword" });
      expect(keysOf(all)).toEqual(["vegan", "keto", "unindexed"]);
      const [first, second, third] = all.map(({ score }) => score ?? null);
      expect(first).toBeGreaterThan(second ?? 0);
      expect(second).toBeGreaterThan(0);
      expect(third).toBeNull();
      const above = await store.search([root], { query: "vegan diet", mode: "keyword", minScore: (first ?? 0) - 0.001 });
      expect(keysOf(above)).toEqual(["vegan"]);
    });

    test("hybrid scores are from 0 to 1 and descend; minScore applies to them", async () => {
      const root = await filled();
      const all = await store.search([root], { query: "vegan diet", mode: "hybrid" });
      expect(all).toHaveLength(4);
      const scores = all.map(({ score = -1 }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
      const above = await store.search([root], { query: "vegan diet", mode: "hybrid", minScore: scores[1] ?? 0 });
      expect(keysOf(above)).toEqual(keysOf(all.filter(({ score = -1 }) => score >= (scores[1] ?? 0))));
      expect(above.length).toBeLessThan(all.length);
    });

    test.each(MODES)("%s: prefix, filter, changes, deletes and expiry hold", async (mode) => {
      const root = await filled();
      await store.put([`${root}x`], "other", { text: "vegan diet" });
      await store.put([root, "sub"], "below", { text: "vegan pizza", n: 9 });
      const find = async (filter?: Record<string, unknown>) =>
        keysOf(await store.search([root], { query: "vegan pizza lentils", mode, limit: 50, ...(filter === undefined ? {} : { filter }) }));
      expect(await find()).not.toContain("other");
      expect((await find()).slice(0, 2).sort()).toEqual(["below", "vegan"]);
      expect(await find({ n: { $gt: 5 } })).toEqual(["below"]);
      await store.put([root], "vegan", { text: "eats meat again", n: 0 });
      await store.delete([root, "sub"], "below");
      await store.put([root], "gone", { text: "vegan vegan vegan" }, undefined, { expiresAt: new Date(Date.now() + 2_000) });
      await expect.poll(() => find()).not.toContain("gone");
      const after = await find();
      expect(after).not.toContain("below");
      if (mode === "keyword") expect(after).toEqual([]);
    });

    test.each(MODES)("%s: pages are parts of one list", async (mode) => {
      const root = await filled(Object.fromEntries(Array.from({ length: 18 }, (_, i) => [`k${i}`, `tea number ${i % 4} in cup ${i % 5}`])));
      const search = { query: "tea in cup 3 and number 2", mode };
      const all = keysOf(await store.search([root], { ...search, limit: 50 }));
      // No more than the depth of fusion, at which a hybrid search ends.
      expect(new Set(all).size).toBe(18);
      const paged: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const page = await store.search([root], { ...search, limit: 6, cursor });
        paged.push(...keysOf(page));
        ({ cursor } = page.info);
        if (cursor === null) break;
      }
      expect(paged).toEqual(all);
      expect(keysOf(await store.search([root], { ...search, limit: 5, offset: 9 }))).toEqual(all.slice(9, 14));
      const { cursor } = (await store.search([root], { ...search, limit: 6 })).info;
      const other = mode === "semantic" ? "hybrid" : "semantic";
      await expect(store.search([root], { ...search, mode: other, cursor })).rejects.toThrow(ValidationError);
    });

    test("a hybrid search ends at its depth and reports that", async () => {
      const root = await filled(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, `tea number ${i}`])));
      const seen: string[] = [];
      let truncated: boolean;
      for (let cursor: string | null = null; ; ) {
        const page = await store.search([root], { query: "tea", mode: "hybrid", limit: 20, cursor });
        seen.push(...keysOf(page));
        ({ cursor, truncated } = page.info);
        if (cursor === null) break;
      }
      expect(truncated).toBe(true);
      expect(seen.length).toBeGreaterThanOrEqual(20);
      expect(new Set(seen).size).toBe(seen.length);
      expect((await store.search([root], { query: "tea", mode: "hybrid", limit: 60 })).info.truncated).toBe(true);
      expect(await store.search([root], { query: "tea", mode: "hybrid", limit: 60 })).toHaveLength(60);
    });

    test.each(MODES)("%s: live items are found behind many expired ones that match better", async (mode) => {
      const root = uniqueName("expired");
      const gone = Array.from({ length: 150 }, (_, i) => `gone${i}`);
      await Promise.all(gone.map((key, i) => store.put([root], key, { text: `tea ${i}` }, undefined, { expiresAt: new Date(Date.now() + 3_000) })));
      await store.batch(Array.from({ length: 20 }, (_, i) => ({ namespace: [root], key: `k${i}`, value: { text: `a note on rain, steel and tea in harbor ${i}` } })));
      // Not by a search, which would have the vectors of the expired items deleted.
      for (const key of gone) await expect.poll(() => store.get([root], key)).toBeNull();
      const results = await store.search([root], { query: "tea", mode });
      expect(results).toHaveLength(10);
      expect(results.every(({ key, score }) => key.startsWith("k") && score !== undefined)).toBe(true);
      expect(results.info).toMatchObject({ mode, source: "index", degraded: false, truncated: false });
    });

    test("pages of a hybrid search are parts of the list of its first page, whatever their limits", async () => {
      // Similarity prefers the short texts with the common word, keywords the long ones with the rare word.
      const words = Array.from({ length: 20 }, (_, i) => `filler${i}`).join(" ");
      const texts = Array.from({ length: 200 }, (_, i) => [`k${i}`, i < 60 ? `harbor ${words} ${i}` : `tea ${i}`] as const);
      const root = await filled(Object.fromEntries(texts));
      const search = { query: "tea harbor", mode: "hybrid" as const };
      const all = keysOf(await store.search([root], { ...search, limit: 40 }));
      const paged: string[] = [];
      for (let cursor: string | null = null, limit = 40; ; limit = 7) {
        const page = await store.search([root], { ...search, limit, cursor });
        paged.push(...keysOf(page));
        ({ cursor } = page.info);
        if (cursor === null) break;
      }
      expect(paged.slice(0, 40)).toEqual(all);
      expect(paged.length).toBeGreaterThan(60);
      expect(new Set(paged).size).toBe(paged.length);
      const first = await store.search([root], { ...search, limit: 5 });
      const long = await store.search([root], { ...search, limit: 80, cursor: first.info.cursor });
      const short: string[] = [];
      for (let { cursor } = first.info; cursor !== null; ) {
        const page = await store.search([root], { ...search, limit: 5, cursor });
        short.push(...keysOf(page));
        ({ cursor } = page.info);
      }
      expect(keysOf(long)).toEqual(short);
    });

    test("a view and a rule set the mode, and a call overrides both", async () => {
      const root = await filled();
      const view = store.with({ mode: "keyword" });
      expect((await view.search([root], { query: "vegan" })).info.mode).toBe("keyword");
      expect((await view.scoped([root]).search([], { query: "vegan" })).info.mode).toBe("keyword");
      expect((await view.search([root], { query: "vegan", mode: "hybrid" })).info.mode).toBe("hybrid");
      const [found] = await view.batch([{ namespacePrefix: [root], query: "vegan" }]);
      expect(found).toHaveLength(1);
    });
  });

  describe("languages", () => {
    const facts = {
      zh: ["我喜欢吃泰国菜", "泰国菜"],
      ja: ["彼女は京都に住んでいます", "京都"],
      th: ["ฉันชอบกินข้าวผัด", "ข้าวผัด"],
      ko: ["저는 서울에서 일합니다", "서울"],
      fr: ["Marie préfère le café", "cafe"],
      de: ["Die Straße ist gesperrt", "STRASSE"],
      tr: ["İstanbul'da yaşıyor", "istanbul"],
      en: ["order A-4471 shipped", "A-4471"],
    } as const;

    test("keyword search finds words in each, also while the provider is down", async () => {
      const texts = Object.fromEntries(Object.entries(facts).map(([key, [text]]) => [key, text]));
      const noise = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`noise${i}`, `note ${i} about the weather`]));
      const root = await filled({ ...noise, ...texts });
      for (const [key, [, query]] of Object.entries(facts)) {
        expect(keysOf(await store.search([root], { query, mode: "keyword" })), query).toEqual([key]);
      }
      embeddings.down = true;
      try {
        for (const [key, [, words]] of Object.entries(facts)) {
          // Not a query that was embedded before, whose vector is cached.
          const query = `${words} !${root}`;
          const results = await store.search([root], { query, limit: 1 });
          expect(keysOf(results), query).toEqual([key]);
          expect(results.info).toMatchObject({ mode: "keyword", degraded: true, reason: "embedding-failed" });
        }
      } finally {
        embeddings.down = false;
      }
    });
  });

  describe("while the provider is down", () => {
    test.each(["semantic", "hybrid"] as const)("%s: the index ranks by keywords, over all items, and the rest follows", async (mode) => {
      const root = await filled();
      // Queries that were embedded before are answered from the cache.
      const query = `the vegan diet of ${root}`;
      await store.put([root], "unindexed", { text: "x" }, false);
      embeddings.down = true;
      try {
        const results = await store.search([root], { query, mode });
        expect(results.info).toMatchObject({ mode: "keyword", source: "index", degraded: true, reason: "embedding-failed" });
        expect(keysOf(results).slice(0, 2)).toEqual(["vegan", "keto"]);
        expect(keysOf(results).sort()).toEqual([...Object.keys(DIETS), "unindexed"].sort());
        expect(results.every(({ score }) => score === undefined)).toBe(true);
        const first = await store.search([root], { query, mode, limit: 3 });
        const next = await store.search([root], { query, mode, limit: 3, cursor: first.info.cursor });
        expect([...keysOf(first), ...keysOf(next)]).toEqual(keysOf(results));
        expect(next.info).toMatchObject({ mode: "keyword", degraded: true, reason: "continues-degraded" });
      } finally {
        embeddings.down = false;
      }
      expect((await store.search([root], { query, mode })).info).toMatchObject({ mode, degraded: false });
    });
  });

  test("an item that the reconciler or a repair indexes is ranked in each mode", async () => {
    const own = new SwitchedEmbeddings({ dims: 512 });
    const other = await make({ index: { ...index, embeddings: own }, logger, embeddingFailure: "store-unindexed", retry: { maxAttempts: 1 } });
    try {
      for (const [root, complete] of [["reconciled", () => other.store.reconcile()], ["repaired", () => other.store.repair()]] as const) {
        own.down = true;
        await other.store.put([root], "k", { text: `green tea ${root}` });
        own.down = false;
        await complete();
        const [found] = await other.store.search([root], { query: "teas", mode: "keyword" });
        expect(found?.score, root).toBeGreaterThan(0);
        const [fused] = await other.store.search([root], { query: "tea", mode: "hybrid", explain: true });
        expect(fused?.explanation, root).toMatchObject({ semantic: { rank: 1 }, keyword: { rank: 1 } });
      }
    } finally {
      await other.dispose();
    }
  });

  describe("bad input", () => {
    test.each(["fulltext", "", 1, true, {}])("mode %j is rejected with the allowed values", async (mode) => {
      const given = { query: "tea", mode: mode as SearchMode };
      await expect(store.search(["a"], given)).rejects.toThrow('mode must be "semantic", "keyword", "hybrid"');
      expect(() => store.with({ mode: mode as SearchMode })).toThrow(ValidationError);
    });

    const SCRIPTS = ["شاي أخضر", "תה ירוק", "Зелёный чай", "πράσινο τσάι", "हरी चाय", "ชาเขียว", "お茶と抹茶", "녹차", "𠮷野家", "👩‍👩‍👧‍👦", "e\u0301\u0323".repeat(300), "a\u202Eb"];
    const SYNTAX = ['{"must":[]}', "'; DROP TABLE items; --", "tea\u0000tea", "text MATCH 'tea'", "$match", "[vector:0]", "../../etc", "%s%n{{7*7}}"];
    test.each(["?!… — ", "🎉", ".,;:-_", ...SCRIPTS, ...SYNTAX, "x".repeat(16_000), "汉".repeat(5_000), "?".repeat(50_000)])("the query %j is answered in each mode", async (query) => {
      const root = await filled();
      for (const mode of MODES) {
        const results = await store.search([root], { query, mode });
        expect(results.info, mode).toMatchObject({ mode, source: "index", degraded: false, reason: null });
        expect(results, mode).toHaveLength(mode === "keyword" ? results.length : 4);
      }
    });

    test("a query of punctuation only has no keyword matches, and hybrid ranks by similarity", async () => {
      const root = await filled();
      for (const query of ["?!… — ", '"" () ** ^:', "+-=&|><!(){}[]~\\/"]) {
        expect(await store.search([root], { query, mode: "keyword" }), query).toEqual([]);
        const [semantic, hybrid] = await Promise.all((["semantic", "hybrid"] as const).map((mode) => store.search([root], { query, mode })));
        expect(keysOf(hybrid ?? []), query).toEqual(keysOf(semantic ?? []));
      }
    });

    // Operators of FTS5 and of Qdrant's text filters; each query is the words in it, and nothing else.
    test.each([
      ["-vegan", ["vegan"]],
      ["NOT vegan", ["vegan"]],
      ["vegan AND sunrise", ["painting", "vegan"]],
      ["veg*", []],
      ["^vegan", ["vegan"]],
      ["text : vegan", ["vegan"]],
      ['"vegan sunrise"', ["painting", "vegan"]],
      ["NEAR(vegan sunrise, 1)", ["painting", "vegan"]],
      ["vegan OR (sunrise", ["painting", "vegan"]],
      ['vegan"', ["vegan"]],
      ["{text} : vegan", ["vegan"]],
    ])("the keyword query %j has no operators", async (query, expected) => {
      const root = await filled();
      expect(keysOf(await store.search([root], { query, mode: "keyword" })).sort()).toEqual(expected);
    });

    test.each([
      [{ fusion: { semanticWeight: 1.5 } }, ["index.fusion.semanticWeight", "1"]],
      [{ fusion: { semanticWeight: -0.1 } }, ["index.fusion.semanticWeight", "0"]],
      [{ fusion: { semanticWeight: Number.NaN } }, ["index.fusion.semanticWeight", "number"]],
      [{ fusion: { semanticWeight: "0.5" } }, ["index.fusion.semanticWeight", "number"]],
      [{ fusion: { method: "rrf" } }, ["index.fusion.method", '"distribution"', '"range"', '"rank"']],
      [{ fusion: { depth: 0 } }, ["index.fusion.depth", "1"]],
      [{ keyword: { language: "klingon" } }, ["index.keyword.language", '"english"', '"german"']],
      [{ keyword: { language: "English" } }, ["index.keyword.language", '"english"']],
      [{ keyword: true }, ["index.keyword", "false"]],
      [{ mode: "fulltext" }, ["index.mode", '"semantic"', '"keyword"', '"hybrid"']],
      [{ rules: [{ namespace: ["a"], mode: "bm25" }] }, ["index.rules", "mode", '"hybrid"']],
    ])("the configuration %j is rejected with path and allowed values", async (wrong, parts) => {
      const failure: unknown = await make({ index: { ...index, ...wrong } as never }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "CONFIGURATION" });
      for (const part of parts) expect((failure as Error).message).toContain(part);
    });

    test("a query of 100,000 characters is rejected with the limit, or answered where the limit allows it", async () => {
      await expect(store.search(["a"], { query: "tea ".repeat(25_000), mode: "hybrid" })).rejects.toThrow("limits.maxQueryBytes");
      const wide = await make({ index, limits: { maxQueryBytes: 1_000_000 } });
      try {
        await wide.store.put(["a"], "k", { text: "tea" });
        const query = Array.from({ length: 20_000 }, (_, i) => (i === 0 ? "tea" : `w${i}`)).join(" ").slice(0, 100_000);
        for (const mode of MODES) expect(keysOf(await wide.store.search(["a"], { query, mode }))).toEqual(["k"]);
        expect((await wide.store.search(["a"], { query, mode: "keyword" })).info.truncated).toBe(true);
      } finally {
        await wide.dispose();
      }
    });
  });

  describe("configuration", () => {
    test("index.mode and index.rules set the mode by namespace", async () => {
      const other = await make({ index: { ...index, mode: "hybrid", rules: [{ namespace: ["notes"], mode: "keyword" }] } });
      try {
        await other.store.put(["notes", "a"], "k", { text: "green tea" });
        expect((await other.store.search(["notes", "a"], { query: "tea" })).info.mode).toBe("keyword");
        expect((await other.store.search([], { query: "tea" })).info.mode).toBe("hybrid");
        expect((await other.store.search([], { query: "tea", mode: "semantic" })).info.mode).toBe("semantic");
      } finally {
        await other.dispose();
      }
    });

    test("with a codec, keyword search is off, and a search that asks for it is rejected with the fix", async () => {
      const codec = aesGcmCodec({ keys: { a: Buffer.alloc(32, 7).toString("base64") }, current: "a" });
      const sealed = await make({ index, codec });
      try {
        await sealed.store.put(["a"], "k", { text: "green tea" });
        await expect(sealed.store.search(["a"], { query: "tea", mode: "hybrid" })).rejects.toThrow("index.keyword");
        expect((await sealed.store.search(["a"], { query: "tea" })).info.mode).toBe("semantic");
      } finally {
        await sealed.dispose();
      }
      const said: string[] = [];
      const recording = { ...logger, warn: (_: unknown, message: string) => void said.push(message) };
      const open = await make({ index: { ...index, keyword: { language: "english" } }, codec, logger: recording });
      try {
        await open.store.put(["a"], "k", { text: "green tea" });
        expect(keysOf(await open.store.search(["a"], { query: "teas", mode: "keyword" }))).toEqual(["k"]);
        expect(said.join("\n")).toContain("index.keyword");
      } finally {
        await open.dispose();
      }
    });
  });
}
