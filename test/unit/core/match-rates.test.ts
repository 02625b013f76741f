import { expect, test } from "vitest";
import { Hints } from "../../../src/concurrency/hints.ts";
import { MatchRates } from "../../../src/core/match-rates.ts";
import { parseFilter } from "../../../src/model/filter.ts";

// Tests the hints themselves.
Hints.enabled = true;

const filter = (kind: unknown) => parseFilter({ kind });

test("a listing without a filter reads what it needs; an unknown filter is assumed to match half", () => {
  const rates = new MatchRates();
  expect(rates.expected("a", null, 11)).toBe(11);
  expect(rates.expected("a", filter("rare"), 11)).toBe(22);
});

test("a filter that matched rarely reads more at once, only in that namespace", () => {
  const rates = new MatchRates();
  rates.record("a", filter("rare"), { matched: 10, seen: 100 });
  expect(rates.expected("a", filter("rare"), 10)).toBe(125);
  expect(rates.expected("a", filter("other"), 10)).toBe(20);
  expect(rates.expected("b", filter("rare"), 10)).toBe(20);
});

test("a filter that matched nothing reads everything at once", () => {
  const rates = new MatchRates();
  rates.record("a", filter("none"), { matched: 0, seen: 300 });
  expect(rates.expected("a", filter("none"), 10)).toBe(300);
  rates.record("a", filter("none"), { matched: 0, seen: 0 });
  expect(rates.expected("a", filter("none"), 10)).toBe(300);
});

test("values that JSON cannot express are distinguished, and long filters are not remembered", () => {
  const rates = new MatchRates();
  rates.record("a", filter(10n), { matched: 1, seen: 100 });
  expect(rates.expected("a", filter(11n), 10)).toBe(20);
  expect(rates.expected("a", filter(10n), 10)).toBe(1_250);
  const long = parseFilter({ kind: { $in: Array.from({ length: 1_000 }, (_, n) => `value-${n}`) } });
  rates.record("a", long, { matched: 1, seen: 100 });
  expect(rates.expected("a", long, 10)).toBe(20);
});
