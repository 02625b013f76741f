import type { BaseStore, MatchCondition } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { CaseContext, CaseFamily } from "../conformance-case.ts";
import { batchRejectionOf, present, readPages, rejectionOf, seedNamespaces, upTo } from "../expectations.ts";

async function fill({ store, ns }: CaseContext, ...paths: readonly string[][]): Promise<void> {
  await seedNamespaces(
    store,
    paths.map((labels) => ns(...labels)),
  );
}

async function listBy(store: BaseStore, matchConditions: MatchCondition[], maxDepth?: number): Promise<string[][]> {
  const [listed] = await store.batch([{ matchConditions, maxDepth, limit: 100, offset: 0 }]);
  return present(listed, "the listing");
}

/** Which namespaces are listed, how deep, in which order and when they go. */
export const listNamespaces: CaseFamily = {
  name: "listNamespaces",
  setting: "plain",
  cases: [
    {
      id: "list/each-once",
      title: "a namespace is listed once, however many items it holds, and not for items below it",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["a", "b"], ["c"]);
        await store.put(ns("c"), "another", { n: 2 });
        expect(await store.listNamespaces({ prefix: [root] })).toEqual([ns("a", "b"), ns("c")]);
      },
    },
    {
      id: "list/prefix",
      title: "prefix gives the namespace itself and those below it",
      async run(context) {
        const { store, ns } = context;
        await fill(context, ["a"], ["a", "b"], ["ab"], ["b", "a"]);
        expect(await store.listNamespaces({ prefix: ns("a") })).toEqual([ns("a"), ns("a", "b")]);
        expect(await store.listNamespaces({ prefix: ns("a", "b", "c") })).toEqual([]);
      },
    },
    {
      id: "list/suffix",
      title: "suffix gives namespaces that end with whole labels",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["x", "v1"], ["v1"], ["x", "v10"], ["v1", "x"], ["x", "y", "v1"], ["xv1"]);
        const listed = await store.listNamespaces({ prefix: [root], suffix: ["v1"] });
        expect(listed).toEqual([ns("v1"), ns("x", "v1"), ns("x", "y", "v1")]);
        expect(await store.listNamespaces({ prefix: [root], suffix: ["x", "v1"] })).toEqual([ns("x", "v1")]);
      },
    },
    {
      id: "list/prefix-and-suffix-overlap",
      title: "prefix and suffix may both rest on the same label",
      async run(context) {
        const { store, ns } = context;
        await fill(context, ["a"], ["a", "b", "a"], ["b"]);
        expect(await store.listNamespaces({ prefix: ns("a"), suffix: ["a"] })).toEqual([ns("a"), ns("a", "b", "a")]);
      },
    },
    {
      id: "list/wildcards",
      title: '"*" in prefix and suffix stands for any one label',
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["ada", "notes"], ["bob", "notes", "old"], ["ada", "files"], ["*", "notes"], ["cy"]);
        expect(await store.listNamespaces({ prefix: [root, "*", "notes"] })).toEqual([
          ns("*", "notes"),
          ns("ada", "notes"),
          ns("bob", "notes", "old"),
        ]);
        expect(await store.listNamespaces({ prefix: [root], suffix: ["notes", "*"] })).toEqual([
          ns("bob", "notes", "old"),
        ]);
        expect(await store.listNamespaces({ prefix: [root, "*"], suffix: ["*", "files"] })).toEqual([
          ns("ada", "files"),
        ]);
        expect(await store.listNamespaces({ prefix: [root, "a*"] })).toEqual([]);
      },
    },
    {
      id: "list/several-conditions",
      title: "several conditions of one operation all hold",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["a", "x", "end"], ["a", "y", "end"], ["b", "x", "end"], ["a", "x"]);
        const listed = await listBy(store, [
          { matchType: "prefix", path: [root, "a"] },
          { matchType: "prefix", path: [root, "*", "x"] },
          { matchType: "suffix", path: ["end"] },
        ]);
        expect(listed).toEqual([ns("a", "x", "end")]);
      },
    },
    {
      id: "list/unknown-match-type",
      title: "a condition of no known kind is an error",
      async run(context) {
        await fill(context, ["a"]);
        await batchRejectionOf(listBy(context.store, [{ matchType: "middle" as never, path: ["a"] }]));
      },
    },
    {
      id: "list/max-depth",
      title: "maxDepth cuts deeper namespaces short and gives each cut once",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["a", "b", "c"], ["a", "b", "d"], ["a", "e"], ["f"], ["g", "h", "i", "j"]);
        expect(await store.listNamespaces({ prefix: [root], maxDepth: 3 })).toEqual([
          ns("a", "b"),
          ns("a", "e"),
          ns("f"),
          ns("g", "h"),
        ]);
        expect(await store.listNamespaces({ prefix: [root], maxDepth: 1 })).toEqual([ns()]);
        expect(await store.listNamespaces({ prefix: [root], maxDepth: 50 })).toHaveLength(5);
      },
    },
    {
      id: "list/max-depth-before-limit",
      title: "limit and offset count what maxDepth leaves",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ...upTo(30).map((n) => [n < 20 ? "a" : n < 25 ? "b" : "c", `n${n}`]));
        const list = (limit: number, offset: number) =>
          store.listNamespaces({ prefix: [root], maxDepth: 2, limit, offset });
        expect(await list(2, 0)).toEqual([ns("a"), ns("b")]);
        expect(await list(2, 2)).toEqual([ns("c")]);
      },
    },
    {
      id: "list/conditions-see-whole-namespace",
      title: "suffix is compared with the whole namespace, before maxDepth cuts it",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["a", "b", "v1"], ["a", "v1", "x"], ["c", "v2"]);
        expect(await store.listNamespaces({ prefix: [root], suffix: ["v1"], maxDepth: 2 })).toEqual([ns("a")]);
      },
    },
    {
      id: "list/order",
      title: "namespaces come in the order of their labels, label by label",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["b"], ["a-b"], ["a", "b"], ["a!"], ["a"], ["ab"], ["a", "a", "z"]);
        expect(await store.listNamespaces({ prefix: [root] })).toEqual([
          ns("a"),
          ns("a", "a", "z"),
          ns("a", "b"),
          ns("a!"),
          ns("a-b"),
          ns("ab"),
          ns("b"),
        ]);
      },
    },
    {
      id: "list/pages",
      title: "limit and offset cut the list, none of it included; 100 is the limit when none is named",
      async run(context) {
        const { store, root } = context;
        await fill(context, ...upTo(120).map((n) => [`n${String(n).padStart(3, "0")}`]));
        const prefix = [root];
        expect(await store.listNamespaces({ prefix, limit: 0 })).toEqual([]);
        expect(await store.listNamespaces({ prefix, offset: 120 })).toEqual([]);
        expect(await store.listNamespaces({ prefix })).toHaveLength(100);
        const paged = await readPages(17, (page) => store.listNamespaces({ prefix, ...page }));
        expect(paged.map(([, label]) => label)).toEqual(upTo(120).map((n) => `n${String(n).padStart(3, "0")}`));
      },
    },
    {
      id: "list/impossible-depth",
      title: "a maxDepth of zero, below it or between whole numbers is an error",
      claims: ["limitValidation"],
      async run(context) {
        const { store, root } = context;
        await fill(context, ["a"]);
        for (const maxDepth of [0, -1, 1.5, Number.NaN]) {
          await rejectionOf(store.listNamespaces({ prefix: [root], maxDepth }));
        }
      },
    },
  ],
};
