import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { keysOf, present, readPages, seed, upTo } from "../expectations.ts";

/** Runs one step as the only node of a compiled graph that has the store, which LangGraph then wraps. */
async function insideGraph(store: BaseStore, step: (wrapped: BaseStore) => Promise<void>): Promise<void> {
  // Loaded here, so that a store's author who makes no claim about graphs needs no LangGraph.
  const { Annotation, END, START, StateGraph } = await import("@langchain/langgraph");
  const State = Annotation.Root({ done: Annotation<boolean>() });
  const graph = new StateGraph(State)
    .addNode("step", async (_state, config) => {
      await step(present(config.store, "config.store"));
      return { done: true };
    })
    .addEdge(START, "step")
    .addEdge("step", END)
    .compile({ store });
  expect(await graph.invoke({ done: false })).toEqual({ done: true });
}

/** Typical use by agents: files by path, and calls from within a graph. */
export const agentUse: CaseFamily = {
  name: "use by agents",
  setting: "words",
  cases: [
    {
      id: "agents/files-by-path",
      title: "keys that are file paths, with lines of text or bytes as content, come back as they were put",
      claims: ["typedValues"],
      async run({ store, ns }) {
        const text = {
          content: ["# Plan", "", "- tea"],
          mimeType: "text/markdown",
          modified_at: "2026-01-01T00:00:00Z",
        };
        const image = { content: new Uint8Array([137, 80, 78, 71, 0, 255]), mimeType: "image/png" };
        await seed(store, ns("filesystem"), { "/memories/plan.md": text, "/a b/ü.png": image });
        expect(present(await store.get(ns("filesystem"), "/memories/plan.md")).value).toEqual(text);
        expect(present(await store.get(ns("filesystem"), "/a b/ü.png")).value).toStrictEqual(image);
      },
    },
    {
      id: "agents/exhaustive-paging",
      title: "pages of 100 read until one is short hold each of 350 files once, also when that page is empty",
      async run({ store, ns }) {
        await seed(store, ns("filesystem"), Object.fromEntries(upTo(350).map((n) => [`/dir/${n}.md`, { n }])), false);
        await seed(store, ns("exact"), Object.fromEntries(upTo(200).map((n) => [`/dir/${n}.md`, { n }])), false);
        const read = (label: string) => readPages(100, (page) => store.search(ns(label), page));
        expect(keysOf(await read("filesystem"))).toEqual(upTo(350).map((n) => `/dir/${n}.md`));
        expect(keysOf(await read("exact"))).toEqual(upTo(200).map((n) => `/dir/${n}.md`));
      },
    },
    {
      id: "agents/inside-a-graph",
      title: "a node of a compiled graph puts, gets, searches and deletes, and all of it is in the store itself",
      claims: ["insideGraph"],
      async run({ store, ns }) {
        await insideGraph(store, async (wrapped) => {
          await wrapped.put(ns("memories"), "tea", { text: "ada drinks green tea" });
          await wrapped.put(ns("memories"), "rain", { text: "heavy rain tomorrow" });
          await wrapped.put(ns("memories"), "gone", { text: "nothing" });
          await wrapped.delete(ns("memories"), "gone");
          expect((await wrapped.get(ns("memories"), "tea"))?.value).toEqual({ text: "ada drinks green tea" });
          expect((await wrapped.search(ns("memories"), { query: "green tea" }))[0]?.key).toBe("tea");
          expect(keysOf(await wrapped.search(ns("memories"), { filter: { text: "heavy rain tomorrow" } }))).toEqual([
            "rain",
          ]);
        });
        expect(keysOf(await store.search(ns("memories")))).toEqual(["tea", "rain"]);
      },
    },
    {
      id: "agents/calls-of-one-tick",
      title: "calls that a node makes at once are one batch: each gets its own result, and reads see the state before",
      claims: ["insideGraph"],
      async run({ store, ns }) {
        await store.put(ns(), "held", { n: 1 });
        await insideGraph(store, async (wrapped) => {
          const [before, , found, missing] = await Promise.all([
            wrapped.get(ns(), "held"),
            wrapped.put(ns(), "held", { n: 2 }),
            wrapped.search(ns(), { limit: 5 }),
            wrapped.get(ns(), "missing"),
          ]);
          expect(before?.value).toEqual({ n: 1 });
          expect(found.map((item) => item.value)).toEqual([{ n: 1 }]);
          expect(missing).toBeNull();
        });
        expect((await store.get(ns(), "held"))?.value).toEqual({ n: 2 });
      },
    },
    {
      id: "agents/memory-across-runs",
      title: "what one run of a graph saves, another recalls by meaning, below its own user only",
      claims: ["insideGraph"],
      async run({ store, ns }) {
        for (const [user, text] of [
          ["u1", "likes spicy noodle soup"],
          ["u10", "likes spicy noodle soup too"],
        ] as const) {
          await insideGraph(store, (wrapped) => wrapped.put(ns(user), "food", { text }));
        }
        await insideGraph(store, async (wrapped) => {
          const found = await wrapped.search(ns("u1"), { query: "spicy soup" });
          expect(found.map((item) => item.value)).toEqual([{ text: "likes spicy noodle soup" }]);
        });
      },
    },
  ],
};
