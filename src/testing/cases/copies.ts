import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { present } from "../expectations.ts";

/** The store copies values on writes and reads, so that nothing outside can change stored data. */
export const copies: CaseFamily = {
  name: "copies",
  setting: "plain",
  cases: [
    {
      id: "copies/changing-what-was-put",
      title: "changing a value after its put does not change the item",
      async run({ store, ns }) {
        const value = { tags: ["a"] };
        await store.put(ns(), "k", value);
        value.tags.push("b");
        expect((await store.get(ns(), "k"))?.value).toEqual({ tags: ["a"] });
      },
    },
    {
      id: "copies/changing-while-putting",
      title: "a value that changes while its put is in progress is stored as it was at the call",
      async run({ store, ns }) {
        const value = { tags: ["a"] };
        const putting = store.put(ns(), "k", value);
        value.tags.push("b");
        await putting;
        expect((await store.get(ns(), "k"))?.value).toEqual({ tags: ["a"] });
      },
    },
    {
      id: "copies/changing-what-get-gave",
      title: "changing the value that get gave does not change the item",
      async run({ store, ns }) {
        await store.put(ns(), "k", { tags: ["a"] });
        const item = present(await store.get(ns(), "k"));
        (item.value["tags"] as string[]).push("b");
        item.value["more"] = true;
        expect((await store.get(ns(), "k"))?.value).toEqual({ tags: ["a"] });
      },
    },
    {
      id: "copies/changing-what-search-gave",
      title: "changing the value that search gave does not change the item",
      async run({ store, ns }) {
        await store.put(ns(), "k", { tags: ["a"] });
        const item = present((await store.search(ns()))[0]);
        (item.value["tags"] as string[]).push("b");
        expect((await store.search(ns()))[0]?.value).toEqual({ tags: ["a"] });
      },
    },
    {
      id: "copies/read-items-stay-as-read",
      title: "an item that was read does not change when its key is put again",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        const before = present(await store.get(ns(), "k"));
        await store.put(ns(), "k", { n: 2 });
        expect(before.value).toEqual({ n: 1 });
      },
    },
    {
      id: "copies/namespace-array",
      title: "changing the namespace array of a put, or of an item, moves nothing",
      async run({ store, ns }) {
        const namespace = ns("a");
        await store.put(namespace, "k", { n: 1 });
        namespace.push("b");
        expect((await store.get(ns("a"), "k"))?.namespace).toEqual(ns("a"));
        present(await store.get(ns("a"), "k")).namespace.push("c");
        expect((await store.get(ns("a"), "k"))?.namespace).toEqual(ns("a"));
      },
    },
    {
      id: "copies/dates",
      title: "changing a date of an item changes no date in the store",
      async run({ store, ns }) {
        await store.put(ns(), "k", { n: 1 });
        const item = present(await store.get(ns(), "k"));
        const created = item.createdAt.getTime();
        item.createdAt.setTime(0);
        expect((await store.get(ns(), "k"))?.createdAt.getTime()).toBe(created);
      },
    },
    {
      id: "copies/same-item-twice-in-a-batch",
      title: "two reads of one item in a batch give two copies",
      async run({ store, ns }) {
        await store.put(ns(), "k", { tags: ["a"] });
        const read = { namespace: ns(), key: "k" };
        const [first, second] = await store.batch([read, read]);
        (present(first).value["tags"] as string[]).push("b");
        expect(present(second).value).toEqual({ tags: ["a"] });
      },
    },
  ],
};
