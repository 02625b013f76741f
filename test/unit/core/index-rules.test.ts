import { expect, test } from "vitest";
import { IndexRules } from "../../../src/core/index-rules.ts";

const value = { text: "T", title: "H", notes: ["n1", "n2", "T"] };

test("the index of a put precedes the rules, and the first matching rule precedes the default", () => {
  const rules = new IndexRules(["text"], [
    { namespace: ["users", "*", "private"], fields: false },
    { namespace: ["users"], fields: ["title"] },
  ]);
  expect(rules.textsOf(value, "docs", undefined)).toEqual(["T"]);
  expect(rules.textsOf(value, "users.1", undefined)).toEqual(["H"]);
  expect(rules.textsOf(value, "users.1.private.deep", undefined)).toEqual([]);
  expect(rules.textsOf(value, "users.1.private", ["notes[*]"])).toEqual(["n1", "n2", "T"]);
  expect(rules.textsOf(value, "docs", false)).toEqual([]);
});

test("no fields yield no texts, and the default is the entire value", () => {
  expect(new IndexRules([]).textsOf(value, "docs", undefined)).toEqual([]);
  expect(new IndexRules(["text"]).textsOf(value, "docs", [])).toEqual([]);
  expect(new IndexRules().textsOf(value, "docs", undefined)).toEqual([JSON.stringify(value, null, 2)]);
});

test("equal texts are embedded once", () => {
  expect(new IndexRules(["text", "notes[*]"]).textsOf(value, "docs", undefined)).toEqual(["T", "n1", "n2"]);
});
