import type { ConformanceCase, CaseFamily } from "../conformance-case.ts";
import { filterCase, filterNeverMatches, filterRefused } from "./filter-cases.ts";

const FRUIT = {
  a: { name: "apple", price: 3, tags: ["red"] },
  b: { name: "banana", price: 1 },
  c: { name: "cherry", price: 9, sold: null },
  d: { name: "date" },
};

const logic: readonly ConformanceCase[] = [
  filterCase(
    "and",
    "$and holds when all of its filters do",
    FRUIT,
    [
      [{ $and: [{ price: { $gt: 1 } }, { price: { $lt: 9 } }] }, ["a"]],
      [{ $and: [{ name: "apple" }, { name: "banana" }] }, []],
    ],
    ["logicalOperators"],
  ),
  filterCase(
    "or",
    "$or holds when one of its filters does, and gives an item once",
    FRUIT,
    [
      [{ $or: [{ name: "apple" }, { price: { $lt: 5 } }] }, ["a", "b"]],
      [{ $or: [{ name: "nothing" }] }, []],
    ],
    ["logicalOperators"],
  ),
  filterCase(
    "not",
    "$not holds when its filter does not, for a missing field too",
    FRUIT,
    [
      [{ $not: { price: { $gt: 1 } } }, ["b", "d"]],
      [{ $not: { name: "apple", price: 3 } }, ["b", "c", "d"]],
      [{ $not: { $not: { name: "date" } } }, ["d"]],
    ],
    ["logicalOperators"],
  ),
  filterCase(
    "not-below-a-field",
    "$not stands below a field too",
    FRUIT,
    [
      [{ price: { $not: { $gt: 1 } } }, ["b", "d"]],
      [{ price: { $gt: 0, $not: { $gte: 9 } } }, ["a", "b"]],
    ],
    ["logicalOperators"],
  ),
  filterCase(
    "logic-nested",
    "$and, $or and $not nest, and stand beside fields",
    FRUIT,
    [
      [{ name: { $ne: "banana" }, $or: [{ price: { $lt: 5 } }, { $not: { price: { $lt: 100 } } }] }, ["a", "d"]],
      [{ $and: [{ $or: [{ name: "apple" }, { name: "date" }] }, { $or: [{ price: 3 }, { price: 1 }] }] }, ["a"]],
      [{ $not: { $or: [{ name: "apple" }, { name: "date" }] } }, ["b", "c"]],
    ],
    ["logicalOperators"],
  ),
  filterRefused(
    "logic-malformed",
    "$and and $or without a list, and unknown operators within them, are errors",
    [
      { $and: { n: 1 } },
      { $or: "x" },
      { $not: [1] },
      { $and: [1] },
      { $or: [{ n: 1 }, { n: { $near: 1 } }] },
      { $not: { n: { $near: 1 } } },
    ],
    ["logicalOperators"],
  ),
];

const exists: readonly ConformanceCase[] = [
  filterCase(
    "exists",
    "$exists matches a field that is present, also with the value null",
    FRUIT,
    [
      [{ price: { $exists: true } }, ["a", "b", "c"]],
      [{ price: { $exists: false } }, ["d"]],
      [{ sold: { $exists: true } }, ["c"]],
      [{ sold: { $exists: false } }, ["a", "b", "d"]],
      [{ price: { $exists: true, $lt: 2 } }, ["b"]],
    ],
    ["existsOperator"],
  ),
  filterCase(
    "inherited-properties-are-missing",
    "what every JavaScript object inherits is no field",
    { a: { n: 1 } },
    [
      [{ toString: { $exists: true } }, []],
      [{ constructor: { $exists: false } }, ["a"]],
      [{ ["__proto__"]: { $exists: true } }, []],
    ],
    ["existsOperator"],
  ),
];

const NESTED = {
  deep: { profile: { city: "Rome", zip: { code: 100 } } },
  flat: { "profile.city": "Rome" },
  both: { "profile.city": "Oslo", profile: { city: "Rome" } },
  bare: { profile: "Rome" },
  none: { profile: null },
  list: { profile: ["Rome"] },
};

const paths: readonly ConformanceCase[] = [
  filterCase(
    "dotted-path",
    "a dotted path reaches into objects",
    NESTED,
    [
      [{ "profile.zip.code": { $gte: 100 } }, ["deep"]],
      [{ "profile.zip": { code: 100 } }, ["deep"]],
      [{ "profile.street": "x" }, []],
    ],
    ["dottedPaths"],
  ),
  filterCase(
    "dotted-literal-first",
    "a field that is itself called by the dotted name comes before the path",
    NESTED,
    [
      [{ "profile.city": "Rome" }, ["deep", "flat"]],
      [{ "profile.city": "Oslo" }, ["both"]],
    ],
    ["dottedPaths"],
  ),
  filterCase(
    "dotted-through-nothing",
    "a path through a text, null, a list or nothing is a missing field",
    NESTED,
    [
      [{ "profile.zip.code": { $ne: 100 } }, ["flat", "both", "bare", "none", "list"]],
      [{ "profile.city.name": { $nin: [1] } }, ["deep", "flat", "both", "bare", "none", "list"]],
    ],
    ["dottedPaths"],
  ),
  filterNeverMatches(
    "dotted-into-built-ins",
    "a path reaches no length, method or prototype of what is stored",
    { a: { name: "four", list: [1, 2] } },
    [
      { "name.length": 4 },
      { "list.length": 2 },
      { "name.0": "f" },
      { "list.constructor.name": "Array" },
      { "__proto__.x": 1 },
    ],
    ["dottedPaths"],
  ),
  filterCase(
    "dotted-exists",
    "$exists sees nested fields",
    NESTED,
    [[{ "profile.city": { $exists: true } }, ["deep", "flat", "both"]]],
    ["dottedPaths", "existsOperator"],
  ),
];

/** `$and $or $not`, `$exists` and dotted paths. */
export const filterLogic: CaseFamily = {
  name: "filter: logic and paths",
  setting: "plain",
  cases: [...logic, ...exists, ...paths],
};
