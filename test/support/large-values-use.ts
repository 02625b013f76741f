/** Calls that read all items of a prefix, where their values together exceed the bytes of one call. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { MakeStore } from "./stores.ts";

const ITEMS = 60;
const VALUE_BYTES = 30_000;
const MAX_READ_BYTES = 4 * VALUE_BYTES;
const prefix = ["large"];

/** Registers the tests on one backend. */
export function largeValuesUse(name: string, makeStore: MakeStore): void {
  describe(`values larger than a call may return together, on ${name}`, () => {
    async function filled(): Promise<Awaited<ReturnType<MakeStore>>["store"]> {
      const made = await makeStore({ limits: { maxReadBytes: MAX_READ_BYTES } });
      onTestFinished(() => made.dispose());
      const { store } = made;
      await Promise.all(keys.map((key, i) => store.put([...prefix, `${i % 2}`], key, { i, text: "x".repeat(i % 5 === 0 ? 10 : VALUE_BYTES) })));
      return store;
    }

    const keys = Array.from({ length: ITEMS }, (_, i) => `k${i}`);

    test("a search of all is rejected; count, keys, items, an export and an import return all of them", async () => {
      const store = await filled();
      await expect(store.search(prefix, { limit: ITEMS })).rejects.toMatchObject({ code: "VALIDATION", message: expect.stringContaining("limits.maxReadBytes") as string });
      expect(await store.count(prefix)).toBe(ITEMS);
      expect(await store.count(prefix, { filter: { i: { $gte: 10 } } })).toBe(ITEMS - 10);
      const found: string[] = [];
      for await (const { key } of store.keys(prefix)) found.push(key);
      expect(found.toSorted()).toEqual(keys.toSorted());
      const read: unknown[] = [];
      for await (const { value } of store.items(prefix, { order: "newest" })) read.push(value["i"]);
      expect(read.toSorted((a, b) => Number(a) - Number(b))).toEqual(keys.map((_, i) => i));

      const folder = await mkdtemp(join(tmpdir(), "large-"));
      onTestFinished(() => rm(folder, { recursive: true }));
      const file = join(folder, "below.jsonl");
      expect(await store.exportTo(file, { prefix })).toMatchObject({ items: ITEMS });
      expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(ITEMS + 2);
    });

    test("an import reads them from the store, and an erasure erases all of them", async () => {
      const store = await filled();
      const copy = await makeStore({});
      onTestFinished(() => copy.dispose());
      expect(await copy.store.importFrom(store)).toMatchObject({ imported: ITEMS, complete: true });
      expect(await store.erase({ prefix })).toMatchObject({ complete: true, erased: { items: ITEMS } });
      expect(await store.count([])).toBe(0);
    });
  });
}
