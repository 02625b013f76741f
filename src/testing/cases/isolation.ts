import { expect } from "vitest";
import type { CaseContext, CaseFamily } from "../conformance-case.ts";
import { keysOf, numbersOf, readPages, upTo } from "../expectations.ts";

/** Puts one item below each label, and checks that each label's namespace holds its own item and no other. */
async function expectLabelsApart({ store, ns, root }: CaseContext, labels: readonly string[]): Promise<void> {
  for (const [n, label] of labels.entries()) await store.put(ns(label, "inner"), "k", { n });
  for (const [n, label] of labels.entries()) {
    const hint = JSON.stringify(label);
    expect((await store.get(ns(label, "inner"), "k"))?.value, hint).toEqual({ n });
    expect(numbersOf(await store.search(ns(label))), hint).toEqual([n]);
    expect(await store.listNamespaces({ prefix: ns(label) }), hint).toEqual([ns(label, "inner")]);
  }
  const listed = await store.listNamespaces({ prefix: [root], limit: 1_000 });
  expect(listed.map((namespace) => namespace[1]).sort()).toEqual([...labels].sort());
  await store.delete(ns(labels[0] ?? "", "inner"), "k");
  expect(await store.search(ns(), { limit: 1_000 })).toHaveLength(labels.length - 1);
}

