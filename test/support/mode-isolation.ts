/** No mode of search, healthy or degraded, returns or ranks what lies outside its prefix. */
import type { ScyllaDBStore, SearchOptions } from "langgraph-store-scylladb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";
import { SwitchedEmbeddings } from "./switched-embeddings.ts";

const MODES = ["semantic", "keyword", "hybrid"] as const;

/** Labels that a database might take as patterns, as separators, as equal, or as part of each other. */
const LABELS = ["user1", "user10", "user1 ", "user", "User1", "user_1", "user%", "*", "a:b", "a/b", "a'b", 'a"b', "é", "e\u0301", "__proto__", "\ufeffuser1", "vegan", "👩‍👩‍👧"];

const TEXT = "vegan diet with lentils";

/** Options that rank again, whose numbers and vectors must be those of the own items. */
const RANKINGS: Readonly<Record<string, SearchOptions>> = {
  "nothing on top": {},
  "all steps on top": {
    decay: { halfLifeDays: 30 },
    boost: { field: "n", weight: 10 },
    rerank: (_, items) => items.map(({ value }) => Number((value as { n: number }).n)),
    diversity: { lambda: 0.5 },
    pool: 1_000,
    explain: true,
  },
};

/** Registers the cases. */
export function modeIsolation(make: MakeStore): void {
  let made: TestStore;
  let store: ScyllaDBStore;
  const root = uniqueName("isolation");
  const embeddings = new SwitchedEmbeddings({ dims: 128 });

  beforeAll(async () => {
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    made = await make({ index: { dims: 128, embeddings, fields: ["text"] }, logger, retry: { maxAttempts: 1 }, breaker: { failures: 1_000 }, embedding: { cacheBytes: 0 } });
    store = made.store;
    // The items of others are many, match as well, and count more.
    const others = Array.from({ length: 60 }, (_, n) => ({ namespace: [root, "others"], key: `k${n}`, value: { text: `${TEXT} zebra`, n: 1_000 } }));
    const own = LABELS.flatMap((label) => ["one", "two"].map((key, n) => ({ namespace: [root, label, "inner"], key, value: { text: TEXT, label, n } })));
    const unindexed = LABELS.map((label) => ({ namespace: [root, label], key: "plain", value: { note: TEXT, label, n: 9 } }));
    await store.batch([...others, ...own, ...unindexed]);
  });
  afterAll(() => made.dispose());

  describe.each([false, true])("while the provider is down: %s", (isDown) => {
    beforeAll(() => void (embeddings.down = isDown));
    afterAll(() => void (embeddings.down = false));

    describe.each(MODES)("%s", (mode) => {
      test.each(Object.entries(RANKINGS))("a prefix and a scoped view return their own items only, with %s", async (_, ranking) => {
        for (const label of LABELS) {
          const results = await store.search([root, label], { query: "vegan lentils", mode, limit: 50, ...ranking });
          expect(results.map(({ namespace, key }) => [...namespace.slice(1), key].join("/")).sort(), label).toEqual([`${label}/inner/one`, `${label}/inner/two`, `${label}/plain`].sort());
          expect(results.every(({ value }) => value["label"] === label), label).toBe(true);
          const view = store.scoped([root, label]);
          const scoped = await view.search([], { query: "vegan lentils", mode, limit: 50, ...ranking });
          expect(scoped.map(({ namespace, key }) => [...namespace, key].join("/")).sort(), label).toEqual(["inner/one", "inner/two", "plain"]);
          expect(await view.search(["others"], { query: "vegan lentils", mode, limit: 50, ...ranking }), label).toHaveLength(0);
        }
      });

      test("words that only others use match nothing, and a filter cannot widen the prefix", async () => {
        const view = store.scoped([root, "user1"]);
        const results = await view.search([], { query: "zebra", mode, limit: 50 });
        expect(results.every(({ value }) => value["label"] === "user1")).toBe(true);
        // Without a degradation, keyword search returns items without vectors after the matches, of which there are none.
        if (mode === "keyword") expect(results.map(({ key }) => key)).toEqual(["plain"]);
        const filtered = await view.search([], { query: "vegan", mode, limit: 50, filter: { $or: [{ n: 1_000 }, { n: { $gte: 0 } }, { label: { $exists: false } }] } });
        expect(filtered).toHaveLength(3);
        expect(filtered.every(({ value }) => value["label"] === "user1")).toBe(true);
      });

      test("better matches of others take no place of the own ones, on each page", async () => {
        const view = store.scoped([root, "user10"]);
        const seen: string[] = [];
        for (let cursor: string | null = null; ; ) {
          const page = await view.search([], { query: "vegan diet with lentils zebra", mode, limit: 1, cursor });
          seen.push(...page.map(({ namespace, key }) => [...namespace, key].join("/")));
          ({ cursor } = page.info);
          if (cursor === null) break;
        }
        expect(seen).toEqual(["inner/one", "inner/two", "plain"]);
      });

      test("a cursor of another tenant is rejected, or continues in the own items", async () => {
        const search = { query: "vegan diet", mode, limit: 1 };
        const { cursor } = (await store.scoped([root, "others"]).search([], search)).info;
        const outcome = await store.scoped([root, "user1"]).search([], { ...search, limit: 50, cursor }).catch((error: unknown) => error as Error);
        if (outcome instanceof Error) expect(outcome.message).toContain("cursor");
        else expect(outcome.every(({ value }) => value["label"] === "user1")).toBe(true);
      });
    });
  });
}
