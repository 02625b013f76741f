/** Searches in each mode return, after random operations, what a plain model contains. */
import fc from "fast-check";
import type { Operation } from "@langchain/langgraph-checkpoint";
import type { SearchItem, StoreView } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { matchesFilter } from "../../src/model/filter-match.ts";
import { parseFilter } from "../../src/model/filter.ts";
import { compareLabels, matchesPattern } from "../../src/model/namespace.ts";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";

const MODES = ["semantic", "keyword", "hybrid"] as const;

/** Words that are their own stems, so that the model needs no analyzer. */
const WORDS = ["tea", "milk", "gold", "river", "lamp"] as const;

const namespace = fc.constantFrom<readonly string[]>(["a"], ["a", "b"], ["a", "bc"], ["a!"], ["%", "_"], ["tea"], ["é"]);
const key = fc.constantFrom("k", "K", "tea", "a/b.md", "é");
const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 }).map((some) => some.join(" "));
const value = fc.record({ text: words, n: fc.integer({ min: 0, max: 3 }) }, { requiredKeys: ["n"] }).map((fields) => ({ ...fields }));

interface Put {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: { readonly text?: string; readonly n: number } | null;
  readonly index?: false;
}

const put: fc.Arbitrary<Put> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ namespace, key, value }) },
  { weight: 1, arbitrary: fc.record({ namespace, key, value, index: fc.constant(false as const) }) },
  { weight: 2, arbitrary: fc.record({ namespace, key, value: fc.constant(null) }) },
);
const search = fc.record({
  prefix: fc.oneof(fc.constant([]), namespace),
  query: words,
  filter: fc.constantFrom(undefined, { n: 1 }, { n: { $gt: 0 } }, { text: { $exists: true } }),
  order: fc.constantFrom("oldest" as const, "newest" as const),
  limit: fc.integer({ min: 1, max: 5 }),
});
type Search = typeof search extends fc.Arbitrary<infer T> ? T : never;

interface ModelItem {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: { readonly text?: string; readonly n: number };
  readonly isIndexed: boolean;
  readonly created: number;
}

/** The items, with the order of their creation. */
class Model {
  readonly #items = new Map<string, ModelItem>();
  #clock = 0;

  put({ namespace: labels, key: name, value: given, index }: Put): void {
    const id = JSON.stringify([labels, name]);
    const created = this.#items.get(id)?.created ?? (this.#clock += 1);
    if (given === null) this.#items.delete(id);
    else this.#items.set(id, { namespace: labels, key: name, value: given, created, isIndexed: index !== false && given.text !== undefined });
  }

  get(id: string): ModelItem | undefined {
    return this.#items.get(id);
  }

  /** Items that a search in a mode returns: with a score, and without. */
  found({ prefix, query, filter }: Search, mode: (typeof MODES)[number]): { scored: ModelItem[]; rest: ModelItem[] } {
    const parsed = parseFilter(filter);
    const matching = [...this.#items.values()].filter((item) => matchesPattern(item.namespace, prefix, "prefix") && matchesFilter({ ...item.value }, parsed));
    const isMatch = ({ value: { text = "" } }: ModelItem): boolean => text.split(" ").some((word) => query.split(" ").includes(word));
    const scored = matching.filter((item) => item.isIndexed && (mode !== "keyword" || isMatch(item)));
    return { scored, rest: matching.filter(({ isIndexed }) => !isIndexed) };
  }
}

const idOf = (item: { readonly namespace: readonly string[]; readonly key: string }): string => JSON.stringify([item.namespace, item.key]);
const sortedIds = (items: readonly { readonly namespace: readonly string[]; readonly key: string }[]): string[] => items.map(idOf).sort();

/** Results in listing order where their scores are equal. */
function expectOrder(results: readonly SearchItem[], model: Model, order: Search["order"]): void {
  for (const [i, next] of results.entries()) {
    const before = results[i - 1];
    if (before === undefined) continue;
    const [one, two] = [model.get(idOf(before)), model.get(idOf(next))];
    const listed = compareLabels(before.namespace, next.namespace) || ((one?.created ?? 0) - (two?.created ?? 0)) * (order === "oldest" ? 1 : -1);
    const drop = (before.score ?? -Infinity) === (next.score ?? -Infinity) ? 0 : (before.score ?? -Infinity) - (next.score ?? -Infinity);
    expect(drop > 0 || (drop === 0 && listed < 0), `${idOf(before)} before ${idOf(next)}`).toBe(true);
  }
}

async function paged(scope: StoreView, { prefix, filter, ...rest }: Search, mode: (typeof MODES)[number]): Promise<SearchItem[]> {
  const all: SearchItem[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await scope.search([...prefix], { ...rest, ...(filter === undefined ? {} : { filter }), mode, cursor });
    all.push(...page);
    ({ cursor } = page.info);
    if (cursor === null) return all;
  }
}

/** Registers the tests for one kind of store; `runs` histories, each in its own scope, next to tenants with the same words. */
export function randomModes(name: string, makeStore: MakeStore, runs: number): void {
  describe.each(MODES)(`random operations on ${name}, searched by %s`, (mode) => {
    let made: TestStore | undefined;
    beforeAll(async () => {
      made = await makeStore({ index: { dims: 64, embeddings: new HashEmbeddings({ dims: 64 }), fields: ["text"] } });
    });
    afterAll(() => made?.dispose());

    test("return what a plain model contains, in each page once, with equal scores in listing order", async () => {
      const { store } = made as TestStore;
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(fc.array(put, { minLength: 1, maxLength: 8 }), search), { minLength: 1, maxLength: 5 }), async (steps) => {
          const [root, other] = [uniqueName("modes"), uniqueName("others")];
          const scope = store.scoped([root]);
          const model = new Model();
          for (const [puts, asked] of steps) {
            const distinct = [...new Map(puts.map((each) => [idOf(each), each])).values()];
            await scope.batch(distinct as unknown as Operation[]);
            for (const each of distinct) model.put(each);
            // Another tenant, whose namespaces, keys and words are the same.
            await store.batch(distinct.map((each) => ({ ...each, namespace: [other, ...each.namespace] })));
            const { scored, rest } = model.found(asked, mode);
            const { prefix, filter, query, order } = asked;
            const results = await scope.search([...prefix], { query, order, ...(filter === undefined ? {} : { filter }), mode, limit: 30 });
            const hint = `${mode} ${JSON.stringify(asked)}`;
            expect(results.info, hint).toMatchObject({ mode, degraded: false });
            expect(sortedIds(results.filter(({ score }) => score !== undefined)), hint).toEqual(sortedIds(scored));
            expect(sortedIds(results.filter(({ score }) => score === undefined)), hint).toEqual(sortedIds(rest));
            for (const each of results) expect(each.value, hint).toEqual(model.get(idOf(each))?.value);
            expectOrder(results, model, asked.order);
            expect((await paged(scope, asked, mode)).map(idOf), hint).toEqual(results.map(idOf));
          }
        }),
        { numRuns: runs },
      );
    });
  });
}
