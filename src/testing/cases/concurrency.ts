import type { PutOperation } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { CaseFamily } from "../conformance-case.ts";
import { keysOf, readPages, upTo } from "../expectations.ts";

/** What holds when calls run at the same time. */
export const concurrency: CaseFamily = {
  name: "concurrency",
  setting: "plain",
  cases: [
    {
      id: "concurrency/one-key",
      title: "20 puts to one key at once leave one of the values whole, and one item",
      async run({ store, ns }) {
        const value = (n: number) => ({ n, [`only${n}`]: true, text: `${n} `.repeat(500) });
        await Promise.all(upTo(20).map((n) => store.put(ns(), "k", value(n))));
        const item = await store.get(ns(), "k");
        expect(item?.value).toEqual(value(Number(item?.value["n"])));
        const found = await store.search(ns());
        expect(found.map((each) => each.value)).toEqual([item?.value]);
      },
    },
    {
      id: "concurrency/many-keys",
      title: "50 puts to different keys and namespaces at once are all there",
      async run({ store, ns, root }) {
        await Promise.all(upTo(50).map((n) => store.put(ns(`n${n % 5}`), `k${n}`, { n })));
        const found = await store.search(ns(), { limit: 100 });
        expect(keysOf(found).sort()).toEqual(
          upTo(50)
            .map((n) => `k${n}`)
            .sort(),
        );
        expect(await store.listNamespaces({ prefix: [root] })).toEqual(upTo(5).map((n) => ns(`n${n}`)));
      },
    },
    {
      id: "concurrency/put-and-delete",
      title: "after concurrent puts and deletes of one key, get and search agree",
      async run({ store, ns }) {
        await Promise.all(upTo(20).map((n) => (n % 2 === 0 ? store.put(ns(), "k", { n }) : store.delete(ns(), "k"))));
        const item = await store.get(ns(), "k");
        expect((await store.search(ns())).map((each) => each.value)).toEqual(item === null ? [] : [item.value]);
        await store.put(ns(), "k", { last: true });
        expect((await store.get(ns(), "k"))?.value).toEqual({ last: true });
        await store.delete(ns(), "k");
        expect(await store.get(ns(), "k")).toBeNull();
        expect(await store.search(ns())).toEqual([]);
      },
    },
    {
      id: "concurrency/opposite-batches",
      title: "batches over the same keys in opposite order, at once, all resolve and leave every value whole",
      async run({ store, ns }) {
        const batch = (round: number) => {
          const order = round % 2 === 0 ? upTo(10) : upTo(10).reverse();
          return order.map((n): PutOperation => ({ namespace: ns(), key: `k${n}`, value: { n, round } }));
        };
        await Promise.all(upTo(6).map((round) => store.batch(batch(round))));
        const found = await store.search(ns(), { limit: 100 });
        expect(keysOf(found).sort()).toEqual(upTo(10).map((n) => `k${n}`));
        const rounds = upTo(6);
        for (const { key, value } of found) {
          expect(rounds.map((round) => ({ n: Number(key.slice(1)), round }))).toContainEqual(value);
        }
      },
    },
    {
      id: "concurrency/own-writes-in-order",
      title: "a caller that awaits each put reads the last one, 30 times in a row",
      async run({ store, ns }) {
        for (const n of upTo(30)) {
          await store.put(ns(), "k", { n });
          expect((await store.get(ns(), "k"))?.value).toEqual({ n });
        }
      },
    },
    {
      id: "concurrency/reads-while-writing",
      title: "pages read while items are put never hold an item twice or a value cut in two",
      async run({ store, ns }) {
        const writing = Promise.all(upTo(40).map((n) => store.put(ns(), `k${n}`, { n, copy: n })));
        const seen = await readPages(5, (page) => store.search(ns(), page));
        await writing;
        expect(new Set(keysOf(seen)).size).toBe(seen.length);
        for (const item of seen) expect(item.value["copy"]).toBe(item.value["n"]);
        expect(await store.search(ns(), { limit: 100 })).toHaveLength(40);
      },
    },
  ],
};
