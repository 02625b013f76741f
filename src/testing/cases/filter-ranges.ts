import type { CaseFamily } from "../conformance-case.ts";
import { filterCase, filterNeverMatches } from "./filter-cases.ts";

const MIXED = {
  n: { v: 5 },
  t: { v: "5" },
  b: { v: true },
  f: { v: false },
  x: { v: null },
  l: { v: [5] },
  o: { v: {} },
  m: {},
};

/** Ranges: `$gt $gte $lt $lte`, each within the type of its bound. */
export const filterRanges: CaseFamily = {
  name: "filter: ranges",
  setting: "plain",
  cases: [
    filterCase(
      "number-ranges",
      "numbers are compared as numbers, with and without their bound",
      { a: { v: -10 }, b: { v: 2 }, c: { v: 2.5 }, d: { v: 10 }, e: { v: 1e21 } },
      [
        [{ v: { $gt: 2 } }, ["c", "d", "e"]],
        [{ v: { $gte: 2 } }, ["b", "c", "d", "e"]],
        [{ v: { $lt: 2 } }, ["a"]],
        [{ v: { $lte: 2 } }, ["a", "b"]],
        [{ v: { $gt: -10.5, $lt: 2.5 } }, ["a", "b"]],
        [{ v: { $lt: 1e21 } }, ["a", "b", "c", "d"]],
      ],
    ),
    filterCase(
      "number-precision",
      "adjacent large integers and fractions are distinguished",
      { a: { v: 2 ** 53 - 1 }, b: { v: 2 ** 53 - 2 }, c: { v: 0.1 + 0.2 }, d: { v: 0.3 } },
      [
        [{ v: { $gt: 2 ** 53 - 2 } }, ["a"]],
        [{ v: { $gt: 0.3, $lt: 1 } }, ["c"]],
        [{ v: 0.3 }, ["d"]],
      ],
    ),
    filterCase(
      "range-both-ends",
      "two bounds on a field both hold, and a range goes with other operators",
      { a: { v: 1 }, b: { v: 3 }, c: { v: 5 }, d: { v: 4 } },
      [
        [{ v: { $gte: 1, $lt: 5 } }, ["a", "b", "d"]],
        [{ v: { $gt: 1, $lte: 5, $ne: 4 } }, ["b", "c"]],
        [{ v: { $gt: 5, $lt: 1 } }, []],
      ],
    ),
    filterCase(
      "range-no-coercion",
      "a range of numbers holds numbers only: no text, boolean, null or list counts as one",
      MIXED,
      [
        [{ v: { $gt: 0 } }, ["n"]],
        [{ v: { $gte: 0 } }, ["n"]],
        [{ v: { $lt: 100 } }, ["n"]],
        [{ v: { $lte: 5 } }, ["n"]],
      ],
    ),
    filterNeverMatches("range-other-type", "a bound of another type matches no number", { n: { v: 5 } }, [
      { v: { $gt: "4" } },
      { v: { $lt: "6" } },
      { v: { $gte: null } },
      { v: { $gt: false } },
      { v: { $gt: [4] } },
      { v: { $gte: new Date(0) } },
    ]),
    filterNeverMatches(
      "range-of-booleans",
      "booleans and null have no order",
      { f: { v: false }, b: { v: true }, x: { v: null } },
      [{ v: { $gt: false } }, { v: { $lt: true } }, { v: { $gte: null } }, { v: { $lte: null } }],
    ),
    filterCase(
      "string-ranges",
      "texts are ordered as texts: character by character, digits too",
      { a: { v: "apple" }, b: { v: "banana" }, c: { v: "cherry" }, d: { v: "a10" }, e: { v: "a2" } },
      [
        [{ v: { $gt: "apple" } }, ["b", "c"]],
        [{ v: { $gte: "banana", $lt: "cherry" } }, ["b"]],
        [{ v: { $lte: "apple" } }, ["a", "d", "e"]],
        [{ v: { $lt: "a2" } }, ["d"]],
      ],
      ["typedRanges"],
    ),
    filterCase(
      "iso-date-ranges",
      "dates that are texts of the ISO form are ordered in time",
      { a: { at: "2023-12-31T23:59:59Z" }, b: { at: "2024-01-01T00:00:00Z" }, c: { at: "2024-06-01" } },
      [
        [{ at: { $gte: "2024-01-01" } }, ["b", "c"]],
        [{ at: { $lt: "2024" } }, ["a"]],
      ],
      ["typedRanges"],
    ),
    filterCase(
      "string-range-holds-strings",
      "a range of texts holds texts only",
      MIXED,
      [
        [{ v: { $gte: "" } }, ["t"]],
        [{ v: { $lt: "9" } }, ["t"]],
      ],
      ["typedRanges"],
    ),
    filterCase(
      "date-ranges",
      "dates are ordered in time, and no number or text counts as one",
      {
        a: { at: new Date("2023-12-31") },
        b: { at: new Date("2024-01-01") },
        c: { at: 1.8e12 },
        d: { at: "2025-01-01" },
      },
      [
        [{ at: { $gte: new Date("2024-01-01") } }, ["b"]],
        [{ at: { $lt: new Date("2024-01-01") } }, ["a"]],
        [{ at: { $gt: 0 } }, ["c"]],
        [{ at: { $gt: "2" } }, ["d"]],
      ],
      ["typedRanges", "typedValues"],
    ),
  ],
};
