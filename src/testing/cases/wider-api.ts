import type { BaseStore, Operation, SearchItem } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { carriesOutcomes, keysOf, present, rejectionOf, seed, upTo } from "../expectations.ts";

/** What `search` takes beyond BaseStore's options. */
interface CursorOptions {
  query?: string;
  filter?: Record<string, unknown>;
  limit?: number;
  cursor?: string;
  order?: "oldest" | "newest";
  minScore?: number;
}

/** The non-enumerable `info` of the results of `search`. */
interface SearchInfo {
  readonly mode: string;
  readonly truncated: boolean;
  /** Where the next page begins; null after the last one. */
  readonly cursor: string | null;
}

type Results = SearchItem[] & { readonly info?: SearchInfo };

async function search(store: BaseStore, prefix: string[], options: CursorOptions): Promise<Results> {
  return store.search(prefix, options);
}

function infoOf(results: Results): SearchInfo {
  return present(results.info, "info of the results");
}

/** Follows cursors to the end; calls `between` after each page. */
async function walk(
  store: BaseStore,
  prefix: string[],
  options: CursorOptions,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page: Results = await search(store, prefix, cursor ? { ...options, cursor } : options);
    keys.push(...keysOf(page));
    cursor = infoOf(page).cursor;
    await between();
    expect(keys.length, "the walk does not end").toBeLessThan(1_000);
  } while (cursor !== null);
  return keys;
}

const numbered = (count: number) => Object.fromEntries(upTo(count).map((n) => [`k${n}`, { n }]));

/** Cursors, orders and information on results. */
export const cursors: CaseFamily = {
  name: "cursors",
  setting: "plain",
  cases: [
    {
      id: "cursor/walks-everything",
      title: "cursors lead through all items of all namespaces, each once, in listing order",
      claims: ["cursor"],
      async run({ store, ns }) {
        for (const label of ["a", "b", "c"]) await seed(store, ns(label), numbered(9));
        const expected = ["a", "b", "c"].flatMap(() => Object.keys(numbered(9)));
        expect(await walk(store, ns(), { limit: 4 })).toEqual(expected);
        expect(await walk(store, ns(), { limit: 9 })).toEqual(expected);
        expect(await walk(store, ns(), { limit: 100 })).toEqual(expected);
      },
    },
    {
      id: "cursor/newest-first",
      title: 'order "newest" reverses the order within a namespace, with cursors and without',
      claims: ["cursor"],
      async run({ store, ns }) {
        await seed(store, ns(), numbered(12));
        const newest = Object.keys(numbered(12)).reverse();
        expect(keysOf(await search(store, ns(), { order: "newest", limit: 100 }))).toEqual(newest);
        expect(await walk(store, ns(), { order: "newest", limit: 5 })).toEqual(newest);
        expect(keysOf(await search(store, ns(), { order: "oldest", limit: 100 }))).toEqual(newest.reverse());
      },
    },
    {
      id: "cursor/filtered",
      title: "cursors go with a filter, and pages of matches are full",
      claims: ["cursor"],
      async run({ store, ns }) {
        await seed(store, ns(), numbered(40));
        const options = { filter: { n: { $gte: 25 } }, limit: 4 };
        expect(await search(store, ns(), options)).toHaveLength(4);
        expect(await walk(store, ns(), options)).toEqual(Object.keys(numbered(40)).slice(25));
      },
    },
    {
      id: "cursor/stable-under-writes",
      title: "pages return each existing item once while others are put, updated and deleted",
      claims: ["cursor"],
      async run({ store, ns }) {
        await seed(store, ns(), numbered(12));
        let round = 0;
        const keys = await walk(store, ns(), { limit: 3 }, async () => {
          if (round >= 4) return;
          await store.put(ns(), `new${round}`, { round });
          await store.delete(ns(), `k${round}`);
          await store.put(ns(), "k11", { round });
          round += 1;
        });
        const remaining = upTo(8).map((n) => `k${n + 4}`);
        expect(keys.filter((key) => remaining.includes(key))).toEqual(remaining);
        expect(new Set(keys).size).toBe(keys.length);
      },
    },
    {
      id: "cursor/malformed-refused",
      title: "a cursor that no search returned, and an unknown order, are errors",
      claims: ["cursor"],
      async run({ store, ns }) {
        await seed(store, ns(), numbered(3));
        await rejectionOf(search(store, ns(), { cursor: "nonsense" }));
        await rejectionOf(search(store, ns(), { order: "random" as never }));
      },
    },
    {
      id: "cursor/info",
      title: "info says how the search was answered, and is not enumerable",
      claims: ["cursor"],
      async run({ store, ns }) {
        await seed(store, ns(), numbered(3));
        const results = await search(store, ns(), { limit: 10 });
        expect(infoOf(results)).toMatchObject({ mode: "filter", truncated: false, cursor: null });
        expect(Object.keys(results)).toEqual(["0", "1", "2"]);
        expect(typeof infoOf(await search(store, ns(), { limit: 2 })).cursor).toBe("string");
        expect(infoOf(await search(store, ns("none"), {}))).toMatchObject({ mode: "filter", cursor: null });
      },
    },
  ],
};

