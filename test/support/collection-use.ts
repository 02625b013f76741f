/** Collections: typed and checked access to one namespace. */
import { ValidationError } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";

const memory = z.object({ text: z.string().min(3), stars: z.number().int().default(1), at: z.date().optional() });

/** Registers the tests for one kind of store. */
export function collectionUse(name: string, makeStore: MakeStore): void {
  describe(`collections, ${name}`, () => {
    let made: TestStore | undefined;
    const store = () => (made as TestStore).store;

    beforeAll(async () => {
      made = await makeStore({ index: { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] } });
    });
    afterAll(() => made?.dispose());

    test("put, get, search and delete work on the collection's namespace, and values keep their types", async () => {
      const root = uniqueName("users");
      const memories = store().collection([root, "mia"], { schema: memory });
      const at = new Date(1_700_000_000_000);
      await memories.put("a", { text: "likes green tea", at });
      await memories.put("b", { text: "plays chess", stars: 5 });
      expect((await memories.get("a"))?.value).toEqual({ text: "likes green tea", stars: 1, at });
      expect(await store().get([root, "mia"], "b")).toMatchObject({ value: { text: "plays chess", stars: 5 } });
      expect((await memories.search({ query: "green tea", limit: 1 })).map(({ key }) => key)).toEqual(["a"]);
      const found = await memories.search({ filter: { stars: { $gte: 2 } } });
      expect([found.map(({ key }) => key), found.info.mode, found.info.invalid]).toEqual([["b"], "filter", 0]);
      await memories.delete("a");
      expect(await memories.get("a")).toBeNull();
    });

    test("a put that does not match the schema is rejected by path and stores nothing", async () => {
      const memories = store().collection([uniqueName("users")], { schema: memory });
      const bad = { text: 3, stars: 1.5 } as unknown as { text: string };
      const refused = memories.put("k", bad);
      await expect(refused).rejects.toBeInstanceOf(ValidationError);
      await expect(refused).rejects.toThrow(/value\.text: .*value\.stars: /);
      expect(await memories.get("k")).toBeNull();
      await memories.put("k", { text: "good one" });
      await expect(memories.update("k", { text: "x" })).rejects.toThrow(/value\.text/);
      expect((await memories.get("k"))?.value).toEqual({ text: "good one", stars: 1 });
    });

    test("update changes fields or the entire value, and returns null for a missing item without writing", async () => {
      const memories = store().collection([uniqueName("users")], { schema: memory });
      expect(await memories.update("k", { stars: 2 })).toBeNull();
      expect(await memories.get("k")).toBeNull();
      await memories.put("k", { text: "likes tea" });
      expect(await memories.update("k", { stars: 2 })).toEqual({ text: "likes tea", stars: 2 });
      expect(await memories.update("k", ({ stars }) => ({ text: "likes coffee", stars: stars + 1 }))).toEqual({ text: "likes coffee", stars: 3 });
      expect((await memories.get("k"))?.value).toEqual({ text: "likes coffee", stars: 3 });
    });

    test("reads treat a stored value that does not match as onInvalid says", async () => {
      const namespace = [uniqueName("users")];
      await store().put(namespace, "good", { text: "likes tea" });
      await store().put(namespace, "bad", { text: 42 });
      const throwing = store().collection(namespace, { schema: memory });
      await expect(throwing.get("bad")).rejects.toThrow(/"bad"\): value\.text/);
      await expect(throwing.search()).rejects.toThrow(/key "bad"/);
      const skipping = store().collection(namespace, { schema: memory, onInvalid: "skip" });
      expect(await skipping.get("bad")).toBeNull();
      const found = await skipping.search();
      expect([found.map(({ key }) => key), found.info.invalid]).toEqual([["good"], 1]);
      const ignoring = store().collection(namespace, { schema: memory, onInvalid: "ignore" });
      expect((await ignoring.get("bad"))?.value).toEqual({ text: 42 });
      expect(await ignoring.search()).toHaveLength(2);
    });

    test("a collection of a view stays below the view's root", async () => {
      const root = uniqueName("tenant");
      const notes = store().scoped([root]).collection<{ text: string }>(["notes"]);
      await notes.put("k", { text: "mine" });
      expect(await store().get([root, "notes"], "k")).toMatchObject({ value: { text: "mine" } });
      expect(await store().get(["notes"], "k")).toBeNull();
    });

    test("what is no namespace, no schema or no policy is rejected when the collection is made", () => {
      expect(() => store().collection([])).toThrow(/[Nn]amespace/);
      expect(() => store().collection(["a.b"])).toThrow(/period|"\."/);
      expect(() => store().collection(["a"], { schema: {} as never })).toThrow("Standard Schema");
      expect(() => store().collection(["a"], { schema: memory, onInvalid: "drop" as never })).toThrow('"throw", "skip" or "ignore"');
    });
  });
}
