import { expect, test } from "vitest";
import { parseTextPath, textsAt } from "../../../src/model/index-text.ts";

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

test("$ is the whole value as readable JSON", () => {
  expect(textsAt({ a: 1n, m: new Map([["k", 1]]), s: new Set([2]) }, parseTextPath("$"))).toEqual([
    JSON.stringify({ a: "1", m: { k: 1 }, s: [2] }, null, 2),
  ]);
});

test.each(["", "a[", "a[x]", "{}", "{a,}", "."])("the path %j is refused", (path) => {
  expect(() => parseTextPath(path)).toThrow("ndex path");
});