/** Prefixes match entire labels, and different namespaces are never confused. */
export const isolation: CaseFamily = {
  name: "isolation",
  setting: "plain",
  cases: [
    {
      id: "isolation/whole-labels",
      title: "a prefix matches entire labels: user1 does not include items of user10",
      async run({ store, ns }) {
        for (const label of ["user1", "user10", "user1 ", "user1a", "user"]) await store.put(ns(label), label, {});
        await store.put(ns("user1", "notes"), "below", {});
        expect(keysOf(await store.search(ns("user1")))).toEqual(["user1", "below"]);
        expect(keysOf(await store.search(ns("user")))).toEqual(["user"]);
        expect(keysOf(await store.search(ns("user1"), { filter: {} }))).toEqual(["user1", "below"]);
        expect(await store.listNamespaces({ prefix: ns("user1") })).toEqual([ns("user1"), ns("user1", "notes")]);
      },
    },
    {
      id: "isolation/order-of-labels",
      title: "the same labels in another order, or more of them, are another namespace",
      async run({ store, ns }) {
        const namespaces = [ns("a", "b"), ns("b", "a"), ns("a", "b", "c"), ns("a"), ns("c", "a", "b")];
        for (const [n, namespace] of namespaces.entries()) await store.put(namespace, "k", { n });
        for (const [n, namespace] of namespaces.entries()) {
          expect((await store.get(namespace, "k"))?.value).toEqual({ n });
        }
        expect(numbersOf(await store.search(ns("a", "b")))).toEqual([0, 2]);
        expect(numbersOf(await store.search(ns("b")))).toEqual([1]);
      },
    },
    {
      id: "isolation/wildcard-labels",
      title: "labels with _ % \\ * and quotes are taken as they are, never as patterns",
      run: (context) =>
        expectLabelsApart(context, [
          "user_1",
          "userX1",
          "100%",
          "100",
          "a\\b",
          "ab",
          "a'b",
          'a"b',
          "a*b",
          "aXb",
          "[a]",
        ]),
    },
    {
      id: "isolation/separator-labels",
      title: "labels with slashes, bars, dashes and blanks are taken as they are",
      run: (context) =>
        expectLabelsApart(context, ["a/b", "a", "/", "a|b", "a-b", "a b", " ", "a,b", "a;b", "a#b", "a\nb"]),
    },
    {
      id: "isolation/colon-labels",
      title: "labels with colons are allowed, and do not read as two labels",
      claims: ["colonLabels"],
      async run(context) {
        const { store, ns } = context;
        await expectLabelsApart(context, ["a:b", ":", "a:", "::"]);
        await store.put(ns("x", "y:z"), "k", { n: 1 });
        await store.put(ns("x", "y", "z"), "k", { n: 2 });
        await store.put(ns("x:y", "z"), "k", { n: 3 });
        expect((await store.get(ns("x", "y:z"), "k"))?.value).toEqual({ n: 1 });
        expect(numbersOf(await store.search(ns("x", "y")))).toEqual([2]);
      },
    },
    {
      id: "isolation/unicode-labels",
      title: "labels of any script are distinguished, also in composed and combining forms",
      run: (context) =>
        expectLabelsApart(context, ["é", "e\u0301", "e", "👩‍👩‍👧", "👩", "\ufeffa", "日本", "ß", "ss", "İ", "i", "\u200b"]),
    },
    {
      id: "isolation/label-case",
      title: "labels differ by upper and lower case",
      run: (context) => expectLabelsApart(context, ["User", "user", "USER"]),
    },
    {
      id: "isolation/long-labels",
      title: "labels of 500 characters, and namespaces 30 labels deep, are kept whole",
      async run(context) {
        const { store, ns } = context;
        await expectLabelsApart(context, ["l".repeat(500), `${"l".repeat(499)}m`, "l".repeat(499)]);
        const deep = ns("deep", ...upTo(30).map((n) => `level ${n}`));
        await store.put(deep, "k", { n: 1 });
        expect((await store.search(ns("deep", "level 0", "level 1"))).map((item) => item.namespace)).toEqual([deep]);
      },
    },
    {
      id: "isolation/object-member-labels",
      title: "labels and keys named like members of JavaScript objects are plain text",
      run: (context) =>
        expectLabelsApart(context, ["__proto__", "constructor", "toString", "null", "undefined", "0", "NaN"]),
    },
    {
      id: "isolation/star-is-a-label",
      title: 'for put, get and search "*" is a label like any other',
      async run({ store, ns }) {
        await store.put(ns("*"), "star", {});
        await store.put(ns("a"), "a", {});
        expect(keysOf(await store.search(ns("*")))).toEqual(["star"]);
        expect(await store.get(ns("*"), "a")).toBeNull();
      },
    },
    {
      id: "isolation/nul-label",
      title: "a label with a NUL character is rejected by name, or distinguished from all others",
      async run({ store, ns }) {
        await store.put(ns("a"), "k", { n: 1 });
        const put = await Promise.allSettled([store.put(ns("a\u0000"), "k", { n: 2 })]);
        if (put[0].status === "rejected") expect((put[0].reason as Error).name).toBe("InvalidNamespaceError");
        else expect(numbersOf(await store.search(ns("a\u0000")))).toEqual([2]);
        expect(numbersOf(await store.search(ns("a")))).toEqual([1]);
      },
    },
    {
      id: "isolation/whole-store",
      title: "search([]) sees every namespace, and listNamespaces() too",
      async run({ store, ns, root }) {
        await store.put(ns("a"), "one", { mark: root });
        await store.put([`${root}-other`, "b"], "two", { mark: root });
        const items = await store.search([], { filter: { mark: root } });
        expect(keysOf(items).sort()).toEqual(["one", "two"]);
        for (const options of [{}, { prefix: [] }, { suffix: [] }]) {
          const all = await readPages(500, (page) => store.listNamespaces({ ...options, ...page }));
          const own = all.filter(([first]) => first?.startsWith(root)).map((namespace) => namespace.slice(1));
          expect(own.flat().sort()).toEqual(["a", "b"]);
        }
      },
    },
    {
      id: "isolation/delete-touches-one",
      title: "a delete removes its own item only, not one below it, beside it or of the same key",
      async run({ store, ns }) {
        const namespaces = [ns("a"), ns("a", "k"), ns("ab"), ns("a", "b")];
        for (const namespace of namespaces) await store.put(namespace, "k", {});
        await store.delete(ns("a"), "k");
        const left = (await store.search(ns())).map((item) => item.namespace.slice(1).join("."));
        expect(left.sort()).toEqual(["a.b", "a.k", "ab"]);
      },
    },
  ],
};
