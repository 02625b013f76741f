import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { keysOf, present, rejectionOf, seed, upTo } from "../expectations.ts";
import { bearing } from "../settings.ts";

/** Scores and ranking of a search with a query. */
export const vectorScores: CaseFamily = {
  name: "vectors: scores",
  setting: "compass",
  cases: [
    {
      id: "vectors/ranked-by-cosine",
      title: "items come nearest first, and the score is the cosine, from 1 to -1",
      async run({ store, ns }) {
        await seed(store, ns(), {
          away: { text: "south" },
          same: { text: "north" },
          near: { text: "north-east" },
          across: { text: "up" },
        });
        const found = await store.search(ns(), { query: "north" });
        expect(keysOf(found)).toEqual(["same", "near", "across", "away"]);
        const scores = [1, Math.SQRT1_2, 0, -1];
        for (const [rank, item] of found.entries()) expect(item.score).toBeCloseTo(scores[rank] ?? 2, 5);
      },
    },
    {
      id: "vectors/score-ignores-length",
      title: "the score depends on the direction of a vector alone, and is right to the fifth place",
      async run({ store, ns }) {
        await seed(store, ns(), { a: { text: "askew" }, b: { text: "north by east" } });
        const found = await store.search(ns(), { query: "north-east" });
        const askew = (0.31 - 0.47) / (Math.SQRT2 * Math.hypot(0.31, 0.47, 0.13, 0.59));
        const byEast = 0.25 / (Math.SQRT2 * Math.hypot(0.2, 0.05));
        expect(keysOf(found)).toEqual(["b", "a"]);
        expect(found[0]?.score).toBeCloseTo(byEast, 5);
        expect(found[1]?.score).toBeCloseTo(askew, 5);
      },
    },
    {
      id: "vectors/typed-arrays",
      title: "a typed array is a vector",
      async run({ store, ns }) {
        await seed(store, ns(), { east: { text: "east in single precision" }, north: { text: "north" } });
        const byEast = await store.search(ns(), { query: "east in single precision" });
        expect(keysOf(byEast)).toEqual(["east", "north"]);
        expect(byEast[0]?.score).toBeCloseTo(1, 5);
      },
    },
    {
      id: "vectors/huge-and-tiny",
      title: "vectors of huge and tiny numbers have the scores of their directions",
      async run({ store, ns }) {
        await seed(store, ns(), { huge: { text: "huge north-east" }, tiny: { text: "tiny north-east" } });
        for (const [query, score] of [["north", Math.SQRT1_2], ["huge north-east", 1], ["tiny north-east", 1]] as const) {
          const found = await store.search(ns(), { query });
          expect(keysOf(found).toSorted(), query).toEqual(["huge", "tiny"]);
          for (const item of found) expect(item.score, query).toBeCloseTo(score, 5);
        }
      },
    },
    {
      id: "vectors/scores-are-bounded",
      title: "no score is above 1 or below -1, whatever rounding does",
      async run({ store, ns }) {
        const directions = ["askew", "north-east", "north by east", "south", "huge north-east", "bearing 7", "bearing 23", "bearing 41"];
        await seed(store, ns(), Object.fromEntries(directions.map((text) => [text, { text }])));
        for (const query of directions) {
          const found = await store.search(ns(), { query });
          expect(found).toHaveLength(directions.length);
          expect(found[0]?.score, query).toBe(1);
          for (const { score } of found) expect(Math.abs(score ?? 2), query).toBeLessThanOrEqual(1);
        }
      },
    },
    {
      id: "vectors/blank-is-nothing",
      title: "nothing blank is embedded: an item of blank texts has no score, and a blank query is none",
      async run({ store, ns }) {
        const blanks = [" ", "\n\t", "\u00a0", "\u200b", "\ufeff", "\u2800", "\u0000", "\u034f", "\u17b4\u17b5", "\u2065", "\ufff0", "\u{e0080}"];
        for (const [i, text] of blanks.entries()) await store.put(ns(), `blank-${i}`, { text });
        await store.put(ns(), "north", { text: "north", alt: " " });
        const found = await store.search(ns(), { query: "north", limit: 50 });
        expect(found[0]?.key).toBe("north");
        expect(found.slice(1).map(({ score }) => score)).toEqual(blanks.map(() => undefined));
        for (const query of ["", ...blanks]) {
          const listed = await store.search(ns(), { query, limit: 50 });
          expect(listed.map(({ score }) => score), JSON.stringify(query)).toEqual([...blanks, ""].map(() => undefined));
        }
      },
    },
    {
      id: "vectors/best-field-counts",
      title: "an item of several fields has the score of its best one, whichever that is, and comes once",
      async run({ store, ns }) {
        await seed(store, ns(), {
          second: { text: "south", alt: "north" },
          first: { text: "north by east", alt: "up" },
          third: { text: "east", alt: "later" },
        });
        const found = await store.search(ns(), { query: "north" });
        expect(keysOf(found)).toEqual(["second", "first", "third"]);
        expect(found[0]?.score).toBeCloseTo(1, 5);
        expect(found[1]?.score).toBeCloseTo(0.2 / Math.hypot(0.2, 0.05), 5);
      },
    },
    {
      id: "vectors/one-hot-pair",
      title: "an item of two fields with one-hot vectors is stored and found by either",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north", alt: "east" });
        await store.put(ns(), "l", { text: "up", alt: "later" });
        for (const [query, key] of [
          ["north", "k"],
          ["east", "k"],
          ["up", "l"],
          ["later", "l"],
        ] as const) {
          const [best] = await store.search(ns(), { query });
          expect(best?.key, query).toBe(key);
          expect(best?.score, query).toBeCloseTo(1, 5);
        }
      },
    },
    {
      id: "vectors/whole-items",
      title: "what is found are whole items, with values and dates as get gives them",
      async run({ store, ns }) {
        await store.put(ns("a"), "k", { text: "north", more: [1, { x: null }] });
        const found = present((await store.search(ns(), { query: "north" }))[0]);
        const { score, ...item } = found;
        expect(score).toBeCloseTo(1, 5);
        expect(item).toEqual(await store.get(ns("a"), "k"));
      },
    },
    {
      id: "vectors/seen-at-once",
      title: "a put is found by the search right after it, in a batch's search right before it is not",
      async run({ store, ns }) {
        const [during] = await store.batch([
          { namespacePrefix: ns(), query: "north", limit: 5, offset: 0 },
          { namespace: ns(), key: "k", value: { text: "north" } },
        ]);
        expect(during).toEqual([]);
        expect(keysOf(await store.search(ns(), { query: "north" }))).toEqual(["k"]);
      },
    },
    {
      id: "vectors/queries-of-a-batch",
      title: "several searches of one batch, with and without a query, answer each their own",
      async run({ store, ns }) {
        await seed(store, ns(), { e: { text: "east" }, n: { text: "north" } });
        const search = (query?: string) => ({ namespacePrefix: ns(), limit: 1, offset: 0, query });
        const found = await store.batch([search("north"), search(), search("east"), search("north")]);
        expect(found.map((items) => items[0]?.key)).toEqual(["n", "e", "e", "n"]);
        expect(found.map((items) => items[0]?.score !== undefined)).toEqual([true, false, true, true]);
      },
    },
    {
      id: "vectors/no-query-no-score",
      title: "without a query, or with the empty one, items come in listing order without a score",
      async run({ store, ns }) {
        await seed(store, ns(), { e: { text: "east" }, n: { text: "north" } });
        for (const options of [{}, { query: "" }, { query: undefined }]) {
          const found = await store.search(ns(), options);
          expect(keysOf(found)).toEqual(["e", "n"]);
          expect(found.map((item) => item.score)).toEqual([undefined, undefined]);
        }
      },
    },
    {
      id: "vectors/fine-ranking",
      title: "60 adjacent directions are ranked correctly",
      async run({ store, ns }) {
        const shuffled = upTo(60).map((n) => (n * 37) % 60);
        await seed(store, ns(), Object.fromEntries(shuffled.map((n) => [`k${n}`, { text: `bearing ${n}` }])));
        const found = await store.search(ns(), { query: "north", limit: 60 });
        expect(keysOf(found)).toEqual(upTo(60).map((n) => `k${n}`));
        for (const [n, item] of found.entries()) expect(item.score).toBeCloseTo(bearing(n)[0] ?? 2, 5);
      },
    },
    {
      id: "vectors/field-names",
      title: "values with fields named like a vector database's own are found as what they are",
      async run({ store, ns }) {
        await store.put(ns("a"), "k", {
          text: "north",
          ns: "other",
          prefixes: [],
          key: "x",
          id: 1,
          version: -1,
          expires_at: 0,
        });
        await store.put(ns("b"), "l", { text: "north", ns: ns("a").join("."), namespace: ns("a"), prefixes: ns("a") });
        const found = await store.search(ns("a"), { query: "north" });
        expect(found.map((item) => [item.namespace, item.key])).toEqual([[ns("a"), "k"]]);
      },
    },
    {
      id: "vectors/wrong-length-refused",
      title: "a vector of the wrong length is an error, not an item that no search will find",
      async run({ store, ns }) {
        await rejectionOf(store.put(ns(), "k", { text: "wrong length" }));
      },
    },
    {
      id: "vectors/not-finite-refused",
      title: "a vector that holds NaN is an error",
      async run({ store, ns }) {
        await rejectionOf(store.put(ns(), "k", { text: "not finite" }));
        await rejectionOf(store.put(ns(), "k", { text: "beyond single precision" }));
      },
    },
  ],
};
