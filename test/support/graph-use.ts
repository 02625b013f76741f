/** All store calls of an agent, from the nodes of a compiled graph. */
import { Annotation, END, START, StateGraph, type BaseStore, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { BatchError, type StoreView } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";

const State = Annotation.Root({ out: Annotation<unknown> });

/** Runs `work` in a node of a graph that was compiled with `store`. */
async function inNode(store: BaseStore, work: (store: BaseStore) => Promise<unknown>): Promise<unknown> {
  const graph = new StateGraph(State)
    .addNode("work", async (_state: typeof State.State, config: LangGraphRunnableConfig) => {
      if (config.store === undefined) throw new Error("The graph passed no store to its node.");
      return { out: await work(config.store) };
    })
    .addEdge(START, "work")
    .addEdge("work", END)
    .compile({ store });
  return (await graph.invoke({ out: null })).out;
}

/** Registers the tests for one kind of store. */
export function graphUse(name: string, makeStore: MakeStore): void {
  describe(`inside a graph, ${name}`, () => {
    let made: TestStore | undefined;
    const view = (): StoreView => (made as TestStore).store.scoped([uniqueName("graph")]);

    beforeAll(async () => {
      made = await makeStore({
        index: {
          dims: 64,
          embeddings: new HashEmbeddings(),
          fields: ["text"],
          rules: [{ namespace: ["*", "silent"], fields: false }],
        },
      });
    });
    afterAll(() => made?.dispose());

    test("a node puts, gets, searches by filter and by meaning, deletes, and lists namespaces through the view", async () => {
      const scope = view();
      const out = await inNode(scope, async (store) => {
        await Promise.all([
          store.put(["notes"], "tea", { text: "green tea and honey", n: 1 }),
          store.put(["notes"], "iron", { text: "iron and gold", n: 2 }),
          store.put(["drafts"], "d", { text: "green" }),
        ]);
        await store.delete(["drafts"], "d");
        return {
          item: (await store.get(["notes"], "tea"))?.value,
          filtered: (await store.search(["notes"], { filter: { n: { $gt: 1 } } })).map(({ key }) => key),
          nearest: (await store.search([], { query: "honey tea", limit: 1 })).map(({ key }) => key),
          namespaces: await scope.listNamespaces(),
        };
      });
      expect(out).toEqual({
        item: { text: "green tea and honey", n: 1 },
        filtered: ["iron"],
        nearest: ["tea"],
        namespaces: [["notes"]],
      });
    });

    test("a view binds what the wrapper drops: index, order, minScore", async () => {
      const scope = view();
      const bound = scope.with({ index: ["title"], order: "newest", minScore: 0.5 });
      await inNode(bound, async (store) => {
        await store.put(["a"], "first", { title: "winter coats", text: "summer" });
        await store.put(["a"], "second", { title: "summer hats", text: "winter" });
      });
      await inNode(bound, async (store) => {
        expect((await store.search(["a"])).map(({ key }) => key)).toEqual(["second", "first"]);
        expect((await store.search(["a"], { query: "winter coats" })).map(({ key }) => key)).toEqual(["first"]);
      });
    });

    test("an index rule of the configuration applies if the wrapper drops the index of a put", async () => {
      const scope = view();
      await inNode(scope, async (store) => {
        await store.put(["silent"], "s", { text: "green tea" });
        await store.put(["loud"], "l", { text: "green tea" });
      });
      const found = await scope.search([], { query: "green tea" });
      expect(found.map(({ key, score }) => [key, score === undefined])).toEqual([["l", false], ["s", true]]);
    });

    test("a failing call of a tick fails alone through a positional view, and fails all without it", async () => {
      const tick = async (store: BaseStore): Promise<string[]> => {
        const outcomes = await Promise.allSettled([
          store.put(["ok"], "a", { text: "fine" }),
          store.put(["ok"], "b", { run: () => 1 }),
          store.get(["ok"], "nothing"),
        ]);
        return outcomes.map(({ status }) => status);
      };
      const scope = view();
      expect(await inNode(scope.with({ batchErrors: "positional" }), tick)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await inNode(scope, tick)).toEqual(["rejected", "rejected", "rejected"]);
      expect((await scope.get(["ok"], "a"))?.value).toEqual({ text: "fine" });
    });

    test("views combine, and no argument of a scoped view reaches outside it", async () => {
      const outer = view();
      const inner = outer.scoped(["tenants", "1"]).with({ order: "newest" }).scoped(["deep"]);
      await outer.put(["tenants", "10", "deep"], "k", { of: "another tenant" });
      await outer.put(["tenants", "1"], "k", { of: "the tenant itself" });
      await inner.put(["a"], "k", { of: "inner" });
      expect((await outer.get(["tenants", "1", "deep", "a"], "k"))?.namespace).toEqual(["tenants", "1", "deep", "a"]);
      expect((await inner.search([])).map(({ namespace, value }) => ({ namespace, value }))).toEqual([
        { namespace: ["a"], value: { of: "inner" } },
      ]);
      expect(await inner.listNamespaces({ suffix: ["deep", "a"] })).toEqual([]);
      expect(await inner.listNamespaces({ suffix: ["a"], maxDepth: 1 })).toEqual([["a"]]);
      expect(await inner.get([], "k")).toBeNull();
      await expect(inner.put([".."], "k", {})).rejects.toThrow("periods");
      await expect(inner.put([], "k", {})).rejects.toThrow("empty");
      expect(() => outer.scoped([])).toThrow("empty");
    });

    test("a search page's cursor is bound to its scope", async () => {
      const [one, other] = [view(), view()];
      for (const scope of [one, other]) {
        await scope.batch(["a", "b", "c"].map((key) => ({ namespace: ["n"], key, value: { key } })));
      }
      const page = await one.search([], { limit: 1 });
      const next = await other.search([], { limit: 5, cursor: page.info.cursor });
      for (const { key } of next) expect(["b", "c", "a"]).toContain(key);
      expect(Buffer.from(page.info.cursor ?? "", "base64url").toString()).not.toContain("graph_");
    });

    test("a failed batch reports the outcome of every operation", async () => {
      const scope = view();
      const failed = await scope
        .batch([
          { namespace: ["a"], key: "k", value: { text: "x" } },
          { namespace: ["a.b"], key: "k", value: {} },
          { namespacePrefix: [], filter: { $oops: 1 } },
        ])
        .catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(BatchError);
      expect((failed as BatchError).outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
      expect((failed as BatchError).message).toContain("2 of 3 operations failed");
    });

    test.each([
      [{ ttl: -1 }, "ttl"],
      [{ mode: "both" }, "mode"],
      [{ index: "text" }, "index"],
      [{ order: "random" }, "order"],
      [{ minScore: "1" }, "minScore"],
      [{ batchErrors: "ignore" }, "batchErrors"],
    ])("an invalid default is rejected: %j", (defaults, message) => {
      expect(() => view().with(defaults as never)).toThrow(message);
    });
  });
}
