import type { CaseFamily } from "../conformance-case.ts";
import { expect } from "vitest";
import { expectInvalidNamespace, keysOf, rejectionOf } from "../expectations.ts";

const put = (namespace: string[], key = "k") => ({ namespace, key, value: { n: 1 } });

/** Which namespaces are refused, by whom, and with which error. */
export const namespaceRules: CaseFamily = {
  name: "namespace rules",
  setting: "plain",
  cases: [
    {
      id: "namespace-rules/empty",
      title: "a put into the empty namespace is an InvalidNamespaceError, in a batch too",
      async run({ store }) {
        await expectInvalidNamespace(store.put([], "k", { n: 1 }));
        await expectInvalidNamespace(store.batch([put([])]));
      },
    },
    {
      id: "namespace-rules/empty-holds-nothing",
      title: "get and delete in the empty namespace find nothing, or are an InvalidNamespaceError",
      async run({ store }) {
        const calls = await Promise.allSettled([store.get([], "k"), store.delete([], "k")]);
        for (const call of calls) {
          if (call.status === "rejected") expect((call.reason as Error).name).toBe("InvalidNamespaceError");
          else expect(call.value ?? null).toBeNull();
        }
      },
    },
    {
      id: "namespace-rules/dot",
      title: "a label with a dot is an InvalidNamespaceError for every call, and nothing is written",
      async run({ store, ns }) {
        await expectInvalidNamespace(store.put(ns("a.b"), "k", { n: 1 }));
        await expectInvalidNamespace(store.get(ns("."), "k"));
        await expectInvalidNamespace(store.delete(ns("a."), "k"));
        await expectInvalidNamespace(store.search(ns(".a")));
        await expectInvalidNamespace(store.listNamespaces({ prefix: ns("a.b") }));
        await expectInvalidNamespace(store.listNamespaces({ suffix: ["a.b"] }));
        await expectInvalidNamespace(store.batch([put(ns("a.b"))]));
        await expectInvalidNamespace(store.batch([{ namespacePrefix: ns("a.b") }]));
        expect(await store.search(ns())).toEqual([]);
      },
    },
    {
      id: "namespace-rules/empty-label",
      title: "an empty label is an InvalidNamespaceError for every call, and nothing is written",
      async run({ store, ns }) {
        await expectInvalidNamespace(store.put(ns(""), "k", { n: 1 }));
        await expectInvalidNamespace(store.put(["", ...ns()], "k", { n: 1 }));
        await expectInvalidNamespace(store.get(ns("", "a"), "k"));
        await expectInvalidNamespace(store.delete(ns(""), "k"));
        await expectInvalidNamespace(store.search(ns("")));
        await expectInvalidNamespace(store.batch([put(ns("a", ""))]));
        expect(await store.search(ns())).toEqual([]);
      },
    },
    {
      id: "namespace-rules/non-string-label",
      title: "a label that is no string is an InvalidNamespaceError, and nothing is written",
      async run({ store, ns }) {
        for (const label of [1, null, undefined, {}, ["a"]]) {
          const namespace = [...ns(), label] as string[];
          await expectInvalidNamespace(store.put(namespace, "k", { n: 1 }));
          await expectInvalidNamespace(store.search(namespace));
          await expectInvalidNamespace(store.batch([put(namespace)]));
        }
        expect(await store.search(ns())).toEqual([]);
      },
    },
    {
      id: "namespace-rules/no-list",
      title: "a namespace that is no list is an error",
      async run({ store, root }) {
        await rejectionOf(store.put(root as never, "k", { n: 1 }));
        await rejectionOf(store.put(null as never, "k", { n: 1 }));
        await rejectionOf(store.search(root as never));
        expect(await store.search([root])).toEqual([]);
      },
    },
    {
      id: "namespace-rules/lone-surrogate-label",
      title: "a label that is not well-formed text is an InvalidNamespaceError",
      async run({ store, ns }) {
        await expectInvalidNamespace(store.put(ns("a\ud83d"), "k", { n: 1 }));
        await expectInvalidNamespace(store.batch([put(ns("\udc00"))]));
      },
    },
    {
      id: "namespace-rules/reserved-root",
      title: "put refuses the root label langgraph; elsewhere the label is free",
      async run({ store, ns, root }) {
        await expectInvalidNamespace(store.put(["langgraph", root], "k", { n: 1 }));
        await store.put(ns("langgraph"), "k", { n: 1 });
        expect((await store.get(ns("langgraph"), "k"))?.value).toEqual({ n: 1 });
      },
    },
    {
      id: "namespace-rules/reserved-root-in-a-batch",
      title: "a batched put may use the root label langgraph, and get, search and delete reach it",
      async run({ store, root }) {
        await store.batch([put(["langgraph", root])]);
        expect((await store.get(["langgraph", root], "k"))?.value).toEqual({ n: 1 });
        expect(keysOf(await store.search(["langgraph", root]))).toEqual(["k"]);
        await store.delete(["langgraph", root], "k");
        expect(await store.get(["langgraph", root], "k")).toBeNull();
      },
    },
  ],
};
