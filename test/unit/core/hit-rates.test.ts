import { expect, test } from "vitest";
import { HitRates } from "../../../src/core/hit-rates.ts";
import { parseFilter } from "../../../src/model/filter.ts";

const filter = (kind: unknown) => parseFilter({ kind });

test("without a filter, what is needed is read; of an unknown filter half is taken to match", () => {
  const rates = new HitRates();
  expect(rates.expected("a", null, 11)).toBe(11);
  expect(rates.expected("a", filter("rare"), 11)).toBe(22);
});

test("a filter that matched seldom is given more at once, there and nowhere else", () => {
  const rates = new HitRates();
  rates.record("a", filter("rare"), { matched: 10, seen: 100 });
  expect(rates.expected("a", filter("rare"), 10)).toBe(125);
  expect(rates.expected("a", filter("other"), 10)).toBe(20);
  expect(rates.expected("b", filter("rare"), 10)).toBe(20);
});

test("one that matched nothing is given all that was there", () => {
  const rates = new HitRates();
  rates.record("a", filter("none"), { matched: 0, seen: 300 });
  expect(rates.expected("a", filter("none"), 10)).toBe(300);
  rates.record("a", filter("none"), { matched: 0, seen: 0 });
  expect(rates.expected("a", filter("none"), 10)).toBe(300);
});

test("values that JSON has no word for are told apart, and long filters are not remembered", () => {
  const rates = new HitRates();
  rates.record("a", filter(10n), { matched: 1, seen: 100 });
  expect(rates.expected("a", filter(11n), 10)).toBe(20);
  expect(rates.expected("a", filter(10n), 10)).toBe(1_250);
  const long = parseFilter({ kind: { $in: Array.from({ length: 1_000 }, (_, n) => `value-${n}`) } });
  rates.record("a", long, { matched: 1, seen: 100 });
  expect(rates.expected("a", long, 10)).toBe(20);
});
