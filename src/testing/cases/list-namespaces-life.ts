import { expect } from "vitest";
import type { CaseContext, CaseFamily } from "../conformance-case.ts";
import { namespacesBelow, rejectionOf, seedNamespaces, upTo } from "../expectations.ts";

async function fill({ store, ns }: CaseContext, ...paths: readonly string[][]): Promise<void> {
  await seedNamespaces(
    store,
    paths.map((labels) => ns(...labels)),
  );
}

/** When namespaces come to be listed, and when they go. */
export const namespaceLife: CaseFamily = {
  name: "listNamespaces: life",
  setting: "plain",
  cases: [
    {
      id: "list/more-than-a-thousand",
      title: "1,050 namespaces are listed to the last",
      async run(context) {
        const { store, root } = context;
        await fill(context, ...upTo(1_050).map((n) => [`n${n}`]));
        expect(await store.listNamespaces({ prefix: [root], limit: 5_000 })).toHaveLength(1_050);
        const labels = (await namespacesBelow(store, root)).map(([, label]) => label);
        expect(new Set(labels).size).toBe(1_050);
        expect(await store.listNamespaces({ prefix: [root], suffix: ["n1049"] })).toHaveLength(1);
      },
    },
    {
      id: "list/empty-namespaces-vanish",
      title: "a namespace is gone from the list when its last item is deleted, and back when one is put",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["a"], ["a", "b"]);
        await store.put(ns("a"), "second", { n: 2 });
        await store.delete(ns("a"), "k");
        expect(await store.listNamespaces({ prefix: [root] })).toEqual([ns("a"), ns("a", "b")]);
        await store.delete(ns("a"), "second");
        expect(await store.listNamespaces({ prefix: [root] })).toEqual([ns("a", "b")]);
        await store.put(ns("a"), "k", { n: 3 });
        expect(await store.listNamespaces({ prefix: [root] })).toEqual([ns("a"), ns("a", "b")]);
      },
    },
    {
      id: "list/delete-makes-no-namespace",
      title: "a delete of what is not there makes no namespace",
      async run({ store, ns, root }) {
        await store.delete(ns("ghost"), "k");
        expect(await store.listNamespaces({ prefix: [root] })).toEqual([]);
      },
    },
    {
      id: "list/refused-put-makes-no-namespace",
      title: "a put that is refused makes no namespace",
      async run({ store, ns, root }) {
        await rejectionOf(store.put(ns("ghost"), "k", { hook: () => 1 }));
        expect(await store.listNamespaces({ prefix: [root] })).toEqual([]);
      },
    },
    {
      id: "list/copies",
      title: "changing a listed namespace changes nothing in the store",
      async run(context) {
        const { store, ns, root } = context;
        await fill(context, ["a"]);
        (await store.listNamespaces({ prefix: [root] }))[0]?.push("b");
        expect(await store.listNamespaces({ prefix: [root] })).toEqual([ns("a")]);
      },
    },
  ],
};
