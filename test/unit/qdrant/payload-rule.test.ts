/** Payload rules of points and queries: under any rules, a filter never loses a match. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { filterPayloadOf, translateFilter, type FilterPayload, type QdrantFilter } from "../../../src/backends/qdrant/filter.ts";
import { KeptPaths, type PayloadRule } from "../../../src/backends/qdrant/payload-rule.ts";
import { parseFilter } from "../../../src/model/filter.ts";
import { matchesFilter } from "../../../src/model/filter-match.ts";

/** Evaluates a filter as Qdrant does, for the filters that the store sends. */
function passes(filter: QdrantFilter, point: FilterPayload): boolean {
  const holds = (condition: unknown): boolean => {
    const { key, match, range } = condition as {
      key?: string;
      match?: { value?: string | boolean; any?: string[] };
      range?: { gte?: number; lte?: number };
    };
    if (key === undefined) return passes(condition as QdrantFilter, point);
    if (range !== undefined) {
      const numbers = point.numbers[key.slice("numbers.".length)] ?? [];
      return numbers.some((number) => number >= (range.gte ?? -Infinity) && number <= (range.lte ?? Infinity));
    }
    if (key === "terms") return (match?.any ?? []).some((term) => point.terms.includes(term));
    return (key === "partial" ? point.partial : point.kept) === match?.value;
  };
  return (
    (filter.must ?? []).every(holds) &&
    (filter.should === undefined || filter.should.some(holds)) &&
    !(filter.must_not ?? []).some(holds)
  );
}

const scalar = fc.constantFrom<unknown>("x", "y", 1, 2, true, null);
const value = fc.record({ a: scalar, b: fc.record({ c: scalar, d: scalar }, { requiredKeys: [] }), e: scalar }, { requiredKeys: [] });
const path = fc.constantFrom("a", "b", "b.c", "b.d", "e");
const test_ = fc.oneof(
  scalar,
  fc.record({ $ne: scalar }),
  fc.record({ $in: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $gte: fc.constantFrom(1, 2) }),
);
const field = fc.tuple(path, test_).map(([name, operand]): Record<string, unknown> => ({ [name]: operand }));
const filter = fc.oneof(
  field,
  fc.array(field, { minLength: 1, maxLength: 3 }).map((all) => ({ $and: all })),
  fc.array(field, { minLength: 1, maxLength: 3 }).map((any) => ({ $or: any })),
  field.map((not) => ({ $not: not })),
);
const rule = fc.oneof(
  fc.constantFrom<PayloadRule>("all", "none"),
  fc.uniqueArray(fc.constantFrom("a", "b", "b.c", "z"), { maxLength: 3 }),
);

test("a point written with any rule matches every filter that its value matches, under any other rule", () => {
  fc.assert(
    fc.property(value, filter, rule, rule, (stored, asked, before, now) => {
      const parsed = parseFilter(asked);
      fc.pre(parsed !== null && matchesFilter(stored, parsed));
      const translated = translateFilter(parsed, new KeptPaths(now));
      expect(translated === null || passes(translated, filterPayloadOf(stored, new KeptPaths(before)))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("only fields that a rule covers are stored and queried", () => {
  const kept = new KeptPaths(["b", "a.x"]);
  const terms = filterPayloadOf({ a: { x: "shown", y: "hidden-1" }, b: { c: { d: 7 } }, e: "hidden-2" }, kept);
  const text = JSON.stringify(terms);
  expect(text).toContain("shown");
  expect(text).toContain("b.c.d=number:7");
  expect(text).not.toContain("hidden");
  expect(filterPayloadOf({ a: "hidden" }, new KeptPaths("none"))).toMatchObject({ terms: [], numbers: {} });
  expect(translateFilter(parseFilter({ e: "x" }), kept)).toBeNull();
  expect(translateFilter(parseFilter({ b: 1 }), new KeptPaths("none"))).toBeNull();
  // A value of another item does not match because only a part of it is stored.
  const asked = translateFilter(parseFilter({ "a.x": "other", e: "x" }), kept);
  expect(asked !== null && passes(asked, terms)).toBe(false);
});
