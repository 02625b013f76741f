import type { PutOperation } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { keysOf, upTo } from "../expectations.ts";

/** A store that embeds whole values, as it does when no fields are configured; and how it calls the model. */
export const words: CaseFamily = {
  name: "whole values as text",
  setting: "words",
  cases: [
    {
      id: "words/default-fields",
      title: "without configured fields the whole value is indexed",
      async run({ store, ns }) {
        await store.put(ns(), "tea", { note: "ada drinks green tea every morning" });
        await store.put(ns(), "rain", { forecast: { tomorrow: "heavy rain and thunder" } });
        await store.put(ns(), "chess", { hobbies: ["plays chess with bob"] });
        expect((await store.search(ns(), { query: "green tea morning" }))[0]?.key).toBe("tea");
        expect((await store.search(ns(), { query: "rain thunder" }))[0]?.key).toBe("rain");
        expect((await store.search(ns(), { query: "chess bob" }))[0]?.key).toBe("chess");
      },
    },
    {
      id: "words/empty-text",
      title: "empty and blank texts are no error, and the item is in the results",
      async run({ store, ns }) {
        await store.put(ns(), "empty", { text: "" }, ["text"]);
        await store.put(ns(), "blank", { text: " \n" }, ["text"]);
        await store.put(ns(), "value", {});
        expect(keysOf(await store.search(ns(), { query: "tea" })).sort()).toEqual(["blank", "empty", "value"]);
      },
    },
    {
      id: "words/equal-texts-embedded-once",
      title: "equal texts of a batch are embedded once",
      claims: ["embeddingDedup"],
      async run({ store, ns, embeddings, root }) {
        const text = `all the same ${root}`;
        const put = (n: number): PutOperation => ({
          namespace: ns(),
          key: `k${n}`,
          value: { text, n },
          index: ["text"],
        });
        await store.batch(upTo(10).map(put));
        expect(embeddings.documentTexts.filter((embedded) => embedded === text)).toHaveLength(1);
        const found = await store.search(ns(), { query: text });
        expect(new Set(found.map((item) => item.score?.toFixed(4)))).toEqual(new Set(["1.0000"]));
      },
    },
    {
      id: "words/documents-and-queries",
      title: "texts that are stored are embedded as documents, and queries as queries",
      async run({ store, ns, embeddings, root }) {
        await store.put(ns(), "k", { text: `stored ${root}` }, ["text"]);
        await store.search(ns(), { query: `asked ${root}` });
        expect(embeddings.documentTexts).toContain(`stored ${root}`);
        expect(embeddings.queryTexts).not.toContain(`stored ${root}`);
        expect(embeddings.queryTexts).toContain(`asked ${root}`);
        expect(embeddings.documentTexts).not.toContain(`asked ${root}`);
      },
    },
    {
      id: "words/nothing-to-embed",
      title: "reads, deletes and puts with index false call no model",
      async run({ store, ns, embeddings }) {
        const before = embeddings.calls;
        await store.put(ns(), "k", { text: "tea" }, false);
        await store.get(ns(), "k");
        await store.search(ns(), { filter: { text: "tea" } });
        await store.listNamespaces({ prefix: ns() });
        await store.delete(ns(), "k");
        expect(embeddings.calls).toBe(before);
      },
    },
    {
      id: "words/long-text",
      title: "a text of 100 KB is embedded and found",
      async run({ store, ns }) {
        await store.put(ns(), "long", { text: "lorem ipsum ".repeat(9_000) });
        await store.put(ns(), "short", { text: "tea" });
        expect((await store.search(ns(), { query: "lorem ipsum" }))[0]?.key).toBe("long");
      },
    },
    {
      id: "words/many-in-a-batch",
      title: "a batch of 150 indexed items stores and ranks them all",
      async run({ store, ns }) {
        const put = (n: number): PutOperation => ({
          namespace: ns(`n${n % 5}`),
          key: `k${n}`,
          value: { text: `word${n} memory` },
        });
        await store.batch(upTo(150).map(put));
        expect(await store.search(ns(), { query: "memory", limit: 200 })).toHaveLength(150);
        const all = await store.search(ns(), { query: "word77 memory", limit: 1 });
        expect(all[0]?.score).toBeGreaterThan(0.5);
      },
    },
  ],
};
