/** The cost of filters and points is bounded for any length of names and number of values. */
import { expect, test } from "vitest";
import { filterPayloadOf, translateFilter } from "../../../src/backends/qdrant/filter.ts";
import { parseFilter } from "../../../src/model/filter.ts";

/** Largest request body that Qdrant accepts; a filter is only a part of it. */
const LARGEST_FILTER = 1024 * 1024;

/** Returns the CPU time of the fastest of three runs, in microseconds. */
function cost(run: () => unknown): number {
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    run();
    return process.cpuUsage(before).user;
  });
  return Math.min(...times);
}

const many = Array.from({ length: 9_000 }, (_, i) => `value ${i}`);

test.each([
  ["a list of many values", { tag: { $in: many } }],
  ["many lists of values", { $and: Array.from({ length: 900 }, (_, i) => ({ tag: { $in: many.slice(i, i + 40) } })) }],
  ["many values of a field with a long name", { ["n".repeat(900)]: { $in: many } }],
  ["many alternatives", { $or: Array.from({ length: 1_000 }, (_, i) => ({ [`field${i}`]: { $in: [i, `${i}`, true, null] } })) }],
  ["many conditions on ranges", { $and: Array.from({ length: 1_000 }, (_, i) => ({ [`${"f".repeat(500)}${i}`]: { $gt: i } })) }],
])("%s become a small request", (_, filter) => {
  const parsed = parseFilter(filter);
  expect(JSON.stringify(translateFilter(parsed)).length).toBeLessThan(LARGEST_FILTER);
});

test("equal values are sent once", () => {
  const translated = JSON.stringify(translateFilter(parseFilter({ a: { $in: Array(500).fill("same") } })));
  expect(translated.split("a=string:same")).toHaveLength(2);
});

test("a long field name is hashed once for all values", () => {
  const short = parseFilter({ n: { $in: many } });
  const long = parseFilter({ ["n".repeat(900_000)]: { $in: many } });
  expect(cost(() => translateFilter(long))).toBeLessThan(20 * cost(() => translateFilter(short)) + 20_000);
});

test("a field name of megabytes costs a point no more than a short one", () => {
  const fields = Object.fromEntries(Array.from({ length: 126 }, (_, i) => [`f${i}`, i]));
  const short = filterPayloadOf({ name: fields });
  expect(short.terms).toContain("name.f7=number:7");
  const long = { ["n".repeat(3_900_000)]: fields, other: 1 };
  expect(filterPayloadOf(long)).toMatchObject({ terms: ["?other", "other=number:1"], partial: false });
  expect(cost(() => filterPayloadOf(long))).toBeLessThan(50_000);
});

test("the numbers of a path are bounded for every spelling of the path", () => {
  const split = (steps: number): Record<string, unknown> => {
    const value: Record<string, unknown> = { leaf: steps };
    for (let taken = 1; taken <= steps; taken += 1) value[Array(taken).fill("a").join(".")] = split(steps - taken);
    return value;
  };
  const { numbers, partial } = filterPayloadOf(split(12));
  expect({ numbers, partial }).toEqual({ numbers: {}, partial: true });
});
