import type {
  GetOperation,
  ListNamespacesOperation,
  Operation,
  PutOperation,
  SearchOperation,
} from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { keysOf, numbersOf, seed, upTo } from "../expectations.ts";

type Mixed = [GetOperation, PutOperation, SearchOperation, ListNamespacesOperation, GetOperation, GetOperation];

/** What a batch promises: which state it reads, which write wins, and where the results stand. */
export const batches: CaseFamily = {
  name: "batch",
  setting: "plain",
  cases: [
    {
      id: "batch/empty",
      title: "a batch of nothing gives an empty list",
      async run({ store }) {
        expect(await store.batch([])).toEqual([]);
      },
    },
    {
      id: "batch/get-sees-state-before",
      title: "a get in a batch gives the item as it was before the batch, wherever it stands",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        const [before, , after] = await store.batch([
          { namespace: ns(), key: "k" },
          { namespace: ns(), key: "k", value: { n: 2 } },
          { namespace: ns(), key: "k" },
        ]);
        expect(before?.value).toEqual({ n: 1 });
        expect(after?.value).toEqual({ n: 1 });
        expect((await store.get(ns(), "k"))?.value).toEqual({ n: 2 });
      },
    },
    {
      id: "batch/get-misses-new-item",
      title: "a get in a batch does not see an item that the batch creates",
      async run({ store, ns }) {
        const [, read] = await store.batch([
          { namespace: ns(), key: "k", value: { n: 1 } },
          { namespace: ns(), key: "k" },
        ]);
        expect(read).toBeNull();
      },
    },
    {
      id: "batch/get-sees-item-it-deletes",
      title: "a get in a batch gives an item that the batch deletes",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        const [, read] = await store.batch([
          { namespace: ns(), key: "k", value: null },
          { namespace: ns(), key: "k" },
        ]);
        expect(read).toMatchObject({ key: "k", value: { n: 1 } });
        expect(await store.get(ns(), "k")).toBeNull();
      },
    },
    {
      id: "batch/search-and-list-see-state-before",
      title: "search and listing in a batch see the state before it",
      async run({ store, ns, root }) {
        await store.put(ns("old"), "a", { n: 1 });
        const [, , found, listed] = await store.batch<[Operation, Operation, SearchOperation, ListNamespacesOperation]>(
          [
            { namespace: ns("new"), key: "b", value: { n: 2 } },
            { namespace: ns("old"), key: "a", value: { n: 3 } },
            { namespacePrefix: ns(), limit: 10, offset: 0 },
            { matchConditions: [{ matchType: "prefix", path: [root] }], limit: 10, offset: 0 },
          ],
        );
        expect(found?.map((item) => [item.key, item.value])).toEqual([["a", { n: 1 }]]);
        expect(listed).toEqual([ns("old")]);
      },
    },
    {
      id: "batch/last-put-wins",
      title: "of several puts to one key the last one wins",
      async run({ store, ns }) {
        await store.batch(upTo(5).map((n): PutOperation => ({ namespace: ns(), key: "k", value: { n } })));
        expect((await store.get(ns(), "k"))?.value).toEqual({ n: 4 });
        expect(await store.search(ns())).toHaveLength(1);
      },
    },
    {
      id: "batch/last-of-put-and-delete-wins",
      title: "of a put and a delete of one key the last one wins",
      async run({ store, ns }) {
        const put = (key: string): PutOperation => ({ namespace: ns(), key, value: { n: 2 } });
        const remove = (key: string): PutOperation => ({ namespace: ns(), key, value: null });
        await store.put(ns(), "held", { n: 1 });
        await store.batch([remove("held"), put("held"), put("fresh"), remove("fresh")]);
        expect((await store.get(ns(), "held"))?.value).toEqual({ n: 2 });
        expect(await store.get(ns(), "fresh")).toBeNull();
        expect(keysOf(await store.search(ns()))).toEqual(["held"]);
      },
    },
    {
      id: "batch/put-result-undefined",
      title: "the result of a put and of a delete is undefined",
      async run({ store, ns }) {
        const results = await store.batch([
          { namespace: ns(), key: "k", value: { n: 1 } },
          { namespace: ns(), key: "l", value: null },
        ]);
        expect(results).toHaveLength(2);
        expect([...results]).toEqual([undefined, undefined]);
      },
    },
    {
      id: "batch/results-at-positions",
      title: "each result stands at the position of its operation",
      async run({ store, ns, root }) {
        await seed(store, ns("a"), { x: { n: 1 }, y: { n: 2 } });
        const results = await store.batch<Mixed>([
          { namespace: ns("a"), key: "y" },
          { namespace: ns("a"), key: "z", value: { n: 3 } },
          { namespacePrefix: ns("a"), filter: { n: 1 }, limit: 5 },
          { matchConditions: [{ matchType: "prefix", path: [root] }], limit: 5, offset: 0 },
          { namespace: ns("a"), key: "missing" },
          { namespace: ns("a"), key: "x" },
        ]);
        expect(results).toHaveLength(6);
        expect(results[0]?.key).toBe("y");
        expect(results[2]?.map((item) => item.key)).toEqual(["x"]);
        expect(results[3]).toEqual([ns("a")]);
        expect(results[4]).toBeNull();
        expect(results[5]?.key).toBe("x");
      },
    },
    {
      id: "batch/list-without-conditions",
      title: "a listing without conditions, which the types allow, has its result at its position",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        const results = await store.batch<[ListNamespacesOperation, GetOperation]>([
          { limit: 1, offset: 0 },
          { namespace: ns(), key: "k" },
        ]);
        expect(results[0]).toHaveLength(1);
        expect(results[1]?.value).toEqual({ n: 1 });
      },
    },
    {
      id: "batch/search-defaults",
      title: "a search in a batch without limit and offset gives the first 10",
      async run({ store, ns }) {
        await seed(store, ns(), Object.fromEntries(upTo(12).map((n) => [`k${n}`, { n }])));
        const [found] = await store.batch([{ namespacePrefix: ns() }]);
        expect(numbersOf(found ?? [])).toEqual(upTo(10));
      },
    },
    {
      id: "batch/alike-when-joined",
      title: "namespaces and keys that read alike when joined stay apart within one batch",
      async run({ store, ns }) {
        const places: readonly (readonly [string[], string])[] = [
          [ns("a"), "b:c"],
          [ns("a", "b"), "c"],
          [ns("a"), "b.c"],
          [ns("a"), "b/c"],
          [ns(), "a:b:c"],
          [ns(), "a.b.c"],
        ];
        await store.batch(places.map(([namespace, key], n): PutOperation => ({ namespace, key, value: { n } })));
        const read = await store.batch(places.map(([namespace, key]) => ({ namespace, key })));
        expect(numbersOf(read)).toEqual(upTo(places.length));
      },
    },
    {
      id: "batch/large",
      title: "a batch of 300 mixed operations over many namespaces gives every result at its position",
      async run({ store, ns }) {
        const place = (n: number) => ({ namespace: ns(`group${n % 7}`), key: `k${n}` });
        await store.batch(upTo(100).map((n): PutOperation => ({ ...place(n), value: { n } })));
        const mixed = upTo(100).flatMap((n): Operation[] => [
          place(n),
          { ...place(n), value: n % 2 === 0 ? { n, again: true } : null },
          { namespacePrefix: ns(`group${n % 7}`), filter: { n }, limit: 1 },
        ]);
        const results: unknown[] = await store.batch(mixed);
        expect(results).toHaveLength(300);
        for (const n of upTo(100)) {
          expect(results[3 * n]).toMatchObject({ key: `k${n}`, value: { n } });
          expect(results[3 * n + 2]).toMatchObject([{ key: `k${n}`, value: { n } }]);
        }
        const left = await store.search(ns(), { limit: 200 });
        expect(numbersOf(left).sort((a, b) => Number(a) - Number(b))).toEqual(upTo(50).map((n) => 2 * n));
        expect(left.every((item) => item.value["again"] === true)).toBe(true);
      },
    },
  ],
};
