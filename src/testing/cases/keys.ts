import { expect } from "vitest";
import type { CaseContext, CaseFamily } from "../conformance-case.ts";
import { keysOf, rejectionOf, seed, upTo } from "../expectations.ts";

/** Puts each key with a value of its own, and checks that each is found as itself, by get and by search. */
async function expectKeysApart({ store, ns }: CaseContext, keys: readonly string[]): Promise<void> {
  for (const [n, key] of keys.entries()) await store.put(ns(), key, { n });
  for (const [n, key] of keys.entries()) {
    const item = await store.get(ns(), key);
    expect(item?.key, `get(${JSON.stringify(key)})`).toBe(key);
    expect(item?.value, `get(${JSON.stringify(key)})`).toEqual({ n });
  }
  expect(keysOf(await store.search(ns(), { limit: 100 }))).toEqual(keys);
  for (const key of keys) await store.delete(ns(), key);
  expect(await store.search(ns(), { limit: 100 })).toEqual([]);
}

/** Which texts may be keys, and that different keys are never confused. */
export const keys: CaseFamily = {
  name: "keys",
  setting: "plain",
  cases: [
    {
      id: "keys/any-text",
      title: "a key may hold dots, colons, slashes, wildcards, quotes, blanks and line ends",
      run: (context) =>
        expectKeysApart(context, [
          "a.b",
          "a:b",
          "a/b",
          "/a/b.md",
          "a_b",
          "a%b",
          "a\\b",
          "a*b",
          "*",
          ".",
          ":",
          "'; --",
          '"',
          "a b",
          " a",
          "a ",
          "a\nb",
          "a\tb",
          "null",
          "undefined",
          "0",
          "-1",
          "__proto__",
          "constructor",
          "{}",
          "[*]",
          "$",
        ]),
    },
    {
      id: "keys/empty",
      title: "the empty text is a key",
      run: (context) => expectKeysApart(context, ["", "a"]),
    },
    {
      id: "keys/unicode",
      title: "keys of any script are distinguished, also in composed and combining forms",
      run: (context) =>
        expectKeysApart(context, [
          "é",
          "e\u0301",
          "ключ",
          "鍵",
          "👩‍👩‍👧",
          "👩",
          "\u202eabc",
          "ß",
          "SS",
          "ss",
          "\ufeffa",
          "I",
          "İ",
        ]),
    },
    {
      id: "keys/case",
      title: "keys differ by upper and lower case",
      run: (context) => expectKeysApart(context, ["Key", "key", "KEY"]),
    },
    {
      id: "keys/long",
      title: "a key of 4,000 characters is kept whole",
      run: (context) => expectKeysApart(context, ["k".repeat(4_000), `${"k".repeat(3_999)}l`]),
    },
    {
      id: "keys/dots-and-namespaces",
      title: "dots in a key never make it a key of a namespace below",
      async run({ store, ns }) {
        await store.put(ns("a"), "b.c", { n: 1 });
        await store.put(ns("a", "b"), "c", { n: 2 });
        await store.put(ns(), "a.b.c", { n: 3 });
        expect((await store.get(ns("a"), "b.c"))?.value).toEqual({ n: 1 });
        expect((await store.get(ns("a", "b"), "c"))?.value).toEqual({ n: 2 });
        expect((await store.get(ns(), "a.b.c"))?.value).toEqual({ n: 3 });
        expect(keysOf(await store.search(ns("a", "b")))).toEqual(["c"]);
        await store.delete(ns("a", "b"), "c");
        expect(keysOf(await store.search(ns("a")))).toEqual(["b.c"]);
      },
    },
    {
      id: "keys/same-in-nested-namespaces",
      title: "one key in a namespace, above it and below it are three items",
      async run({ store, ns }) {
        const namespaces = [ns(), ns("a"), ns("a", "b")];
        for (const [n, namespace] of namespaces.entries()) await store.put(namespace, "k", { n });
        for (const [n, namespace] of namespaces.entries()) {
          expect((await store.get(namespace, "k"))?.value).toEqual({ n });
        }
        await store.delete(ns("a"), "k");
        expect((await store.search(ns())).map((item) => item.namespace)).toEqual([ns(), ns("a", "b")]);
      },
    },
    {
      id: "keys/exact-match",
      title: "a key is matched whole, never as a pattern or a part",
      async run({ store, ns }) {
        await seed(store, ns(), Object.fromEntries(upTo(12).map((n) => [`user${n}`, { n }])));
        expect(await store.get(ns(), "user")).toBeNull();
        expect(await store.get(ns(), "user_")).toBeNull();
        expect(await store.get(ns(), "%")).toBeNull();
        await store.delete(ns(), "user1");
        expect(await store.search(ns(), { limit: 100 })).toHaveLength(11);
        expect((await store.get(ns(), "user10"))?.value).toEqual({ n: 10 });
      },
    },
    {
      id: "keys/lone-surrogate-refused",
      title: "a key that is not well-formed text is refused, as no database could keep it",
      async run({ store, ns }) {
        await rejectionOf(store.put(ns(), "a\ud800", { n: 1 }));
        expect(await store.search(ns())).toEqual([]);
      },
    },
    {
      id: "keys/non-string-refused",
      title: "a key that is no string is refused rather than turned into one",
      async run({ store, ns }) {
        await rejectionOf(store.put(ns(), 42 as never, { n: 1 }));
        await rejectionOf(store.put(ns(), undefined as never, { n: 1 }));
        expect(await store.search(ns())).toEqual([]);
      },
    },
  ],
};
