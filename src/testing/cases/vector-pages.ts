import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { keysOf, readPages, seed, upTo } from "../expectations.ts";

const bearings = (count: number, more: Record<string, unknown> = {}) =>
  Object.fromEntries(upTo(count).map((n) => [`k${n}`, { text: `bearing ${n}`, n, ...more }]));

/** Pages, filters and prefixes of a search with a query. */
export const vectorPages: CaseFamily = {
  name: "vectors: pages, filters, prefixes",
  setting: "compass",
  cases: [
    {
      id: "vectors/pages",
      title: "pages of a ranking go on where the last one ended",
      async run({ store, ns }) {
        await seed(store, ns(), bearings(25));
        const second = await store.search(ns(), { query: "north", limit: 10, offset: 10 });
        expect(keysOf(second)).toEqual(upTo(10).map((n) => `k${n + 10}`));
        const paged = await readPages(4, (page) => store.search(ns(), { query: "north", ...page }));
        expect(keysOf(paged)).toEqual(upTo(25).map((n) => `k${n}`));
        expect(await store.search(ns(), { query: "north", limit: 0 })).toEqual([]);
        expect(await store.search(ns(), { query: "north", offset: 25 })).toEqual([]);
      },
    },
    {
      id: "vectors/equal-scores-paged",
      title: "items of equal score are paged without repeating or losing one",
      async run({ store, ns }) {
        await seed(store, ns(), Object.fromEntries(upTo(30).map((n) => [`k${n}`, { text: "north", n }])));
        const paged = await readPages(7, (page) => store.search(ns(), { query: "north", ...page }));
        expect(paged).toHaveLength(30);
        expect(new Set(keysOf(paged)).size).toBe(30);
      },
    },
    {
      id: "vectors/several-fields-paged",
      title: "items of several fields count once in limit and offset",
      async run({ store, ns }) {
        const value = (n: number) => ({ text: `bearing ${n}`, alt: `bearing ${n + 20}` });
        await seed(store, ns(), Object.fromEntries(upTo(20).map((n) => [`k${n}`, value(n)])));
        const paged = await readPages(3, (page) => store.search(ns(), { query: "north", ...page }));
        expect(keysOf(paged)).toEqual(upTo(20).map((n) => `k${n}`));
      },
    },
    {
      id: "vectors/unscored-fill-the-page",
      title: "items without vectors follow the scored ones, in listing order and without a score",
      async run({ store, ns }) {
        await seed(store, ns(), { x: { other: 1 }, a: { text: "east" }, y: { other: 2 }, b: { text: "north" } });
        const found = await store.search(ns(), { query: "north" });
        expect(keysOf(found)).toEqual(["b", "a", "x", "y"]);
        expect(found.map((item) => item.score !== undefined)).toEqual([true, true, false, false]);
        expect(keysOf(await store.search(ns(), { query: "north", limit: 3 }))).toEqual(["b", "a", "x"]);
      },
    },
    {
      id: "vectors/unscored-paged",
      title: "pages run through scored and then unscored items, and give each once",
      async run({ store, ns }) {
        await seed(store, ns(), Object.fromEntries(upTo(15).map((n) => [`u${n}`, { n }])));
        await seed(store, ns(), bearings(10));
        const expected = [...upTo(10).map((n) => `k${n}`), ...upTo(15).map((n) => `u${n}`)];
        expect(keysOf(await readPages(4, (page) => store.search(ns(), { query: "north", ...page })))).toEqual(expected);
        expect(keysOf(await store.search(ns(), { query: "north", limit: 5, offset: 12 }))).toEqual(
          expected.slice(12, 17),
        );
      },
    },
    {
      id: "vectors/all-unscored",
      title: "where no item has vectors, a query gives all of them in listing order",
      async run({ store, ns }) {
        await seed(store, ns(), { b: { n: 1 }, a: { n: 2 } });
        expect(keysOf(await store.search(ns(), { query: "north" }))).toEqual(["b", "a"]);
      },
    },
    {
      id: "vectors/filter-far-items",
      title: "a filter that only the farthest items pass still finds them, under many nearer ones",
      async run({ store, ns }) {
        await seed(store, ns(), {
          ...bearings(50, { kind: "near" }),
          far1: { text: "south", kind: "far" },
          far2: { text: "up", kind: "far" },
        });
        expect(keysOf(await store.search(ns(), { query: "north", filter: { kind: "far" }, limit: 2 }))).toEqual([
          "far2",
          "far1",
        ]);
      },
    },
    {
      id: "vectors/filter-and-pages",
      title: "filter, ranking and pages go together, unscored items included",
      async run({ store, ns }) {
        await seed(store, ns(), { u0: { n: 0 }, u1: { n: 100 }, ...bearings(30), u2: { n: 1 } });
        const search = (page: { limit: number; offset: number }) =>
          store.search(ns(), { query: "north", filter: { n: { $lt: 20 } }, ...page });
        const expected = [...upTo(20).map((n) => `k${n}`), "u0", "u2"];
        expect(keysOf(await readPages(6, search))).toEqual(expected);
      },
    },
    {
      id: "vectors/filter-kinds",
      title:
        "each kind of filter holds with a query: text, number, boolean, null, list, object and $ne of a missing field",
      async run({ store, ns }) {
        await seed(store, ns(), {
          a: { text: "bearing 1", v: "x" },
          b: { text: "bearing 2", v: 5 },
          c: { text: "bearing 3", v: true },
          d: { text: "bearing 4", v: null },
          e: { text: "bearing 5", v: ["x"] },
          f: { text: "bearing 6", v: { x: 1 } },
          g: { text: "bearing 7" },
        });
        const matching = async (v: unknown) => keysOf(await store.search(ns(), { query: "north", filter: { v } }));
        expect(await matching("x")).toEqual(["a"]);
        expect(await matching({ $gte: 5 })).toEqual(["b"]);
        expect(await matching(true)).toEqual(["c"]);
        expect(await matching(null)).toEqual(["d"]);
        expect(await matching(["x"])).toEqual(["e"]);
        expect(await matching({ $eq: { x: 1 } })).toEqual(["f"]);
        expect(await matching({ $in: ["x", null, 6] })).toEqual(["a", "d"]);
        expect(await matching({ $ne: 5 })).toEqual(["a", "c", "d", "e", "f", "g"]);
        expect(await matching({ $nin: ["x", true, null] })).toEqual(["b", "e", "f", "g"]);
      },
    },
    {
      id: "vectors/filter-logic",
      title: "$and, $or and $not hold with a query",
      claims: ["logicalOperators"],
      async run({ store, ns }) {
        await seed(store, ns(), bearings(10));
        const filter = { $or: [{ n: { $lt: 2 } }, { $not: { n: { $lt: 9 } } }], n: { $ne: 0 } };
        expect(keysOf(await store.search(ns(), { query: "north", filter }))).toEqual(["k1", "k9"]);
      },
    },
    {
      id: "vectors/namespace-before-limit",
      title: "nearer items of other namespaces take no place of the own ones",
      async run({ store, ns }) {
        await seed(store, ns("others"), bearings(50));
        await seed(store, ns("own"), { far: { text: "south" }, farther: { text: "later" } });
        expect(keysOf(await store.search(ns("own"), { query: "north", limit: 2 }))).toEqual(["farther", "far"]);
      },
    },
    {
      id: "vectors/whole-labels",
      title: "a query sees whole labels only: user1 never shows what is in user10, scored or not",
      async run({ store, ns }) {
        const labels = ["user1", "user10", "user1 ", "user_1", "userX1", "user"];
        for (const label of labels)
          await seed(store, ns(label), { [label]: { text: "north" }, [`${label} plain`]: { n: 1 } });
        await seed(store, ns("user1", "below"), { below: { text: "east" } });
        expect(keysOf(await store.search(ns("user1"), { query: "north" }))).toEqual(["user1", "below", "user1 plain"]);
        expect(keysOf(await store.search(ns("user_1"), { query: "north" }))).toEqual(["user_1", "user_1 plain"]);
      },
    },
    {
      id: "vectors/colon-labels",
      title: "a query does not read a label with a colon as two",
      claims: ["colonLabels"],
      async run({ store, ns }) {
        await store.put(ns("a:b"), "one", { text: "north" });
        await store.put(ns("a", "b"), "two", { text: "north" });
        expect(keysOf(await store.search(ns("a"), { query: "north" }))).toEqual(["two"]);
        expect(keysOf(await store.search(ns("a:b"), { query: "north" }))).toEqual(["one"]);
      },
    },
    {
      id: "vectors/alike-when-joined",
      title: "items whose namespace and key read alike when joined keep vectors of their own",
      async run({ store, ns }) {
        await store.put(ns("a"), "b.c", { text: "north" });
        await store.put(ns("a", "b"), "c", { text: "east" });
        await store.put(ns("a"), "b:c", { text: "up" });
        await store.put(ns("a"), "b/c", { text: "later" });
        for (const [query, key] of [
          ["north", "b.c"],
          ["east", "c"],
          ["up", "b:c"],
          ["later", "b/c"],
        ] as const) {
          const [best] = await store.search(ns(), { query, limit: 1 });
          expect([best?.key, best?.score?.toFixed(5)], query).toEqual([key, "1.00000"]);
        }
      },
    },
    {
      id: "vectors/whole-store",
      title: "search([]) with a query ranks items of all namespaces",
      async run({ store, ns, root }) {
        await store.put(ns("a"), "far", { text: "east", mark: root });
        await store.put([`${root}-other`], "near", { text: "north", mark: root });
        const found = await store.search([], { query: "north", filter: { mark: root } });
        expect(keysOf(found)).toEqual(["near", "far"]);
      },
    },
  ],
};
