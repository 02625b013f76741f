import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { batchRejectionOf, clockPasses, keysOf, present, rejectionOf } from "../expectations.ts";

/** Put, get and delete of one record, and its dates. */
export const records: CaseFamily = {
  name: "records",
  setting: "plain",
  cases: [
    {
      id: "records/round-trip",
      title: "a put is read back with its namespace, key, value and two dates",
      async run({ store, ns }) {
        await store.put(ns("users"), "ada", { likes: "tea" });
        const item = present(await store.get(ns("users"), "ada"));
        expect(item).toMatchObject({ namespace: ns("users"), key: "ada", value: { likes: "tea" } });
        expect(item.createdAt).toBeInstanceOf(Date);
        expect(item.updatedAt).toBeInstanceOf(Date);
        expect(Object.keys(item).sort()).toEqual(["createdAt", "key", "namespace", "updatedAt", "value"]);
      },
    },
    {
      id: "records/missing-is-null",
      title: "get of a key that was never put gives null",
      async run({ store, ns }) {
        expect(await store.get(ns("users"), "missing")).toBeNull();
      },
    },
    {
      id: "records/put-resolves-with-nothing",
      title: "put and delete resolve with undefined",
      async run({ store, ns }) {
        expect(await store.put(ns(), "k", { n: 1 })).toBeUndefined();
        expect(await store.delete(ns(), "k")).toBeUndefined();
      },
    },
    {
      id: "records/put-replaces-whole-value",
      title: "a second put replaces the whole value and leaves no field of the first",
      async run({ store, ns }) {
        await store.put(ns(), "k", { old: 1, both: 1 });
        await store.put(ns(), "k", { both: 2 });
        expect((await store.get(ns(), "k"))?.value).toEqual({ both: 2 });
        expect(keysOf(await store.search(ns()))).toEqual(["k"]);
      },
    },
    {
      id: "records/delete-removes",
      title: "a deleted item is gone from get and search",
      async run({ store, ns }) {
        await store.put(ns(), "gone", { n: 1 });
        await store.put(ns(), "kept", { n: 2 });
        await store.delete(ns(), "gone");
        expect(await store.get(ns(), "gone")).toBeNull();
        expect(keysOf(await store.search(ns()))).toEqual(["kept"]);
      },
    },
    {
      id: "records/delete-of-missing-is-no-error",
      title: "delete of a key that is not there resolves, twice too",
      async run({ store, ns }) {
        await store.delete(ns(), "missing");
        await store.delete(ns(), "missing");
        expect(await store.search(ns())).toEqual([]);
      },
    },
    {
      id: "records/put-null-deletes",
      title: "a put of null is a delete",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        await store.put(ns(), "k", null as never);
        expect(await store.get(ns(), "k")).toBeNull();
        expect(await store.search(ns())).toEqual([]);
      },
    },
    {
      id: "records/put-undefined-refused",
      title: "a put without a value is refused, and the item stays as it was",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        const put = await Promise.allSettled([store.put(ns(), "k", undefined as never)]);
        const item = await store.get(ns(), "k");
        const held = item?.value;
        // An item without a value would break the filters of every other case that searches the whole store.
        await store.delete(ns(), "k");
        expect(put[0].status).toBe("rejected");
        expect(held).toEqual({ n: 1 });
      },
    },
    {
      id: "records/put-after-delete",
      title: "an item put again after its delete is a new one: new value, new creation time",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        const first = present(await store.get(ns(), "k")).createdAt;
        const firstTime = first.getTime();
        await clockPasses(first);
        await store.delete(ns(), "k");
        await store.put(ns(), "k", { n: 2 });
        const again = present(await store.get(ns(), "k"));
        expect(again.value).toEqual({ n: 2 });
        expect(again.createdAt.getTime()).toBeGreaterThan(firstTime);
      },
    },
    {
      id: "records/created-at-kept",
      title: "an update keeps createdAt and moves updatedAt forward",
      async run({ store, ns }) {
        const before = Date.now();
        await store.put(ns(), "k", { n: 1 });
        const first = present(await store.get(ns(), "k"));
        const created = first.createdAt.getTime();
        // A server's clock may stamp the write; a minute off is a wrong unit or time zone rather than a skew.
        expect(Math.abs(created - before)).toBeLessThan(60_000);
        expect(first.updatedAt.getTime()).toBe(created);
        await clockPasses(new Date(Math.max(created, Date.now())));
        await store.put(ns(), "k", { n: 2 });
        const second = present(await store.get(ns(), "k"));
        expect(second.createdAt.getTime()).toBe(created);
        expect(second.updatedAt.getTime()).toBeGreaterThan(created);
      },
    },
    {
      id: "records/reads-leave-times-alone",
      title: "get and search move neither date",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        const times = (item: { createdAt: Date; updatedAt: Date } | null | undefined) => [
          item?.createdAt.toISOString(),
          item?.updatedAt.toISOString(),
        ];
        const first = times(present(await store.get(ns(), "k")));
        await clockPasses(new Date());
        expect(times((await store.search(ns()))[0])).toEqual(first);
        expect(times(await store.get(ns(), "k"))).toEqual(first);
      },
    },
    {
      id: "records/search-item-shape",
      title: "a search without a query gives whole items, without a score",
      async run({ store, ns }) {
        await store.put(ns("users"), "ada", { likes: "tea" });
        const item = present((await store.search(ns()))[0]);
        expect(item).toMatchObject({ namespace: ns("users"), key: "ada", value: { likes: "tea" } });
        expect(item.createdAt).toBeInstanceOf(Date);
        expect(item.updatedAt).toBeInstanceOf(Date);
        expect(item.score).toBeUndefined();
      },
    },
    {
      id: "records/single-error-is-itself",
      title: "a single call rejects with the error itself, as a batch's error carries it",
      async run({ store, ns }) {
        const direct = await rejectionOf(store.put(ns("a.b"), "k", { n: 1 }));
        const carried = await batchRejectionOf(store.batch([{ namespace: ns("a.b"), key: "k", value: { n: 1 } }]));
        expect(direct.name).toBe(carried.name);
      },
    },
  ],
};
