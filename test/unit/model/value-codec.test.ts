import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ValidationError } from "../../../src/model/errors.ts";
import { MAX_DEPTH } from "../../../src/model/typed-json.ts";
import { decodeValue, encodeValue } from "../../../src/model/value-codec.ts";

const limits = { maxValueBytes: 1_000_000 };
const roundTrip = (value: unknown): unknown => decodeValue(encodeValue(value, limits));

const text = fc.string({ unit: "grapheme" }).filter((each) => each.isWellFormed());
const key = fc.oneof(text, fc.constantFrom("~date", "~~x", "~", "$eq", "constructor", "a.b", "")).filter((each) => each !== "__proto__");
const typed = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((elements) => new Set(elements)),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe("values", () => {
  test("of every kind round-trip, with any keys", () => {
    fc.assert(fc.property(fc.dictionary(key, typed, { maxKeys: 5, noNullPrototype: true }), (value) => {
      expect(roundTrip(value)).toSatisfy((back) => isDeepStrictEqual(back, value));
    }), { numRuns: 300 });
  });

  test("of plain JSON are stored as that JSON", () => {
    const encoded = encodeValue({ a: [1, "x", { b: null }] }, limits);
    expect(encoded.typed).toBe(false);
    expect(Buffer.from(encoded.bytes).toString()).toBe('{"a":[1,"x",{"b":null}]}');
  });

  test("are copied", () => {
    const value = { tags: ["a"] };
    const encoded = encodeValue(value, limits);
    value.tags.push("b");
    const first = decodeValue(encoded);
    (first["tags"] as string[]).push("c");
    expect(decodeValue(encoded)).toEqual({ tags: ["a"] });
  });

  test("of type Buffer are stored without their pool", () => {
    expect(roundTrip({ content: Buffer.from("hello").subarray(1, 3) })).toStrictEqual({ content: new Uint8Array([101, 108]) });
  });

  test("with toJSON are stored as its result, class instances by their fields", () => {
    class Point {
      readonly x = 1;
      readonly #hidden = 2;
      sum(): number {
        return this.x + this.#hidden;
      }
    }
    expect(roundTrip({ at: new URL("https://example.org/a"), p: new Point() })).toEqual({ at: "https://example.org/a", p: { x: 1 } });
  });
});

const cycle: Record<string, unknown> = {};
cycle["self"] = { cycle };
let deep: Record<string, unknown> = {};
for (let i = 0; i <= MAX_DEPTH; i += 1) deep = { deep };

describe("an unstorable value is rejected with path and reason", () => {
  test.each([
    ["a function", { tools: [{ run: () => 1 }] }, "value.tools[0].run is a function"],
    ["a symbol", { id: Symbol("x") }, "value.id is a symbol"],
    ["a symbol key", { meta: { [Symbol("x")]: 1 } }, "value.meta"],
    ["a cycle", cycle, "value.self.cycle"],
    ["a lone surrogate", { text: "a\ud800" }, "value.text is text with a lone surrogate"],
    ["a lone surrogate in a key", { a: { "\udc00": 1 } }, "value.a"],
    ["__proto__", JSON.parse('{"a":{"__proto__":{"admin":true}}}'), "value.a"],
    ["an invalid date", { at: new Date(Number.NaN) }, "value.at is an invalid Date"],
    ["an error", { e: new Error("x") }, "value.e is a value of kind Error"],
    ["a promise", { p: Promise.resolve(1) }, "value.p is a value of kind Promise"],
    ["a regular expression", { r: /x/ }, "value.r"],
    ["too deep", deep, `deeper than ${MAX_DEPTH}`],
    ["too big", { text: "x".repeat(1_000_001) }, "at most 1000000"],
    ["a list", [1], "got array"],
    ["a text", "x", "got string"],
    ["undefined", undefined, "got undefined"],
    ["a Map as a whole", new Map([["a", 1]]), "got Map"],
    ["a Date as a whole", new Date(), "got Date"],
  ])("%s", (_, value: unknown, message) => {
    expect(() => encodeValue(value, limits)).toThrow(ValidationError);
    expect(() => encodeValue(value, limits)).toThrow(message);
  });
});
