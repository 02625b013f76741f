import type { PutOperation } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { keysOf, numbersOf, readPages, rejectionOf, seed, upTo } from "../expectations.ts";

const numbered = (count: number) => Object.fromEntries(upTo(count).map((n) => [`k${n}`, { n, even: n % 2 === 0 }]));

/** Order and pages of a search without a query. */
export const listing: CaseFamily = {
  name: "listing",
  setting: "plain",
  cases: [
    {
      id: "listing/oldest-first",
      title: "items of a namespace come oldest first, whatever their keys",
      async run({ store, ns }) {
        for (const key of ["m", "z", "a", "0", "10", "9"]) await store.put(ns(), key, { key });
        expect(keysOf(await store.search(ns()))).toEqual(["m", "z", "a", "0", "10", "9"]);
      },
    },
    {
      id: "listing/order-of-a-batch",
      title: "items that one batch creates come in the order of its operations",
      async run({ store, ns }) {
        const keys = ["m", "z", "a", "0", "10", "9"];
        await store.batch(keys.map((key): PutOperation => ({ namespace: ns(), key, value: { key } })));
        expect(keysOf(await store.search(ns()))).toEqual(keys);
      },
    },
    {
      id: "listing/update-keeps-place",
      title: "an update leaves an item in its place",
      async run({ store, ns }) {
        await seed(store, ns(), { a: { n: 1 }, b: { n: 2 }, c: { n: 3 } });
        await store.put(ns(), "a", { n: 4 });
        await store.put(ns(), "b", { n: 5 });
        expect(numbersOf(await store.search(ns()))).toEqual([4, 5, 3]);
      },
    },
    {
      id: "listing/new-item-moves-to-the-end",
      title: "an item that is deleted and put again comes last",
      async run({ store, ns }) {
        await seed(store, ns(), { a: { n: 1 }, b: { n: 2 }, c: { n: 3 } });
        await store.delete(ns(), "a");
        await store.put(ns(), "a", { n: 4 });
        expect(keysOf(await store.search(ns()))).toEqual(["b", "c", "a"]);
      },
    },
    {
      id: "listing/own-items-come-and-go",
      title: "items of the prefix come before those below it, as soon as there are some and only while there are",
      async run({ store, ns }) {
        await seed(store, ns("below"), { x: { n: 1 }, y: { n: 2 } });
        expect(keysOf(await store.search(ns()))).toEqual(["x", "y"]);
        await seed(store, ns(), { a: { n: 3 }, b: { n: 4 } });
        expect(keysOf(await store.search(ns()))).toEqual(["a", "b", "x", "y"]);
        expect(keysOf(await store.search(ns(), { limit: 2 }))).toEqual(["a", "b"]);
        expect(keysOf(await store.search(ns(), { limit: 2, offset: 1 }))).toEqual(["b", "x"]);
        await store.delete(ns(), "a");
        await store.delete(ns(), "b");
        expect(keysOf(await store.search(ns()))).toEqual(["x", "y"]);
        await store.put(ns(), "c", { n: 5 });
        expect(keysOf(await store.search(ns()))).toEqual(["c", "x", "y"]);
      },
    },
    {
      id: "listing/new-namespace-below",
      title: "a namespace that is made below a prefix is seen by the next search of it, also where others were seen before",
      async run({ store, ns }) {
        await seed(store, ns(), { a: { n: 1 } });
        for (let n = 2; n <= 4; n += 1) {
          expect(numbersOf(await store.search(ns()))).toEqual(upTo(n - 1).map((i) => i + 1));
          await store.put(ns(`below-${n}`), "x", { n });
        }
        expect(numbersOf(await store.search(ns()))).toEqual([1, 2, 3, 4]);
      },
    },
    {
      id: "listing/namespaces-by-label",
      title: "namespaces come in the order of their labels, label by label, whenever they were made",
      async run({ store, ns }) {
        const inOrder = [ns("a"), ns("a", "a"), ns("a", "b"), ns("a!"), ns("a-b"), ns("ab"), ns("b")];
        for (const namespace of [...inOrder].reverse()) await seed(store, namespace, { y: { n: 1 }, x: { n: 2 } });
        const items = await store.search(ns(), { limit: 100 });
        expect(items.map((item) => item.namespace)).toEqual(inOrder.flatMap((namespace) => [namespace, namespace]));
        expect(keysOf(items)).toEqual(inOrder.flatMap(() => ["y", "x"]));
      },
    },
    {
      id: "listing/same-order-as-list-namespaces",
      title: "search and listNamespaces order namespaces alike, whatever the letters",
      async run({ store, ns, root }) {
        for (const label of ["b", "A", "a", "B", "_", "é", "e", "Z", "10", "9"])
          await store.put(ns(label), "k", { label });
        const searched = (await store.search(ns(), { limit: 100 })).map((item) => item.namespace);
        expect(await store.listNamespaces({ prefix: [root] })).toEqual(searched);
      },
    },
    {
      id: "listing/default-limit",
      title: "a search gives 10 items when it names no limit",
      async run({ store, ns }) {
        await seed(store, ns(), numbered(12));
        expect(keysOf(await store.search(ns()))).toEqual(upTo(10).map((n) => `k${n}`));
        expect(keysOf(await store.search(ns(), { offset: 10 }))).toEqual(["k10", "k11"]);
      },
    },
    {
      id: "listing/limit-and-offset",
      title: "limit and offset cut the list: none of it, some, beyond its end, and more than it has",
      async run({ store, ns }) {
        await seed(store, ns(), numbered(5));
        expect(await store.search(ns(), { limit: 0 })).toEqual([]);
        expect(keysOf(await store.search(ns(), { limit: 2, offset: 1 }))).toEqual(["k1", "k2"]);
        expect(keysOf(await store.search(ns(), { limit: 2, offset: 4 }))).toEqual(["k4"]);
        expect(await store.search(ns(), { limit: 2, offset: 5 })).toEqual([]);
        expect(await store.search(ns(), { limit: 2, offset: 5_000 })).toEqual([]);
        expect(await store.search(ns(), { limit: 100_000 })).toHaveLength(5);
      },
    },
    {
      id: "listing/pages-over-namespaces",
      title: "pages over many namespaces hold every item once, in one order",
      async run({ store, ns }) {
        const puts = upTo(60).map((n): PutOperation => ({ namespace: ns(`n${n % 7}`), key: `k${n}`, value: { n } }));
        await store.batch(puts);
        const whole = await store.search(ns(), { limit: 1_000 });
        const paged = await readPages(7, (page) => store.search(ns(), page));
        expect(keysOf(paged)).toEqual(keysOf(whole));
        expect(new Set(keysOf(paged)).size).toBe(60);
      },
    },
    {
      id: "listing/more-than-a-thousand",
      title: "1,100 items are read to the last, in their order, in pages and at once",
      async run({ store, ns }) {
        await seed(store, ns(), numbered(1_100));
        const inOrder = upTo(1_100).map((n) => `k${n}`);
        expect(keysOf(await readPages(250, (page) => store.search(ns(), page)))).toEqual(inOrder);
        expect(keysOf(await store.search(ns(), { limit: 5_000 }))).toEqual(inOrder);
        const last = await store.search(ns(), { filter: { n: 1_099 }, limit: 1 });
        expect(keysOf(last)).toEqual(["k1099"]);
      },
    },
    {
      id: "listing/filter-before-limit",
      title: "the filter comes before limit and offset, so that a page is full when matches are left",
      async run({ store, ns }) {
        await seed(store, ns(), numbered(40));
        expect(keysOf(await store.search(ns(), { filter: { n: 39 }, limit: 1 }))).toEqual(["k39"]);
        const even = await store.search(ns(), { filter: { even: true }, limit: 5, offset: 10 });
        expect(numbersOf(even)).toEqual([20, 22, 24, 26, 28]);
        const paged = await readPages(6, (page) => store.search(ns(), { filter: { even: true }, ...page }));
        expect(numbersOf(paged)).toEqual(upTo(20).map((n) => 2 * n));
      },
    },
    {
      id: "listing/stable-while-appending",
      title: "an item that is added while pages are read comes last and shifts none",
      async run({ store, ns }) {
        await seed(store, ns(), numbered(6));
        const first = await store.search(ns(), { limit: 3 });
        await store.put(ns(), "added", { n: 6 });
        await store.put(ns(), "k0", { n: 100 });
        const rest = await store.search(ns(), { limit: 10, offset: 3 });
        expect([...keysOf(first), ...keysOf(rest)]).toEqual(["k0", "k1", "k2", "k3", "k4", "k5", "added"]);
      },
    },
    {
      id: "listing/query-without-index",
      title: "a store without an index answers a query with the items below the prefix, not with nothing",
      async run({ store, ns }) {
        await seed(store, ns("a"), { x: { text: "tea" }, y: { text: "rain" } });
        await store.put(ns("ab"), "z", { text: "tea" });
        expect(keysOf(await store.search(ns("a"), { query: "tea" })).sort()).toEqual(["x", "y"]);
      },
    },
    {
      id: "listing/impossible-limits",
      title: "a limit or offset that is negative, fractional or no number is an error",
      claims: ["limitValidation"],
      async run({ store, ns }) {
        await seed(store, ns(), numbered(3));
        for (const wrong of [-1, 1.5, Number.NaN]) {
          await rejectionOf(store.search(ns(), { limit: wrong }));
          await rejectionOf(store.search(ns(), { offset: wrong }));
          await rejectionOf(store.listNamespaces({ prefix: ns(), limit: wrong }));
          await rejectionOf(store.listNamespaces({ prefix: ns(), offset: wrong }));
        }
      },
    },
  ],
};
