import fc from "fast-check";
import { expect, test } from "vitest";
import { compareLabels, comparePaths, isWithin, toLabels } from "../../../src/model/namespace.ts";
import { MAX_PLACE_GROWTH, placesWithin, fromPlace, toPlace } from "../../../src/model/namespace-place.ts";

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const special = ["a", "-", "!", " ", "/", "\0", "\u0001", "\u0002", "\uD7FF", "\uE000", "\uFFFD", "\uFFFF", "é", "😀", "\u{10000}", "\u{10FFFE}", "\u{10FFFF}"];
const label = fc.oneof(
  fc.string({ unit: fc.constantFrom(...special), minLength: 1, maxLength: 4 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 3 }).map((text) => text.replaceAll(".", ":")),
);
const path = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));

test("places sort by bytes as paths sort by labels", () => {
  const property = fc.property(path, path, (a, b) => {
    expect(Math.sign(byBytes(toPlace(a), toPlace(b)))).toBe(Math.sign(compareLabels(toLabels(a), toLabels(b))));
    expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(compareLabels(toLabels(a), toLabels(b))));
  });
  fc.assert(property, { numRuns: 5_000 });
});

test("paths with a long common beginning are ordered as their labels", () => {
  const paths = [0, 1, 255, 256, 257, 511, 512, 513].flatMap((length) => ["", "a", "b", ".a", ".b", "a.b"].map((end) => `${"n".repeat(length)}${end}`)).filter((path) => toLabels(path).every((label) => label !== ""));
  for (const a of paths) for (const b of paths) expect(Math.sign(comparePaths(a, b)), `${a.length} ${b.length}`).toBe(Math.sign(compareLabels(toLabels(a), toLabels(b))));
});

test("a place decodes to its path, is well-formed text and within its bound", () => {
  const property = fc.property(path, (each) => {
    const place = toPlace(each);
    expect(fromPlace(place)).toBe(each);
    expect(place.isWellFormed()).toBe(true);
    expect(Buffer.byteLength(place)).toBeLessThanOrEqual(Math.ceil(MAX_PLACE_GROWTH * Buffer.byteLength(each)));
  });
  fc.assert(property, { numRuns: 5_000 });
  expect(fromPlace(toPlace(""))).toBe("");
});

test("a range of places contains exactly the paths at or below the prefix, from the start on", () => {
  const below = fc.tuple(path, fc.option(path)).map(([prefix, rest]) => (rest === null ? prefix : `${prefix}.${rest}`));
  const property = fc.property(path, below, below, fc.boolean(), (prefix, a, b, isNear) => {
    const other = isNear ? `${prefix}.${a}` : a;
    const start = `${prefix}.${b}`;
    const isIn = ({ from, to }: { from: string; to: string }): boolean =>
      byBytes(toPlace(other), from) >= 0 && byBytes(toPlace(other), to) < 0;
    const inside = isWithin(prefix, other);
    expect(isIn(placesWithin(prefix, null))).toBe(inside);
    expect(isIn(placesWithin("", null))).toBe(true);
    expect(isIn(placesWithin(prefix, { path: start, from: "at" }))).toBe(inside && comparePaths(other, start) >= 0);
    expect(isIn(placesWithin(prefix, { path: start, from: "after" }))).toBe(inside && comparePaths(other, start) > 0);
    const isPast = comparePaths(other, start) > 0 && !isWithin(start, other);
    expect(isIn(placesWithin(prefix, { path: start, from: "past" }))).toBe(inside && isPast);
  });
  fc.assert(property, { numRuns: 5_000 });
});