/** Information on the results of a query. */
export const vectorInfo: CaseFamily = {
  name: "info of a query",
  setting: "compass",
  cases: [
    {
      id: "cursor/min-score-is-inclusive",
      title: "minScore includes items of that very score, exact or as an earlier search showed it",
      claims: ["cursor"],
      async run({ store, ns }) {
        await seed(store, ns(), { n: { text: "north" }, a: { text: "askew" }, u: { text: "up" }, e: { text: "north by east" }, s: { text: "south" } });
        const keysFrom = async (minScore: number): Promise<string[]> => keysOf(await search(store, ns(), { query: "north", minScore }));
        const all = await search(store, ns(), { query: "north" });
        expect(keysOf(all)).toEqual(["n", "e", "a", "u", "s"]);
        for (const [i, { score }] of all.entries()) expect(await keysFrom(score ?? 2)).toEqual(keysOf(all).slice(0, i + 1));
        expect(await keysFrom(1)).toEqual(["n"]);
        expect(await keysFrom(0.2 / Math.hypot(0.2, 0.05))).toEqual(["n", "e"]);
        expect(await keysFrom(0)).toEqual(["n", "e", "a", "u"]);
        expect(await keysFrom(-1)).toHaveLength(5);
        expect(await keysFrom(1.1)).toEqual([]);
      },
    },
    {
      id: "cursor/info-of-a-query",
      title: "info says that a query was answered by vectors",
      claims: ["cursor"],
      async run({ store, ns }) {
        await seed(store, ns(), { a: { text: "north" }, b: { text: "east" } });
        const results = await search(store, ns(), { query: "north" });
        expect(infoOf(results)).toMatchObject({ mode: "semantic", truncated: false });
        expect(keysOf(results)).toEqual(["a", "b"]);
      },
    },
  ],
};

/** A batch that fails in part returns the outcome of each operation. */
export const batchOutcomes: CaseFamily = {
  name: "batch outcomes",
  setting: "plain",
  cases: [
    {
      id: "batch-outcomes/at-positions",
      title: "a batch that fails in part rejects with a BatchError that has each operation's outcome at its position",
      claims: ["batchOutcomes"],
      async run({ store, ns }) {
        await store.put(ns(), "held", { n: 1 });
        const error = await rejectionOf(
          store.batch([
            { namespace: ns(), key: "held" },
            { namespace: ns("bad.label"), key: "k", value: { n: 2 } },
            { namespace: ns(), key: "new", value: { n: 3 } },
            { namespacePrefix: ns(), filter: { n: { $near: 1 } } },
            { namespacePrefix: ns(), limit: 5 },
          ]),
        );
        expect(error.name).toBe("BatchError");
        const outcomes = carriesOutcomes(error) ? error.outcomes : expect.fail("the error carries no outcomes");
        expect(outcomes.map((outcome) => outcome.status)).toEqual([
          "fulfilled",
          "rejected",
          "fulfilled",
          "rejected",
          "fulfilled",
        ]);
        const values = outcomes.map((outcome): unknown =>
          outcome.status === "fulfilled" ? outcome.value : outcome.reason,
        );
        expect(values[0]).toMatchObject({ key: "held", value: { n: 1 } });
        expect((values[1] as Error).name).toBe("InvalidNamespaceError");
        expect(values[2]).toBeUndefined();
        expect(values[3]).toBeInstanceOf(Error);
        expect(keysOf(values[4] as SearchItem[])).toEqual(["held"]);
        expect((await store.get(ns(), "new"))?.value).toEqual({ n: 3 });
      },
    },
    {
      id: "batch-outcomes/unknown-operation",
      title: "an operation of no known kind fails alone",
      claims: ["batchOutcomes"],
      async run({ store, ns }) {
        const operations = [{ nonsense: 1 } as unknown as Operation, { namespace: ns(), key: "k", value: { n: 1 } }];
        const error = await rejectionOf(store.batch(operations));
        const outcomes = carriesOutcomes(error) ? error.outcomes : expect.fail("the error carries no outcomes");
        expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "fulfilled"]);
        expect((await store.get(ns(), "k"))?.value).toEqual({ n: 1 });
      },
    },
  ],
};
