/** TTLs by put, view, rule or default, and their refresh by reads. */
import type { Operation } from "@langchain/langgraph-checkpoint";
import type { StoreView } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { uniqueName, type MakeStore, type TestStore } from "./stores.ts";

/** Six seconds in minutes, so that calls right after a put run before the expiry, even on a busy machine. */
const SHORT = 6 / 60;
const LONG = 60;
const GONE = { interval: 50 };

/** Registers the tests for one kind of store. */
export function ttlUse(name: string, makeStore: MakeStore): void {
  describe(`time to live, ${name}`, () => {
    let made: TestStore | undefined;
    const view = (): StoreView => (made as TestStore).store.scoped([uniqueName("ttl")]);

    beforeAll(async () => {
      made = await makeStore({
        index: { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] },
        ttl: {
          rules: [
            { namespace: ["*", "short"], defaultTtl: SHORT },
            { namespace: ["*", "short-but"], defaultTtl: null },
          ],
        },
      });
    });
    afterAll(() => made?.dispose());

    test("an expired item is absent from every call, and its namespace too", async () => {
      const scope = view();
      await scope.put(["a"], "k", { text: "green tea" }, undefined, { ttl: SHORT });
      await scope.put(["b"], "stays", { text: "green tea" });
      expect((await scope.search([], { query: "green tea" })).length).toBe(2);
      await expect.poll(() => scope.get(["a"], "k", { refreshTtl: false }), GONE).toBeNull();
      expect((await scope.search([])).map(({ key }) => key)).toEqual(["stays"]);
      expect((await scope.search([], { query: "green tea" })).map(({ key }) => key)).toEqual(["stays"]);
      expect(await scope.listNamespaces()).toEqual([["b"]]);
    });

    test("a put replaces the TTL with the item, and an expired item is created again", async () => {
      const scope = view();
      const ended = scope.put(["a"], "ended", { n: 1 }, undefined, { ttl: SHORT });
      await scope.put(["a"], "kept", { n: 1 }, undefined, { ttl: SHORT });
      await scope.put(["a"], "kept", { n: 2 });
      await scope.put(["a"], "cut", { n: 1 });
      await scope.put(["a"], "cut", { n: 2 }, undefined, { ttl: SHORT });
      await ended;
      const before = await scope.get(["a"], "ended", { refreshTtl: false });
      await expect.poll(() => scope.get(["a"], "cut", { refreshTtl: false }), GONE).toBeNull();
      await expect.poll(() => scope.get(["a"], "ended", { refreshTtl: false }), GONE).toBeNull();
      expect((await scope.get(["a"], "kept"))?.value).toEqual({ n: 2 });
      await scope.put(["a"], "ended", { n: 3 });
      const after = await scope.get(["a"], "ended");
      expect(after?.createdAt.getTime()).toBeGreaterThan(before?.createdAt.getTime() ?? Infinity);
      expect((await scope.search(["a"])).map(({ key }) => key)).toEqual(["kept", "ended"]);
    });

    test("a read refreshes the TTL without changing createdAt and updatedAt, unless it is disabled", async () => {
      const scope = view();
      for (const key of ["got", "found", "left"]) await scope.put(["a"], key, { text: key }, undefined, { ttl: SHORT });
      const { createdAt, updatedAt } = (await scope.get(["a"], "got")) ?? {};
      const until = Date.now() + 2 * SHORT * 60_000;
      await expect
        .poll(async () => {
          expect(await scope.get(["a"], "got")).toMatchObject({ createdAt, updatedAt });
          expect((await scope.search(["a"], { filter: { text: "found" } })).length).toBe(1);
          await scope.get(["a"], "left", { refreshTtl: false });
          return Date.now() > until;
        }, { interval: 100 })
        .toBe(true);
      expect(await scope.get(["a"], "left")).toBeNull();
      await expect.poll(() => scope.get(["a"], "got", { refreshTtl: false }), GONE).toBeNull();
    });

    test.each(["a faked clock", "a replaced Date.now"])("with %s, reads by key, listings and searches agree on expiry", async (kind) => {
      const setClock = (time: number): void => {
        if (kind === "a faked clock") vi.useFakeTimers({ toFake: ["Date"], now: time });
        else vi.spyOn(Date, "now").mockReturnValue(time);
      };
      onTestFinished(() => {
        vi.useRealTimers();
        vi.restoreAllMocks();
      });
      const scope = view();
      const start = Date.now();
      await scope.put(["a"], "ends", { text: "green tea" }, undefined, { ttl: LONG });
      await scope.put(["b"], "stays", { text: "green tea" });
      const seen = async (): Promise<readonly unknown[]> => {
        const got = await scope.get(["a"], "ends", { refreshTtl: false });
        const [listed, filtered, found] = await Promise.all([
          scope.search([], { refreshTtl: false }),
          scope.search([], { refreshTtl: false, filter: { text: "green tea" } }),
          scope.search([], { refreshTtl: false, query: "green tea" }),
        ]);
        const keys = [listed, filtered, found].map((items) => items.map(({ key }) => key).sort().join(" "));
        return [got?.key ?? null, ...keys, (await scope.listNamespaces()).map(String).sort().join(" ")];
      };
      const live = ["ends", "ends stays", "ends stays", "ends stays", "a b"];
      const ended = [null, "stays", "stays", "stays", "b"];
      // Just after the end, no sweep removes the item yet, which would be final.
      const justOver = LONG + 1 / 60;
      for (const [minutes, expected] of [[0, live], [justOver, ended], [LONG - 1, live], [-LONG, live]] as const) {
        setClock(start + minutes * 60_000);
        expect(await seen()).toEqual(expected);
      }
      // Items written with such a clock expire by it.
      const later = start + 100 * 24 * 60 * 60_000;
      setClock(later);
      await scope.put(["a"], "ends", { text: "green tea" }, undefined, { ttl: LONG });
      expect(await seen()).toEqual(live);
      setClock(later + (LONG + 1) * 60_000);
      expect(await seen()).toEqual(ended);
    });

    test("an absolute expiry is not changed by a read", async () => {
      const scope = view();
      await scope.put(["a"], "k", { n: 1 }, undefined, { expiresAt: new Date(Date.now() + 2_000) });
      await expect.poll(() => scope.get(["a"], "k"), GONE).toBeNull();
    });

    test("the TTL of a put precedes the view's, and the view's precedes the rules", async () => {
      const scope = view();
      const brief = scope.with({ ttl: SHORT });
      await brief.put(["a"], "by view", {});
      await brief.put(["a"], "by put", {}, undefined, { ttl: null });
      await scope.put(["short"], "by rule", {});
      await scope.with({ ttl: LONG }).put(["short"], "view over rule", {});
      await scope.put(["short-but"], "forever", {});
      await scope.batch([{ namespace: ["a"], key: "in a batch", value: {}, ttl: SHORT } as Operation]);
      const keys = async (): Promise<string[]> => (await scope.search([], { refreshTtl: false })).map(({ key }) => key);
      expect(await keys()).toHaveLength(6);
      await expect.poll(keys, GONE).toEqual(["by put", "view over rule", "forever"]);
    });

    test.each([
      [{ ttl: 0 }, "above 0"],
      [{ ttl: -1 }, "above 0"],
      [{ ttl: Number.NaN }, "above 0"],
      [{ ttl: "5" }, "got string"],
      [{ ttl: 1e300 }, "last possible date"],
      [{ expiresAt: new Date(0) }, "past"],
      [{ expiresAt: 5 }, "valid Date"],
      [{ ttl: 1, expiresAt: new Date(9e12) }, "one of them"],
    ])("%j is rejected and nothing is written", async (options, message) => {
      const scope = view();
      await expect(scope.put(["a"], "k", {}, undefined, options as never)).rejects.toThrow(message);
      expect(await scope.get(["a"], "k")).toBeNull();
    });
  });
}
