/** The cost of a filter evaluation grows with the sizes of value and filter, never with their product. */
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesFilter } from "../../../src/model/filter-match.ts";
import { parseFilter } from "../../../src/model/filter.ts";

/** An object that is reachable through every split of `a.a.a…` into keys. */
function everySplit(steps: number): Record<string, unknown> {
  const value: Record<string, unknown> = { leaf: 1 };
  for (let taken = 1; taken <= steps; taken += 1) value[Array(taken).fill("a").join(".")] = everySplit(steps - taken);
  return value;
}

function fieldsIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + 1 + fieldsIn(each), 0);
}

/** Counts property lookups in the value and its nested objects. */
function counted(value: object, lookups: { count: number }): Record<string, unknown> {
  return new Proxy(value as Record<string, unknown>, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name);
      return typeof found === "object" && found !== null ? counted(found, lookups) : found;
    },
    getOwnPropertyDescriptor: (target, name) => {
      lookups.count += 1;
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys: (target) => {
      const keys = Reflect.ownKeys(target);
      lookups.count += keys.length;
      return keys;
    },
  });
}

describe("lookups of a filter evaluation, bounded by the fields of the value", () => {
  const value = everySplit(11);
  const path = (last: string, steps = 30): string => [...Array<string>(steps).fill("a"), last].join(".");

  test.each([
    ["one path that can be split in many ways", { [path("none")]: 1 }],
    ["a thousand conditions on one path", { $and: Array.from({ length: 1_000 }, (_, i) => ({ [path("none")]: { $ne: i } })) }],
    ["a thousand such paths", { $and: Array.from({ length: 1_000 }, (_, i) => ({ [path(`b${i}`)]: { $ne: 1 } })) }],
    ["paths of every length", { $and: Array.from({ length: 31 }, (_, i) => ({ [path("none", i)]: { $exists: false } })) }],
  ])("%s", (_, filter) => {
    const lookups = { count: 0 };
    matchesFilter(counted(value, lookups), parseFilter(filter));
    // Listing the keys of a proxy also counts a lookup for each.
    expect(lookups.count).toBeLessThan(16 * fieldsIn(value));
  });
});

/** Some systems count CPU time in ticks of this length, in microseconds. */
const TICK_US = 4_000;

describe("evaluations of many operands cost no more per item than of few", () => {
  const items = Array.from({ length: 500 }, (_, i) => ({ n: i, text: `t${i}`, list: [i, { deep: i }], at: new Date(i) }));

  /** Returns the lowest CPU time of several runs, in microseconds. */
  function cost(operands: unknown, op: string, field: string): number {
    const filter = parseFilter({ [field]: { [op]: operands } });
    const runs = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      for (let i = 0; i < 200; i += 1) for (const item of items) matchesFilter(item, filter);
      const { user } = process.cpuUsage(before);
      return user;
    });
    return Math.min(...runs);
  }

  test.each([
    ["n", (i: number): unknown => -1 - i],
    ["text", (i: number): unknown => `no such ${i}`],
    ["list", (i: number): unknown => [-1 - i, { deep: i }]],
    ["at", (i: number): unknown => new Date(-1 - i)],
  ])("$in and $nin on %s", (field, operand) => {
    for (const op of ["$in", "$nin"]) {
      const few = cost(Array.from({ length: 20 }, (_, i) => operand(i)), op, field);
      const many = cost(Array.from({ length: 5_000 }, (_, i) => operand(i)), op, field);
      expect(many / Math.max(few, TICK_US)).toBeLessThan(25);
    }
  });
});

/** The filter contract in its simplest implementation. */
function fieldAt(value: unknown, steps: readonly string[]): unknown {
  if (steps.length === 0) return value;
  if (typeof value !== "object" || value === null) return undefined;
  for (let taken = steps.length; taken > 0; taken -= 1) {
    const name = steps.slice(0, taken).join(".");
    if (!Object.hasOwn(value, name)) continue;
    const found = fieldAt((value as Record<string, unknown>)[name], steps.slice(taken));
    if (found !== undefined) return found;
  }
  return undefined;
}

test("a dotted path finds the same field as trying every split with the longest key first", () => {
  const step = fc.constantFrom("a", "b", "0", "1");
  const key = fc.array(step, { minLength: 1, maxLength: 3 }).map((steps) => steps.join("."));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.integer({ min: 0, max: 9 }),
      fc.constant(undefined),
      fc.dictionary(key, tie("tree"), { maxKeys: 12 }),
      fc.array(tie("tree"), { maxLength: 3 }),
    ),
  }));
  const value = fc.dictionary(key, tree, { maxKeys: 14 });
  const paths = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }).map((steps) => steps.join(".")), { minLength: 1, maxLength: 14 });
  fc.assert(
    fc.property(value, paths, (item, asked) => {
      for (const path of asked) {
        const found = fieldAt(item, path.split("."));
        const filter = parseFilter({ $and: [{ [path]: found === undefined ? { $exists: false } : { $eq: found } }, { $or: asked.map((each) => ({ [each]: { $nin: [] } })) }] });
        expect(matchesFilter(item, filter), inspect({ item, path, found }, { depth: 9 })).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
});

test("objects, maps, sets, bytes and dates are compared by content, in any order", () => {
  const item = {
    object: { a: 1, b: [-0, undefined] },
    map: new Map<unknown, unknown>([["x", { y: 1 }], [new Date(5), 2n]]),
    set: new Set([{ a: 1 }, "1", 1]),
    bytes: new Uint8Array([1, 2]),
  };
  const same = {
    object: { b: [-0, undefined], a: 1 },
    map: new Map<unknown, unknown>([[new Date(5), 2n], ["x", { y: 1 }]]),
    set: new Set(["1", 1, { a: 1 }]),
    bytes: new Uint8Array([1, 2]),
  };
  const other = {
    object: { b: [0, undefined], a: 1 },
    map: new Map<unknown, unknown>([[new Date(5), 2], ["x", { y: 1 }]]),
    set: new Set(["1", 1, { a: "1" }]),
    bytes: new Uint8Array([1, 3]),
  };
  for (const field of ["object", "map", "set", "bytes"] as const) {
    for (const [operand, isSame] of [[same[field], true], [other[field], false]] as const) {
      expect(matchesFilter(item, parseFilter({ [field]: { $eq: operand } })), field).toBe(isSame);
      expect(matchesFilter(item, parseFilter({ [field]: { $in: [1, operand] } })), field).toBe(isSame);
      expect(matchesFilter(item, parseFilter({ [field]: { $ne: operand } })), field).toBe(!isSame);
      expect(matchesFilter(item, parseFilter({ [field]: { $nin: [operand, "x"] } })), field).toBe(!isSame);
    }
  }
});
