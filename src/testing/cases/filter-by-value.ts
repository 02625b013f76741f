import type { CaseFamily } from "../conformance-case.ts";
import { filterCase } from "./filter-cases.ts";

/** Equality of lists, objects and typed values, and of names and texts of any characters. */
export const filterByValue: CaseFamily = {
  name: "filter: by value",
  setting: "plain",
  cases: [
    filterCase(
      "arrays-by-value",
      "a list is equal to a list of the same elements in the same order, and to none of its elements",
      { a: { v: ["x", "y"] }, b: { v: ["y", "x"] }, c: { v: "x" }, d: { v: ["x"] }, e: { v: [] } },
      [
        [{ v: ["x", "y"] }, ["a"]],
        [{ v: { $eq: ["x"] } }, ["d"]],
        [{ v: "x" }, ["c"]],
        [{ v: { $in: ["x"] } }, ["c"]],
        [{ v: { $in: [["y", "x"], "x"] } }, ["b", "c"]],
        [{ v: { $ne: ["x"] } }, ["a", "b", "c", "e"]],
      ],
    ),
    filterCase(
      "empty-array",
      "an empty list as a filter value matches empty lists, not everything",
      { e: { v: [] }, a: { v: [1] }, m: {} },
      [[{ v: [] }, ["e"]]],
    ),
    filterCase(
      "objects-by-value",
      "an object is equal to an object of the same fields, in any order, and to no larger one",
      {
        a: { v: { x: 1, y: { z: [2] } } },
        b: { v: { y: { z: [2] }, x: 1 } },
        c: { v: { x: 1, y: { z: [2] }, w: 0 } },
        d: { v: { x: 1 } },
      },
      [
        [{ v: { x: 1, y: { z: [2] } } }, ["a", "b"]],
        [{ v: { $eq: { x: 1 } } }, ["d"]],
        [{ v: { $ne: { x: 1 } } }, ["a", "b", "c"]],
        [{ v: { $nin: [{ x: 1 }] } }, ["a", "b", "c"]],
      ],
    ),
    filterCase(
      "empty-object",
      "an empty object as a filter value matches empty objects, not everything",
      { e: { v: {} }, a: { v: { x: 1 } }, n: { v: 1 } },
      [[{ v: {} }, ["e"]]],
    ),
    filterCase(
      "odd-field-names",
      "a field may be named anything: blanks, quotes, other scripts, a store's own words",
      {
        a: {
          "a b": 1,
          "a'b\"c": 2,
          ключ: 3,
          namespace: "n",
          key: "z",
          "a/b": 4,
          "%": 5,
          version: 6,
          prefixes: 7,
          "a[0]": 8,
        },
        b: {},
      },
      [
        [{ "a b": 1 }, ["a"]],
        [{ "a'b\"c": 2 }, ["a"]],
        [{ ключ: 3 }, ["a"]],
        [{ namespace: "n" }, ["a"]],
        [{ key: "a" }, []],
        [{ key: "z" }, ["a"]],
        [{ "a/b": 4 }, ["a"]],
        [{ "%": 5 }, ["a"]],
        [{ version: 6 }, ["a"]],
        [{ prefixes: 7 }, ["a"]],
        [{ "a[0]": 8 }, ["a"]],
      ],
    ),
    filterCase(
      "text-exact",
      "texts are equal when they are the same characters: no case, wildcard, blank or accent is forgiven",
      {
        a: { v: "Tea" },
        b: { v: "tea" },
        c: { v: "tea " },
        d: { v: "t%" },
        e: { v: "caf\u00e9" },
        f: { v: "cafe\u0301" },
        g: { v: "long tea" },
      },
      [
        [{ v: "tea" }, ["b"]],
        [{ v: "t%" }, ["d"]],
        [{ v: "t__" }, []],
        [{ v: "caf\u00e9" }, ["e"]],
        [{ v: { $ne: "tea" } }, ["a", "c", "d", "e", "f", "g"]],
      ],
    ),
    filterCase(
      "typed-equality",
      "dates, bigints and bytes are equal by value",
      {
        d: { v: new Date(5) },
        b: { v: 5n },
        u: { v: new Uint8Array([5]) },
        n: { v: 5 },
        s: { v: new Date(5).toISOString() },
      },
      [
        [{ v: new Date(5) }, ["d"]],
        [{ v: new Uint8Array([5]) }, ["u"]],
        [{ v: 5 }, ["n"]],
        [{ v: { $in: [5n] } }, ["b"]],
      ],
      ["typedValues"],
    ),
  ],
};
