import { describe, expect, test } from "vitest";
import { parseTextPath, textsAt as textsOf, type TextPath } from "../../../src/model/index-text.ts";

const textsAt = (value: unknown, path: TextPath): readonly string[] => textsOf(value, [path]).texts;

const value = {
  title: "T",
  n: 7,
  meta: { author: "A", tags: ["x", "y"] },
  chapters: [{ text: "one" }, { text: "two", notes: ["n1"] }, { text: " " }],
  when: new Date("2026-01-01"),
  none: null,
  bytes: new Uint8Array([1]),
};

test.each([
  ["title", ["T"]],
  ["n", ["7"]],
  ["meta.author", ["A"]],
  ["meta.tags[0]", ["x"]],
  ["meta.tags[-1]", ["y"]],
  ["meta.tags[9]", []],
  ["meta.tags[*]", ["x", "y"]],
  ["chapters[*].text", ["one", "two"]],
  ["chapters[-2].notes[0]", ["n1"]],
  ["meta.*", ["A", '[\n  "x",\n  "y"\n]']],
  ["{title,meta.author}", ["T", "A"]],
  ["chapters[*].{text,notes[0]}", ["one", "two", "n1"]],
  ["$.title", ["T"]],
  ["none", []],
  ["missing.at.all", []],
  ["title.length", []],
  ["bytes", []],
  ["when", ["2026-01-01T00:00:00.000Z"]],
  ["meta", [JSON.stringify(value.meta, null, 2)]],
])("%s", (path, texts) => expect(textsAt(value, parseTextPath(path))).toEqual(texts));

test("the path $ yields the entire value as readable JSON", () => {
  expect(textsAt({ a: 1n, m: new Map([["k", 1]]), s: new Set([2]) }, parseTextPath("$"))).toEqual([
    JSON.stringify({ a: "1", m: { k: 1 }, s: [2] }, null, 2),
  ]);
});

test("members of any type are their nearest JSON, at any depth, and the value stays as it was", () => {
  const at = new Date(0);
  const given = { list: [1, new Uint8Array(2), [2n]], set: new Set([new Map([["k", new Set([at])]])]), plain: { a: [1] }, bytes: new Uint8Array(1), nan: NaN };
  const before = structuredClone(given);
  expect(textsAt(given, parseTextPath("$"))).toEqual([
    JSON.stringify({ list: [1, null, ["2"]], set: [{ k: [at] }], plain: { a: [1] }, nan: null }, null, 2),
  ]);
  expect(given).toEqual(before);
});

test("objects may be keys of a Map, whatever their fields are", () => {
  expect(textsAt({ m: new Map<unknown, number>([[{ toString: 1, valueOf: 1 }, 1], [null, 2]]) }, parseTextPath("$"))).toEqual([
    JSON.stringify({ m: { '{"toString":1,"valueOf":1}': 1, null: 2 } }, null, 2),
  ]);
});

test.each(["", "a[", "a[x]", "{}", "{a,}", "."])("the path %j is rejected", (path) => {
  expect(() => parseTextPath(path)).toThrow("ndex path");
});

describe("texts of a value are bounded", () => {
  const of = (value: unknown, ...paths: string[]): ReturnType<typeof textsOf> => textsOf(value, paths.map(parseTextPath));

  test("in number, and the rest of the value is not examined", () => {
    let reads = 0;
    const list = Array.from({ length: 10_000 }, (_, i) => ({
      get text() {
        reads += 1;
        return `text ${i}`;
      },
    }));
    expect(of({ list }, "list[*].text")).toMatchObject({ texts: { length: 256 }, excess: "more than 256 texts to embed" });
    expect(reads).toBe(257);
  });

  test("in length, and a value is serialized once", () => {
    const list = Array.from({ length: 100 }, (_, i) => ({ i, text: "x".repeat(40_000) }));
    const all = Array.from({ length: 60 }, (_, i) => `list[${i}]`);
    expect(of({ list }, "$", "list", "*", "$.list[*]", ...all)).toMatchObject({ excess: "more than 8388608 characters of text to embed" });
    // Equal members of a path are one.
    expect(of({ list }, `{${Array(300).fill("$").join(",")}}`)).toMatchObject({ texts: { length: 1 }, excess: null });
  });

  test("in the fields that are examined if there are no texts", () => {
    const list = Array.from({ length: 1_100_000 }, () => 0);
    expect(of({ list }, "list[*].a").excess).toBeNull();
    expect(of({ list }, "list[*].a", "list[*].b")).toEqual({ texts: [], excess: "more than 2000000 fields to search for texts to embed" });
  });

  test("a deeply nested value is not indented to hundreds of megabytes", () => {
    let value: unknown = Array.from({ length: 300_000 }, () => 1);
    for (let depth = 0; depth < 190; depth += 1) value = [value];
    const { texts } = of({ value }, "$");
    expect(JSON.parse(texts[0] ?? "")).toEqual({ value });
    expect(texts[0]?.length).toBeLessThan(1_000_000);
  });

  test("a path is bounded too", () => {
    expect(() => parseTextPath(`a.${"b".repeat(1_024)}`)).toThrow("has 1026 characters; at most 1024 are allowed");
  });
});
