import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ValidationError } from "../../../src/model/errors.ts";
import { matchesFilter } from "../../../src/model/filter-match.ts";
import { parseFilter } from "../../../src/model/filter.ts";

const matches = (value: Record<string, unknown>, filter: unknown): boolean => matchesFilter(value, parseFilter(filter));

const item = {
  text: "tea",
  empty: "",
  n: 3,
  zero: 0,
  no: false,
  nil: null,
  gone: undefined,
  at: new Date("2026-01-02"),
  big: 10n,
  nan: Number.NaN,
  tags: ["a", "b"],
  meta: { lang: "en", deep: { x: 1 } },
  "meta.lang": "de",
  list: [{ id: 1 }, { id: 2 }],
};

describe("a filter matches", () => {
  test.each([
    [{ text: "tea" }],
    [{ text: "tea", n: 3 }],
    [{ empty: "" }],
    [{ zero: 0 }],
    [{ zero: -0 }],
    [{ no: false }],
    [{ nil: null }],
    [{ nil: { $exists: true } }],
    [{ gone: { $exists: false } }],
    [{ missing: { $exists: false } }],
    [{ missing: { $ne: 1 } }],
    [{ missing: { $nin: [1, null] } }],
    [{ nil: { $ne: 0 } }],
    [{ n: { $ne: "3" } }],
    [{ n: { $gt: 2, $lte: 3 } }],
    [{ n: { $in: ["3", 3] } }],
    [{ n: { $nin: [] } }],
    [{ text: { $gte: "tea", $lt: "teb" } }],
    [{ at: { $gt: new Date("2026-01-01") } }],
    [{ at: new Date("2026-01-02") }],
    [{ big: 10n }],
    [{ big: { $lt: 11n } }],
    [{ nan: Number.NaN }],
    [{ tags: ["a", "b"] }],
    [{ meta: { deep: { x: 1 }, lang: "en" } }],
    [{ "meta.lang": "de" }],
    [{ "meta.deep.x": 1 }],
    [{ "list.1.id": 2 }],
    [{ $and: [{ n: 3 }, { text: "tea" }] }],
    [{ $or: [{ n: 4 }, { text: "tea" }] }],
    [{ $not: { n: 4 } }],
    [{ n: { $not: { $gt: 5 } } }],
    [{ $not: { missing: { $gt: 5 } } }],
    [{}],
    [undefined],
  ].map(([filter]) => [inspect(filter, { depth: 5 }), filter] as const))("%s", (_, filter) => expect(matches(item, filter)).toBe(true));
});

describe("a filter does not match", () => {
  test.each([
    [{ n: "3" }],
    [{ zero: false }],
    [{ zero: null }],
    [{ empty: null }],
    [{ missing: null }],
    [{ gone: null }],
    [{ missing: { $in: [null, 1] } }],
    [{ nil: { $gt: -1 } }],
    [{ nil: { $lte: 0 } }],
    [{ n: { $gt: "2" } }],
    [{ text: { $gt: 1 } }],
    [{ big: { $gt: 1 } }],
    [{ n: { $in: [] } }],
    [{ tags: ["b", "a"] }],
    [{ tags: "a" }],
    [{ tags: [] }],
    [{ meta: {} }],
    [{ at: "2026-01-02T00:00:00.000Z" }],
    [{ at: {} }],
    [{ "tags.length": 2 }],
    [{ "text.length": 3 }],
    [{ constructor: { $exists: true } }],
    [{ toString: { $exists: true } }],
    [{ n: 3, text: "coffee" }],
    [{ $or: [{ n: 4 }, { n: 5 }] }],
  ].map(([filter]) => [inspect(filter, { depth: 5 }), filter] as const))("%s", (_, filter) => expect(matches(item, filter)).toBe(false));
});

describe("a malformed filter is rejected with its path", () => {
  test.each([
    [{ n: { $gtt: 1 } }, "filter.n.$gtt"],
    [{ $nor: [] }, "filter.$nor"],
    [{ n: { $or: [] } }, "not allowed here"],
    [{ $gt: 1 }, "not allowed here"],
    [{ n: { $gt: 1, max: 2 } }, 'plain key "max"'],
    [{ n: { $in: 1 } }, "filter.n.$in must be a list"],
    [{ n: { $exists: 1 } }, "filter.n.$exists"],
    [{ n: { $gt: null } }, "filter.n.$gt"],
    [{ n: { $gt: true } }, "got boolean"],
    [{ n: { $lt: Number.NaN } }, "got NaN"],
    [{ n: undefined }, "filter.n is undefined"],
    [{ $and: [] }, "filter.$and"],
    [{ $or: [{ n: 1 }, 2] }, "filter.$or[1]"],
    [{ $not: [] }, "filter.$not"],
    [{ n: { $not: 3 } }, "filter.n.$not"],
    [{ n: () => 1 }, "filter.n"],
    ["text", "got string"],
    [[], "got array"],
  ].map(([filter, message]) => [inspect(filter, { depth: 5 }), filter, message] as const))("%s", (_, filter, message) => {
    expect(() => parseFilter(filter)).toThrow(ValidationError);
    expect(() => parseFilter(filter)).toThrow(message);
  });

  test("a very long name is shortened in the message, which has the path and the fix", () => {
    const name = "n".repeat(40_000);
    const refusal = (): unknown => parseFilter({ a: { [`$${name}`]: 1 } });
    expect(refusal).toThrow(/^filter\.a\.\$nnn.* … 79\d{3} characters omitted … .* is unknown; allowed are \$eq, /s);
    expect(refusal).toThrow(expect.objectContaining({ message: expect.not.stringContaining("n".repeat(1_000)) as string }));
  });

  test("a filter with excessive nesting is rejected, not evaluated", () => {
    let filter: Record<string, unknown> = { n: 1 };
    for (let i = 0; i < 10_000; i += 1) filter = { $not: filter };
    expect(() => parseFilter(filter)).toThrow("deeper than");
  });
});
