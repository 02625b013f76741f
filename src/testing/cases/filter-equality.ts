import type { CaseFamily } from "../conformance-case.ts";
import { upTo } from "../expectations.ts";
import { filterCase, filterNeverMatches, filterRefused } from "./filter-cases.ts";

/** Equality, inequality and membership: by value, within one type. */
export const filterEquality: CaseFamily = {
  name: "filter: equality",
  setting: "plain",
  cases: [
    filterCase(
      "equal-scalars",
      "a plain value and $eq match the same text, number or boolean",
      { t: { v: "x" }, n: { v: 5 }, b: { v: true }, f: { v: false }, z: { v: 0 }, e: { v: "" } },
      [
        [{ v: "x" }, ["t"]],
        [{ v: 5 }, ["n"]],
        [{ v: true }, ["b"]],
        [{ v: false }, ["f"]],
        [{ v: 0 }, ["z"]],
        [{ v: "" }, ["e"]],
        [{ v: { $eq: "x" } }, ["t"]],
        [{ v: { $eq: 0 } }, ["z"]],
        [{ v: { $eq: false } }, ["f"]],
      ],
    ),
    filterCase("empty", "an empty filter matches everything", { a: { n: 1 }, b: {} }, [[{}, ["a", "b"]]]),
    filterCase(
      "all-fields-must-match",
      "several fields are all to match",
      { a: { x: 1, y: 1 }, b: { x: 1, y: 2 }, c: { x: 1 } },
      [
        [{ x: 1, y: 1 }, ["a"]],
        [{ x: 1, y: { $ne: 1 } }, ["b", "c"]],
      ],
    ),
    filterCase(
      "equal-no-coercion",
      "equality never turns one type into another",
      { n: { v: 1 }, t: { v: "1" }, b: { v: true }, z: { v: 0 }, x: { v: null }, e: { v: "" }, l: { v: [1] } },
      [
        [{ v: 1 }, ["n"]],
        [{ v: "1" }, ["t"]],
        [{ v: true }, ["b"]],
        [{ v: 0 }, ["z"]],
        [{ v: "" }, ["e"]],
        [{ v: { $in: ["1", 0] } }, ["t", "z"]],
        [{ v: { $nin: [1, "1", true] } }, ["z", "x", "e", "l"]],
      ],
    ),
    filterCase(
      "null-is-a-value",
      "null matches null, and not a missing field",
      { x: { v: null }, m: {}, z: { v: 0 } },
      [
        [{ v: null }, ["x"]],
        [{ v: { $eq: null } }, ["x"]],
        [{ v: { $in: [null] } }, ["x"]],
      ],
    ),
    filterCase(
      "ne",
      "$ne matches every other value, of other types too",
      { a: { v: 1 }, b: { v: 2 }, c: { v: "1" }, d: { v: null } },
      [[{ v: { $ne: 1 } }, ["b", "c", "d"]]],
    ),
    filterCase(
      "ne-missing-field",
      "a missing field satisfies $ne, of null too",
      { a: { v: 1 }, m: { w: 1 }, x: { v: null } },
      [
        [{ v: { $ne: 1 } }, ["m", "x"]],
        [{ v: { $ne: null } }, ["a", "m"]],
      ],
    ),
    filterCase(
      "in",
      "$in matches any of its values, and nothing when it has none",
      { a: { v: 1 }, b: { v: 2 }, m: {} },
      [
        [{ v: { $in: [2, 3, "1"] } }, ["b"]],
        [{ v: { $in: [] } }, []],
      ],
    ),
    filterCase(
      "nin",
      "$nin matches what is in none of its values, a missing field too",
      { a: { v: 1 }, b: { v: 2 }, m: {} },
      [
        [{ v: { $nin: [2, 3] } }, ["a", "m"]],
        [{ v: { $nin: [] } }, ["a", "b", "m"]],
      ],
    ),
    filterCase(
      "in-many",
      "$in takes several hundred values",
      Object.fromEntries(upTo(20).map((n) => [`k${n}`, { v: `value ${n * 50}` }])),
      [[{ v: { $in: upTo(400).map((n) => `value ${n}`) } }, upTo(8).map((n) => `k${n}`)]],
    ),
    filterCase(
      "missing-field-matches-nothing-else",
      "a missing field satisfies no equality, membership or range",
      { m: { other: 1 } },
      [
        [{ v: 1 }, []],
        [{ v: { $eq: null } }, []],
        [{ v: { $in: [null, 1] } }, []],
        [{ v: { $gt: -1 } }, []],
        [{ v: { $gte: 0 } }, []],
        [{ v: { $lt: 1 } }, []],
        [{ v: { $lte: 0 } }, []],
      ],
    ),
    filterRefused("unknown-operator", "an operator of no known name is an error, with or without items", [
      { n: { $regex: "x" } },
      { n: { $gtt: 1 } },
      { n: { $gt: 0, $foo: 1 } },
      { $nor: [{ n: 1 }] },
    ]),
    filterRefused("in-needs-a-list", "$in and $nin of something that is no list are errors", [
      { n: { $in: 1 } },
      { n: { $nin: "x" } },
      { n: { $in: null } },
    ]),
    filterNeverMatches(
      "operators-beside-fields",
      "an object that mixes operators with fields matches nothing by accident",
      { a: { n: 5 }, b: { n: { foo: 2 } } },
      [{ n: { $gt: 1, foo: 2 } }],
    ),
  ],
};
