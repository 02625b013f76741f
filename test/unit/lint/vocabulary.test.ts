import { Linter } from "eslint";
import { expect, test } from "vitest";
import { vocabulary } from "../../../scripts/lint/vocabulary.ts";

const linter = new Linter();

function messagesFor(rule: "identifiers" | "prose", code: string): string[] {
  const config = { plugins: { vocabulary }, rules: { [`vocabulary/${rule}`]: "error" as const } };
  return linter.verify(code, config).map(({ message, line }) => `${line}: ${message}`);
}

test.each([
  ["a variable", "const wasTold = 1;", "told"],
  ["a function", "function tellUnreadable() {}", "tell"],
  ["a private member", "class A { #onNobodysBehalf() {} }", "nobodys"],
  ["a constant", "const ROWS_TOLD = 1;", "told"],
  ["a phrase", "const isInStep = true;", "in step"],
  ["a word after an abbreviation", "const CQLGraveyard = 1;", "graveyard"],
])("identifiers reports a replaced word in %s", (_what, code, word) => {
  expect(messagesFor("identifiers", code)).toEqual([expect.stringContaining(`contains "${word}"`)]);
});

test("identifiers accepts words that only contain the letters of a replaced one", () => {
  expect(messagesFor("identifiers", "const stellar = 1, background = 2, recommended = 3, understood = 4;")).toEqual([]);
});

test.each([
  ["a line comment", "// Nobody reads it.\nlet a;", "Nobody"],
  ["a block comment", "/** A call that is\n * under way. */\nlet a;", "under way"],
  ["a string", 'const a = "looked at again";', "looked at"],
  ["a template", "const a = `${1} is told`;", "told"],
])("prose reports a replaced word in %s", (_where, code, word) => {
  expect(messagesFor("prose", code)).toEqual([expect.stringContaining(`Found "${word}"`)]);
});

test("prose reports the term to use instead", () => {
  expect(messagesFor("prose", "// Kept anew.\nlet a;")).toEqual(['1: Found "anew". Use the field\'s term: again.']);
});

test("prose accepts the terms of the field, and leaves identifiers to the other rule", () => {
  expect(messagesFor("prose", "// The reconciler retries the intent.\nconst told = 1;")).toEqual([]);
});
