/** Invariants of a store under concurrent calls and rejected input. */
import type { Operation } from "@langchain/langgraph-checkpoint";
import type { BatchError } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";

/** A provider that rejects one word. */
class PickyEmbeddings extends HashEmbeddings {
  protected override vectorOf(text: string): number[] {
    if (text.includes("forbidden")) throw Object.assign(new Error("content policy"), { status: 400 });
    return super.vectorOf(text);
  }
}

/** Registers the tests for one kind of store. */
export function steadiness(name: string, makeStore: MakeStore): void {
  describe(`steadiness, ${name}`, () => {
    const options = { index: { dims: 64, embeddings: new PickyEmbeddings(), fields: ["text", "texts[*]"] } };
    let made: TestStore | undefined;
    const scope = () => (made as TestStore).store.scoped([uniqueName("steady")]);

    beforeAll(async () => {
      made = await makeStore(options);
    });
    afterAll(() => made?.dispose());

    test("an item stays visible to searches by meaning during an update", async () => {
      const store = scope();
      await store.put(["a"], "busy", { text: "green tea", n: 0 });
      await store.put(["a"], "calm", { text: "iron", n: 0 });
      let writing = true;
      const writer = (async () => {
        for (let n = 1; writing; n += 1) await store.put(["a"], "busy", { text: `green tea ${n % 3}`, n });
      })();
      const misses: number[] = [];
      for (let i = 0; i < 100; i += 1) {
        const found = await store.search(["a"], { query: "green tea" });
        if (!found.some(({ key }) => key === "busy")) misses.push(i);
      }
      writing = false;
      await writer;
      expect(misses).toEqual([]);
    });

    test("a rejected put fails alone, and does not undo the one before it in the batch", async () => {
      const store = scope();
      const failed = await store
        .batch([
          { namespace: ["a"], key: "k", value: { text: "good" } },
          { namespace: ["a"], key: "k", value: { text: "forbidden" } },
          { namespace: ["a"], key: "other", value: { text: "good too" } },
        ] as Operation[])
        .catch((error: unknown) => error);
      expect((failed as BatchError).outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect((await store.get(["a"], "k"))?.value).toEqual({ text: "good" });
    });

    test.each([
      ["a namespace of too many labels", Array.from({ length: 65 }, () => "x"), {}, "at most 64"],
      ["too many texts", ["a"], { texts: Array.from({ length: 300 }, (_, i) => `t${i}`) }, "more than 256 texts"],
    ])("%s is rejected before anything is written", async (_, namespace, value, message) => {
      const store = scope();
      await expect(store.put(namespace, "k", value)).rejects.toThrow(message);
      expect(await store.search([])).toEqual([]);
    });

    test("a filter path of unbounded cost is rejected", async () => {
      const path = Array.from({ length: 40 }, () => "a").join(".");
      await expect(scope().search([], { filter: { [path]: 1 } })).rejects.toThrow("32 steps");
    });

    test("an unknown option of a listing is rejected, and does not turn it into another operation", async () => {
      const store = scope();
      const stray = { namespace: ["evil"], key: "k", value: { x: 1 }, namespacePrefix: [], limit: 5 };
      await expect(store.listNamespaces(stray)).rejects.toMatchObject({ name: "ValidationError" });
      expect(await store.search([])).toEqual([]);
    });

    test("stop waits for operations in flight", async () => {
      const own = await makeStore(options);
      const { store } = own;
      const puts = Array.from({ length: 200 }, (_, i) => store.put(["a"], `${i}`, { text: `tea ${i}` }));
      const disposed = own.dispose();
      expect((await Promise.allSettled(puts)).filter(({ status }) => status === "rejected")).toEqual([]);
      await expect(store.get(["a"], "0")).rejects.toMatchObject({ code: "CLOSED" });
      await disposed;
    });
  });
}
