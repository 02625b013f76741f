import { InvalidNamespaceError, validateNamespace } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ancestors,
  compareLabels,
  comparePaths,
  isWithin,
  join,
  matchesPattern,
  toLabels,
  toPath,
} from "../../../src/model/namespace.ts";

/** Labels with characters that break stores: separators, wildcards, quotes, emoji, combining marks, NUL. */
const hostile = fc
  .oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(":", "/", "%", "_", "\\", "'", '"', "*", " ", "\0", "é", "é", "👩‍👩‍👧", "a"), minLength: 1, maxLength: 6 }),
    fc.constant("x".repeat(500)),
  )
  .filter((label) => !label.includes(".") && label.isWellFormed());
const labels = fc.array(hostile, { minLength: 1, maxLength: 5 });

describe("namespace paths", () => {
  test("are injective and reversible", () => {
    fc.assert(
      fc.property(labels, labels, (a, b) => {
        expect(toLabels(toPath(a))).toEqual(a);
        expect(toPath(a) === toPath(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  test("match a prefix by entire labels only", () => {
    fc.assert(
      fc.property(labels, labels, fc.nat(5), (a, b, cut) => {
        const prefix = fc.sample(fc.constantFrom(a.slice(0, Math.max(1, cut)), b), 1)[0] ?? a;
        const expected = prefix.length <= a.length && prefix.every((label, i) => label === a[i]);
        expect(isWithin(toPath(prefix), toPath(a))).toBe(expected);
        expect(ancestors(toPath(a)).includes(toPath(prefix))).toBe(expected);
      }),
    );
  });

  test("start at the root, the prefix of every path", () => {
    expect(isWithin("", "users.42")).toBe(true);
    expect(ancestors("users.42.prefs")).toEqual(["users.42.prefs", "users.42", "users", ""]);
    expect(ancestors("")).toEqual([""]);
    expect(join("", "a.b")).toBe("a.b");
    expect(join("a", "")).toBe("a");
    expect(join("a", "b")).toBe("a.b");
  });

  test("sort label by label, a namespace before those below it", () => {
    const sorted = ["user", "user.b", "user!", "user!.a", "user-1"].sort(comparePaths);
    expect(sorted).toEqual(["user", "user.b", "user!", "user!.a", "user-1"]);
    fc.assert(
      fc.property(labels, labels, (a, b) => {
        expect(Math.sign(compareLabels(a, b))).toBe(-Math.sign(compareLabels(b, a)) + 0);
        expect(compareLabels(a, b) === 0).toBe(toPath(a) === toPath(b));
      }),
    );
  });
});

describe("namespace labels", () => {
  test.each([
    ["not a list", "users", "array of strings"],
    ["an empty list", [], "cannot be empty"],
    ["an empty label", ["users", ""], "position 1"],
    ["a period", ["users", "a.b"], "periods"],
    ["a number", ["users", 42], "got number"],
    ["null", ["users", null], "got object (null)"],
    ["a hole", new Array(1), "got undefined"],
    ["a lone surrogate", ["\ud800"], "surrogate"],
    ["a path that no key can hold", ["x".repeat(40_000)], "at most 16384"],
    ["LangGraph's own root", ["langgraph", "x"], "langgraph"],
  ])("%s is rejected", (_, namespace, message) => {
    expect(() => toPath(namespace)).toThrow(InvalidNamespaceError);
    expect(() => toPath(namespace)).toThrow(message);
  });

  test.each<[string, unknown[]]>([
    ["an empty list", []],
    ["an empty label", ["users", ""]],
    ["a period", ["users", "a.b"]],
    ["a number", ["users", 42]],
    ["null", ["users", null]],
    ["a list", ["users", ["a"]]],
    ["a Date", [new Date(0)]],
    ["undefined", ["users", undefined]],
    ["a boolean", [true]],
    ["LangGraph's own root", ["langgraph", "x"]],
  ])("the message for %s contains LangGraph's sentence, on which callers match", (_, namespace) => {
    const messageOf = (check: () => unknown): string => {
      try {
        check();
      } catch (error) {
        return (error as Error).message;
      }
      return "nothing was thrown";
    };
    // What follows names the labels themselves.
    const theirs = messageOf(() => validateNamespace(namespace as string[])).replace(/^.* found in .*?\. /, "").replace(/( Got|: Got).*$/, "");
    expect(messageOf(() => toPath(namespace))).toContain(theirs.replace(/\.$/, ""));
  });

  test("are less restricted in reads than in puts", () => {
    expect(toPath([], { allowEmpty: true })).toBe("");
    expect(toPath(["langgraph"], { allowReservedRoot: true })).toBe("langgraph");
  });
});

test("match patterns at either end, with * for any one label", () => {
  expect(matchesPattern(["a", "b", "c"], ["a", "*"], "prefix")).toBe(true);
  expect(matchesPattern(["a", "b", "c"], ["*", "c"], "suffix")).toBe(true);
  expect(matchesPattern(["a", "b"], ["b"], "prefix")).toBe(false);
  expect(matchesPattern(["a"], ["a", "*"], "prefix")).toBe(false);
  expect(matchesPattern(["a"], [], "suffix")).toBe(true);
});
