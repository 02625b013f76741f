/** What users see of decay, boost, diversity, reranking and explanations, on whichever databases the index is. */
import { ValidationError, type RankingOptions, type ScyllaDBStore, type SearchOptions } from "langgraph-store-scylladb";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";
import { SwitchedEmbeddings } from "./switched-embeddings.ts";

const MODES = ["semantic", "keyword", "hybrid"] as const;
const DAY = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY).toISOString();

const keysOf = (results: readonly { key: string }[]): string[] => results.map(({ key }) => key);

/** Registers the cases. */
export function rankingUse(make: MakeStore): void {
  let made: TestStore;
  let store: ScyllaDBStore;
  const embeddings = new SwitchedEmbeddings({ dims: 512 });
  const index = { dims: 512, embeddings, fields: ["text"] };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const quiet = { logger, retry: { maxAttempts: 1 }, breaker: { failures: 1_000 } };

  beforeAll(async () => {
    made = await make({ index, ...quiet });
    store = made.store;
  });
  afterAll(() => made.dispose());

  async function filled(items: Readonly<Record<string, object>>): Promise<string> {
    const root = uniqueName("ranking");
    await store.batch(Object.entries(items).map(([key, value]) => ({ namespace: [root], key, value })));
    return root;
  }

  /** Equal texts, so that each mode scores them equally. */
  const teas = () => filled({ a: { text: "green tea", n: 1, date: daysAgo(60) }, b: { text: "green tea", n: 5, date: daysAgo(1) }, c: { text: "green tea", n: 3, date: daysAgo(30) } });

  describe.each(MODES)("%s", (mode) => {
    const query = "green tea";

    test("decay prefers new items, boost important ones; scores descend, and false turns a default of a view off", async () => {
      const root = await teas();
      const plain = await store.search([root], { query, mode });
      const decayed = await store.search([root], { query, mode, decay: { halfLifeDays: 10, field: "date" } });
      expect(keysOf(decayed)).toEqual(["b", "c", "a"]);
      const scores = decayed.map(({ score = 0 }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(decayed.info).toMatchObject({ mode, degraded: false, truncated: false });
      expect(decayed.info.skipped).toBeUndefined();
      expect(keysOf(await store.search([root], { query, mode, boost: { field: "n", weight: 0.5 } }))).toEqual(["b", "c", "a"]);
      const view = store.with({ boost: { field: "n", weight: 0.5 } });
      expect(keysOf(await view.search([root], { query, mode }))).toEqual(["b", "c", "a"]);
      expect(keysOf(await view.scoped([root]).with({ order: "newest" }).search([], { query, mode }))).toEqual(["b", "c", "a"]);
      expect(keysOf(await view.search([root], { query, mode, boost: false }))).toEqual(keysOf(plain));
    });

    test("diversity puts what differs before near duplicates", async () => {
      const root = await filled({
        one: { text: "green tea in the morning" },
        two: { text: "green tea in the morning" },
        three: { text: "green tea in the morning" },
        other: { text: "green tea ceremony with friends at the temple" },
      });
      const search = { query: "green tea in the morning", mode };
      expect(keysOf(await store.search([root], search)).at(-1)).toBe("other");
      const results = await store.search([root], { ...search, diversity: { lambda: 0.3 } });
      expect(keysOf(results).slice(0, 2)).toEqual(["one", "other"]);
      expect(results).toHaveLength(4);
      expect(keysOf(await store.search([root], { ...search, diversity: { lambda: 1 } }))).toEqual(keysOf(await store.search([root], search)));
    });

    test("a function reranks, with items as the view shows them", async () => {
      const root = await teas();
      const seen: unknown[] = [];
      const results = await store.scoped([root]).search([], {
        query,
        mode,
        rerank: (text, items) => {
          seen.push(text, ...items.map(({ namespace }) => namespace));
          return items.map(({ value }) => (value as { n: number }).n);
        },
      });
      expect(keysOf(results)).toEqual(["b", "c", "a"]);
      expect(results.map(({ score }) => score)).toEqual([5, 3, 1]);
      expect(seen).toEqual([query, [], [], []]);
    });

    test("pages are parts of one list that ends at the pool, which truncated reports; filter and prefix hold", async () => {
      const items = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, { text: `green tea number ${i}`, n: i % 7, even: i % 2 === 0 }]));
      const root = await filled(items);
      await store.put([`${root}x`], "outside", { text: "green tea number 1", n: 1_000, even: true });
      const search: SearchOptions = { query, mode, boost: { field: "n", weight: 1 }, pool: 20 };
      const all = await store.search([root], { ...search, limit: 20 });
      expect(all).toHaveLength(20);
      expect(all.info).toMatchObject({ truncated: true, cursor: null });
      const paged: string[] = [];
      let truncated: boolean;
      for (let cursor: string | null = null; ; ) {
        const page = await store.search([root], { ...search, limit: 6, cursor });
        paged.push(...keysOf(page));
        ({ cursor, truncated } = page.info);
        if (cursor === null) break;
      }
      expect(paged).toEqual(keysOf(all));
      expect(truncated).toBe(true);
      expect(keysOf(await store.search([root], { ...search, limit: 5, offset: 9 }))).toEqual(paged.slice(9, 14));
      const beyond = await store.search([root], { ...search, limit: 5, offset: 25 });
      expect(beyond).toHaveLength(0);
      expect(beyond.info.truncated).toBe(true);
      const even = await store.search([root], { ...search, filter: { even: true }, limit: 30 });
      expect(even).toHaveLength(15);
      expect(even.every(({ value }) => (value as { even: boolean }).even)).toBe(true);
      expect(even.info).toMatchObject({ truncated: false });
      const { cursor } = (await store.search([root], { ...search, limit: 6 })).info;
      for (const other of [{ boost: { field: "n", weight: 2 } }, { boost: false }, { pool: 21 }, { diversity: { lambda: 0.5 } }] satisfies RankingOptions[]) {
        await expect(store.search([root], { ...search, ...other, limit: 6, cursor })).rejects.toThrow("ranking");
      }
    });

    test("a later page with a greater limit is part of the list of the first page", async () => {
      const root = await filled(Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`k${i}`, { text: `green tea number ${i}`, n: (i * 7) % 25 }])));
      const search: SearchOptions = { query, mode, boost: { field: "n", weight: 1 }, pool: 5 };
      const first = await store.search([root], { ...search, limit: 2 });
      const rest = await store.search([root], { ...search, limit: 25, cursor: first.info.cursor });
      expect([...keysOf(first), ...keysOf(rest)]).toEqual(keysOf(await store.search([root], { ...search, limit: 5 })));
      expect(rest.info).toMatchObject({ truncated: true, cursor: null });
    });

    test("ages count from the time of the first page, so that later pages neither repeat nor miss a result", async () => {
      const now = Date.now();
      const root = await filled({ ages: { text: "green tea", n: 1.1, date: new Date(now) }, later: { text: "green tea", n: 1, date: new Date(now + 30 * DAY) } });
      const search: SearchOptions = { query, mode, limit: 1, boost: { field: "n", weight: 1 }, decay: { halfLifeDays: 30, field: "date" } };
      const first = await store.search([root], search);
      expect(keysOf(first)).toEqual(["ages"]);
      vi.useFakeTimers({ toFake: ["Date"], now: now + 60 * DAY });
      try {
        expect(keysOf(await store.search([root], { ...search, cursor: first.info.cursor }))).toEqual(["later"]);
        expect(keysOf(await store.search([root], search))).toEqual(["later"]);
      } finally {
        vi.useRealTimers();
      }
    });

    test("items without vectors follow those that were ranked again", async () => {
      const root = await teas();
      await store.put([root], "unindexed", { text: "green tea", n: 1_000 }, false);
      const search: SearchOptions = { query, mode, boost: { field: "n", weight: 0.5 } };
      const results = await store.search([root], search);
      expect(keysOf(results)).toEqual(["b", "c", "a", "unindexed"]);
      expect(results[3]?.score).toBeUndefined();
      const first = await store.search([root], { ...search, limit: 2 });
      expect(keysOf(await store.search([root], { ...search, limit: 2, cursor: first.info.cursor }))).toEqual(["a", "unindexed"]);
    });

    test("minScore applies to the score of the mode, before the steps", async () => {
      const root = await filled({ near: { text: "green tea", date: daysAgo(500) }, far: { text: "green cars race", date: daysAgo(0) } });
      const [best] = await store.search([root], { query, mode, limit: 1 });
      const results = await store.search([root], { query, mode, minScore: (best?.score ?? 0) - 0.000_001, decay: { halfLifeDays: 1, field: "date" } });
      expect(keysOf(results)).toEqual(["near"]);
    });

    test("equal items keep the order of listings, in each page", async () => {
      const root = await filled(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, { text: "green tea", n: 1 }])));
      const search: SearchOptions = { query, mode, boost: { field: "n", weight: 1 } };
      const plain = keysOf(await store.search([root], { query, mode, limit: 9 }));
      expect(keysOf(await store.search([root], { ...search, limit: 9 }))).toEqual(plain);
      expect(keysOf(await store.search([root], { ...search, limit: 4, offset: 3 }))).toEqual(plain.slice(3, 7));
    });

    test("deleted and changed items are in no list", async () => {
      const root = await teas();
      await store.delete([root], "b");
      await store.put([root], "c", { text: "black coffee", n: 3 });
      const keys = keysOf(await store.search([root], { query, mode, boost: { field: "n", weight: 9 }, diversity: { lambda: 0.5 } }));
      expect(keys).not.toContain("b");
      expect(keys).toContain("a");
      if (mode === "keyword") expect(keys).toEqual(["a"]);
    });

    test("explain shows the parts of each score, and changes no order", async () => {
      const root = await teas();
      const plain = await store.search([root], { query, mode });
      const explained = await store.search([root], { query, mode, explain: true });
      expect(keysOf(explained)).toEqual(keysOf(plain));
      expect(plain[0]?.explanation).toBeUndefined();
      const part = mode === "hybrid" ? "fused" : mode;
      for (const [i, { score, explanation }] of explained.entries()) {
        expect(explanation?.[part]).toEqual({ score, rank: i + 1 });
        expect(explanation).toMatchObject({ decay: null, boost: null, rerank: null, diversity: null });
      }
      if (mode === "hybrid") {
        expect(explained.map(({ explanation }) => explanation?.semantic?.rank ?? 0).sort()).toEqual([1, 2, 3]);
        expect(explained.map(({ explanation }) => explanation?.keyword?.rank ?? 0).sort()).toEqual([1, 2, 3]);
      }
      const all = await store.search([root], {
        query,
        mode,
        explain: true,
        decay: { halfLifeDays: 30, field: "date" },
        boost: { field: "n", weight: 1 },
        rerank: (_, items) => items.map(({ value }) => -(value as { n: number }).n),
        diversity: { lambda: 1 },
      });
      expect(keysOf(all)).toEqual(["a", "c", "b"]);
      const a = all[0]?.explanation;
      expect(a?.decay?.rank).toBe(3);
      expect(a?.decay?.factor).toBeCloseTo(0.25, 2);
      expect(a?.boost).toEqual({ factor: 2, rank: 3 });
      expect(a?.rerank).toEqual({ score: -1, rank: 1 });
      expect(a?.diversity).toEqual({ rank: 1 });
    });
  });

  describe("rerank", () => {
    const query = "green tea";
    const search = (root: string, rerank: NonNullable<SearchOptions["rerank"]>, rest: SearchOptions = {}) => store.search([root], { query, rerank, ...rest });

    test("a LangChain document compressor ranks by relevance scores or by order; what it leaves out follows without a score", async () => {
      const root = await teas();
      const texts: string[] = [];
      const scored = {
        compressDocuments: async (documents: { pageContent: string; metadata: Record<string, unknown> }[]) => {
          texts.push(...documents.map(({ pageContent }) => pageContent));
          return documents.filter(({ metadata }) => metadata["key"] !== "a").map((each) => ({ ...each, metadata: { ...each.metadata, relevanceScore: each.metadata["key"] === "c" ? 0.9 : 0.2 } }));
        },
      };
      const results = await search(root, scored);
      expect(keysOf(results)).toEqual(["c", "b", "a"]);
      expect(results.map(({ score }) => score ?? null)).toEqual([0.9, 0.2, null]);
      expect(texts).toEqual(["green tea", "green tea", "green tea"]);
      expect(keysOf(await search(root, { compressDocuments: async (documents) => documents.reverse() }))).toEqual(["c", "b", "a"]);
    });

    test.each([
      ["throws", () => { throw new Error("the model is down"); }, "the model is down"],
      ["returns too few scores", () => [1], "score for each of 3 items"],
      ["returns no numbers", () => ["x", "y", "z"] as unknown as number[], "finite numbers"],
      ["returns no list", () => undefined as unknown as number[], "list of scores"],
    ] as const)("a function that %s leaves the order before, and info reports it", async (_, rerank, cause) => {
      const root = await teas();
      const before = await store.search([root], { query, boost: { field: "n", weight: 1 } });
      const results = await search(root, rerank, { boost: { field: "n", weight: 1 } });
      expect(results).toEqual(before);
      expect(results.info.skipped).toEqual([{ step: "rerank", reason: "failed", cause: expect.stringContaining(cause) as string }]);
      expect(results.info.degraded).toBe(false);
    });

    test("after rerankTimeoutMs the order before is returned, info reports it, and the signal is aborted", async () => {
      const root = await teas();
      const before = await store.search([root], { query });
      let signal: AbortSignal | undefined;
      const results = await search(root, (_, __, options) => new Promise(() => (signal = options.signal)), { rerankTimeoutMs: 20 });
      expect(results).toEqual(before);
      expect(results.info.skipped).toMatchObject([{ step: "rerank", reason: "timeout" }]);
      expect(signal?.aborted).toBe(true);
    });

    test("a cursor continues with any reranker, and is rejected without one", async () => {
      const root = await teas();
      const byNumber: SearchOptions["rerank"] = (_, items) => items.map(({ value }) => (value as { n: number }).n);
      const { info } = await search(root, byNumber, { limit: 1 });
      const { cursor } = info;
      // Most callers pass a new function with each call, so functions cannot be compared.
      expect(keysOf(await search(root, (_, items) => items.map(({ value }) => (value as { n: number }).n), { limit: 2, cursor }))).toEqual(["c", "a"]);
      expect(keysOf(await search(root, { compressDocuments: async (documents) => documents }, { limit: 2, cursor }))).toEqual(["b", "c"]);
      await expect(store.search([root], { query, limit: 2, cursor })).rejects.toThrow("cursor does not belong to this search");
      await expect(store.search([root], { query, rerank: false, limit: 2, cursor })).rejects.toThrow("cursor does not belong to this search");
    });

    test("a batch and a configuration rerank, too", async () => {
      const other = await make({ index: { ...index, ranking: { boost: { field: "n", weight: 1 }, rerank: (_, items) => items.map(({ score }) => -(score ?? 0)) } }, ...quiet });
      try {
        await other.store.batch([1, 2, 3].map((n) => ({ namespace: ["a"], key: `k${n}`, value: { text: "green tea", n } })));
        expect(keysOf(await other.store.search(["a"], { query }))).toEqual(["k1", "k2", "k3"]);
        expect(keysOf(await other.store.search(["a"], { query, rerank: false }))).toEqual(["k3", "k2", "k1"]);
        const [found] = await other.store.batch([{ namespacePrefix: ["a"], query, rerank: false } as { namespacePrefix: string[]; query: string }]);
        expect(keysOf(found ?? [])).toEqual(["k3", "k2", "k1"]);
      } finally {
        await other.dispose();
      }
    });
  });

  test("while the provider is down, the keyword ranking is ranked again", async () => {
    const root = await teas();
    embeddings.down = true;
    try {
      const results = await store.search([root], { query: `green tea ${root}`, boost: { field: "n", weight: 1 }, diversity: { lambda: 1 } });
      expect(keysOf(results)).toEqual(["b", "c", "a"]);
      expect(results.info).toMatchObject({ mode: "keyword", degraded: true, reason: "embedding-failed" });
      expect(results.info.skipped).toBeUndefined();
    } finally {
      embeddings.down = false;
    }
  });

  test("a search without a query lists, whatever ranks", async () => {
    const root = await teas();
    const results = await store.search([root], { boost: { field: "n", weight: 1 }, rerank: () => [] });
    expect(keysOf(results)).toEqual(["a", "b", "c"]);
    expect(results.info.mode).toBe("filter");
  });

  test.each([
    [{ decay: { halfLifeDays: 0 } }, "decay.halfLifeDays must be a number of days greater than 0"],
    [{ decay: { halfLifeDays: Number.NaN } }, "decay.halfLifeDays"],
    [{ decay: { halfLifeDays: 3, field: "" } }, '"createdAt", "updatedAt" or the dotted path'],
    [{ decay: { halfLife: 3 } }, 'Did you mean "halfLifeDays"?'],
    [{ decay: 30 }, "decay must be { halfLifeDays, field } or false"],
    [{ boost: { field: "n", weight: -1 } }, "boost.weight must be a number from 0 to 10"],
    [{ boost: { field: "n", weight: 11 } }, "boost.weight must be a number from 0 to 10, but got 11"],
    [{ boost: { weight: 1 } }, "boost.field must be the dotted path"],
    [{ diversity: { lambda: 1.1 } }, "diversity.lambda must be a number from 0 to 1"],
    [{ diversity: { lambda: "1" } }, "diversity.lambda must be a number from 0 to 1, but got string"],
    [{ rerank: {} }, "rerank must be a LangChain document compressor"],
    [{ rerankTimeoutMs: 0 }, "rerankTimeoutMs must be a whole number from 1 to"],
    [{ pool: 0 }, "pool must be a whole number from 1 to 1000"],
    [{ explain: 1 }, "explain must be true or false"],
  ])("%j is rejected with the allowed values, by a search and by a view", async (given, message) => {
    const options = given as RankingOptions;
    await expect(store.search(["a"], { query: "tea", ...options })).rejects.toThrow(message);
    await expect(store.search(["a"], { query: "tea", ...options })).rejects.toThrow(ValidationError);
    expect(() => store.with(options)).toThrow(message);
  });
}
