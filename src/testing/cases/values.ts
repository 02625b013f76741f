import { expect } from "vitest";
import type { CaseContext, CaseFamily } from "../conformance-case.ts";
import { present, upTo } from "../expectations.ts";

/** Puts a value and checks that get and search both give it back as it was. */
async function expectRoundTrip({ store, ns }: CaseContext, value: Record<string, unknown>): Promise<void> {
  const copy = structuredClone(value);
  await store.put(ns(), "k", value);
  expect(present(await store.get(ns(), "k")).value).toStrictEqual(copy);
  expect(present((await store.search(ns()))[0]).value).toStrictEqual(copy);
}

function nested(depth: number): Record<string, unknown> {
  return upTo(depth).reduce<Record<string, unknown>>((inner, level) => ({ level, inner }), { end: true });
}

/** Which plain values come back as they were put. */
export const values: CaseFamily = {
  name: "values",
  setting: "plain",
  cases: [
    {
      id: "values/falsy",
      title: "null, false, zero, the empty text, empty lists and empty objects are kept",
      run: (context) => expectRoundTrip(context, { a: null, b: false, c: 0, d: "", e: [], f: {}, g: [null, [], {}] }),
    },
    {
      id: "values/empty-object",
      title: "an empty value is an item, not a missing one",
      run: (context) => expectRoundTrip(context, {}),
    },
    {
      id: "values/numbers",
      title: "numbers keep their full precision",
      run: (context) =>
        expectRoundTrip(context, {
          n: [0.1, 1 / 3, -1.5e-300, 1e308, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 5e-324],
        }),
    },
    {
      id: "values/nested",
      title: "a value nested 100 levels deep comes back whole",
      run: (context) => expectRoundTrip(context, nested(100)),
    },
    {
      id: "values/wide",
      title: "a value of 1,000 fields comes back whole",
      run: (context) => expectRoundTrip(context, Object.fromEntries(upTo(1_000).map((n) => [`field ${n}`, n]))),
    },
    {
      id: "values/large",
      title: "a value of 200 KB comes back whole",
      run: (context) => expectRoundTrip(context, { text: "memory ".repeat(30_000) }),
    },
    {
      id: "values/unicode",
      title: "text of any script, marks, emoji, NUL and odd separators come back unchanged",
      run: (context) =>
        expectRoundTrip(context, {
          text: "naïve cafe\u0301 – Привет – 日本語 – عربى – 👩‍👩‍👧 – \u0000 – \u2028 – \ufeff – \u202e – \\ \" '",
          "ключ 👍": { "e\u0301": 1, "\u00e9": 2 },
        }),
    },
    {
      id: "values/field-names",
      title: "fields may be named like a store's own columns, operators or paths",
      run: (context) =>
        expectRoundTrip(context, {
          namespace: "n",
          key: "k",
          value: "v",
          ns: "x",
          prefixes: ["y"],
          version: -1,
          write_id: "w",
          expires_at: 1,
          created: 1,
          record: "r",
          score: 2,
          createdAt: "never",
          id: "i",
          "": "empty",
          "a.b": 1,
          $eq: 2,
          "a[0]": 3,
          constructor: "c",
          toString: "t",
          hasOwnProperty: "h",
        }),
    },
    {
      id: "values/codec-lookalikes",
      title: "plain objects that look like a codec's own marks stay plain objects",
      run: (context) =>
        expectRoundTrip(context, {
          a: ["Date", "2020-01-01"],
          b: { $type: "Date", value: 0 },
          c: { json: {}, meta: { values: {} } },
          d: { type: "Buffer", data: [1, 2] },
          e: { __type__: "bigint", value: "1" },
          f: [["Map", 1, 2]],
          g: [-1, -2],
          h: "[1]",
          i: "{}",
          j: "null",
          k: { $bytes: "AAA=" },
          m: { "~date": "2020-01-01T00:00:00.000Z" },
          n: { "~": 1, "~~map": [] },
          l: { lc: 1, type: "constructor", id: ["x"], kwargs: {} },
        }),
    },
    {
      id: "values/own-proto-field",
      title: "a field named __proto__ pollutes no prototype and is not dropped silently",
      async run({ store, ns }) {
        const value = JSON.parse('{"__proto__": {"polluted": true}, "n": 1}') as Record<string, unknown>;
        const put = await Promise.allSettled([store.put(ns(), "k", value)]);
        const read = await store.get(ns(), "k");
        expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
        if (put[0].status === "rejected") {
          expect(read).toBeNull();
          return;
        }
        expect(Object.hasOwn(present(read).value, "__proto__")).toBe(true);
      },
    },
    {
      id: "values/field-order",
      title: "fields keep their order",
      async run({ store, ns }) {
        await store.put(ns(), "k", { zebra: 1, apple: { y: 1, x: 2 }, mango: 3 });
        const { value } = present(await store.get(ns(), "k"));
        expect(JSON.stringify(value)).toBe('{"zebra":1,"apple":{"y":1,"x":2},"mango":3}');
      },
    },
    {
      id: "values/shared-parts",
      title: "a part that occurs twice in a value is stored in both places",
      async run({ store, ns }) {
        const part = { n: 1 };
        await store.put(ns(), "k", { a: part, b: part, list: [part, part] });
        const expected = { a: { n: 1 }, b: { n: 1 }, list: [{ n: 1 }, { n: 1 }] };
        expect(present(await store.get(ns(), "k")).value).toEqual(expected);
      },
    },
    {
      id: "values/not-a-number-never-changes",
      title: "NaN and the infinities come back as they were, or are refused; they never turn into null",
      async run({ store, ns }) {
        for (const [index, number] of [Number.NaN, Infinity, -Infinity].entries()) {
          const put = await Promise.allSettled([store.put(ns(), `k${index}`, { number })]);
          const read = await store.get(ns(), `k${index}`);
          if (put[0].status === "rejected") expect(read).toBeNull();
          else expect(present(read).value["number"]).toBe(number);
        }
      },
    },
    {
      id: "values/to-json",
      title: "an object with toJSON is stored by it",
      async run({ store, ns }) {
        await store.put(ns(), "k", { link: new URL("https://example.com/a"), own: { toJSON: () => ({ kept: true }) } });
        const expected = { link: "https://example.com/a", own: { kept: true } };
        expect(present(await store.get(ns(), "k")).value).toStrictEqual(expected);
      },
    },
  ],
};
