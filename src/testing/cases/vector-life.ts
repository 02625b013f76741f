import { expect } from "vitest";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import type { CaseFamily } from "../conformance-case.ts";
import { keysOf, present, rejectionOf, seed } from "../expectations.ts";

/** Key and score, rounded, of everything a query finds. */
async function scores(store: BaseStore, prefix: string[], query: string): Promise<Record<string, number | undefined>> {
  const found = await store.search(prefix, { query, limit: 100 });
  return Object.fromEntries(
    found.map(({ key, score }) => [key, score === undefined ? undefined : Math.round(score * 1e4) / 1e4]),
  );
}

/** The vectors of an item follow its text: through update, delete, and indexing being switched off. */
export const vectorLife: CaseFamily = {
  name: "vectors: life",
  setting: "compass",
  cases: [
    {
      id: "vectors/replaced-on-update",
      title: "an updated text is found by what it says now, not by what it said",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north" });
        await store.put(ns(), "k", { text: "east" });
        expect(await scores(store, ns(), "north")).toEqual({ k: 0 });
        expect(await scores(store, ns(), "east")).toEqual({ k: 1 });
      },
    },
    {
      id: "vectors/gone-with-their-field",
      title: "a field that an update leaves out is no longer found",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north", alt: "east" });
        await store.put(ns(), "k", { text: "north" });
        expect(await scores(store, ns(), "east")).toEqual({ k: 0 });
      },
    },
    {
      id: "vectors/gone-with-all-fields",
      title: "an item whose update leaves nothing to index becomes one without a score",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north" });
        await store.put(ns(), "k", { n: 1 });
        expect(await scores(store, ns(), "north")).toEqual({ k: undefined });
      },
    },
    {
      id: "vectors/gone-with-list-elements",
      title: "elements that an update takes out of an indexed list are no longer found",
      async run({ store, ns }) {
        await store.put(ns(), "k", { tags: ["north", "east", "up"] }, ["tags[*]"]);
        await store.put(ns(), "k", { tags: ["north"] }, ["tags[*]"]);
        expect(await scores(store, ns(), "north")).toEqual({ k: 1 });
        expect(await scores(store, ns(), "up")).toEqual({ k: 0 });
      },
    },
    {
      id: "vectors/gone-on-delete",
      title: "a deleted item is not found",
      async run({ store, ns }) {
        await seed(store, ns(), { gone: { text: "north" }, kept: { text: "east" } });
        await store.delete(ns(), "gone");
        expect(await scores(store, ns(), "north")).toEqual({ kept: 0 });
      },
    },
    {
      id: "vectors/not-back-after-delete",
      title: "an item put again after its delete has the vectors of its new text only",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north" });
        await store.put(ns(), "l", { text: "north" });
        await store.delete(ns(), "k");
        await store.delete(ns(), "l");
        await store.put(ns(), "k", { text: "north" }, false);
        await store.put(ns(), "l", { alt: "east" });
        expect(await scores(store, ns(), "north")).toEqual({ k: undefined, l: 0 });
      },
    },
    {
      id: "vectors/index-false",
      title: "an item put with index false has no score, and still fills the page",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north" }, false);
        await store.put(ns(), "l", { text: "east" });
        const found = await store.search(ns(), { query: "north" });
        expect(found.map((item) => [item.key, item.score === undefined])).toEqual([
          ["l", false],
          ["k", true],
        ]);
      },
    },
    {
      id: "vectors/gone-on-index-false",
      title: "an item put again with index false loses the vectors it had",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north" });
        await store.put(ns(), "k", { text: "north" }, false);
        expect(await scores(store, ns(), "north")).toEqual({ k: undefined });
      },
    },
    {
      id: "vectors/index-empty-list",
      title: "an item put with an empty list of fields is not indexed",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north" }, []);
        expect(await scores(store, ns(), "north")).toEqual({ k: undefined });
      },
    },
    {
      id: "vectors/index-fields-of-a-put",
      title: "fields named by a put replace the store's own, for this put only",
      async run({ store, ns }) {
        await store.put(ns(), "k", { text: "north", note: "east" }, ["note"]);
        expect(await scores(store, ns(), "north")).toEqual({ k: 0 });
        expect(await scores(store, ns(), "east")).toEqual({ k: 1 });
        await store.put(ns(), "l", { text: "up", note: "later" });
        expect(await scores(store, ns(), "later")).toEqual({ k: 0, l: 0 });
        await store.put(ns(), "k", { text: "north", note: "east" });
        expect(present((await scores(store, ns(), "north"))["k"])).toBe(1);
        expect((await scores(store, ns(), "east"))["k"]).toBe(0);
      },
    },
    {
      id: "vectors/index-in-a-batch",
      title: "each put of a batch is indexed as it says itself",
      async run({ store, ns }) {
        await store.batch([
          { namespace: ns(), key: "own", value: { text: "north", note: "east" }, index: ["note"] },
          { namespace: ns(), key: "none", value: { text: "north" }, index: false },
          { namespace: ns(), key: "default", value: { text: "north", note: "east" } },
        ]);
        expect(await scores(store, ns(), "north")).toEqual({ own: 0, none: undefined, default: 1 });
      },
    },
    {
      id: "vectors/last-put-of-a-batch",
      title: "of several puts to one key in a batch the vectors are the last one's",
      async run({ store, ns }) {
        const put = (text: string) => ({ namespace: ns(), key: "k", value: { text } });
        await store.batch([put("north"), put("up"), put("east")]);
        expect(await scores(store, ns(), "north")).toEqual({ k: 0 });
        expect(await scores(store, ns(), "east")).toEqual({ k: 1 });
      },
    },
    {
      id: "vectors/concurrent-puts-and-indexes",
      title: "puts at the same time with fields of their own do not mix them up",
      async run({ store, ns }) {
        await Promise.all([
          store.put(ns(), "a", { text: "north", note: "east" }, ["note"]),
          store.put(ns(), "b", { text: "north", note: "east" }),
          store.put(ns(), "c", { text: "north", note: "east" }, false),
        ]);
        expect(await scores(store, ns(), "north")).toEqual({ a: 0, b: 1, c: undefined });
      },
    },
    {
      id: "vectors/embedding-failure-saves-nothing",
      title: "a put whose text cannot be embedded rejects, and leaves what was there with its vectors",
      async run({ store, ns }) {
        await rejectionOf(store.put(ns(), "fresh", { text: "nowhere on the compass" }));
        expect(await store.get(ns(), "fresh")).toBeNull();
        await store.put(ns(), "held", { text: "north" });
        await rejectionOf(store.put(ns(), "held", { text: "nowhere on the compass" }));
        expect((await store.get(ns(), "held"))?.value).toEqual({ text: "north" });
        expect(await scores(store, ns(), "north")).toEqual({ held: 1 });
        expect(keysOf(await store.search(ns()))).toEqual(["held"]);
      },
    },
  ],
};
