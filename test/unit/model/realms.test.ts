import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { canonicalText } from "../../../src/model/canonical-text.ts";
import { messageOf } from "../../../src/model/errors.ts";
import { parseSignal } from "../../../src/model/operation-fields.ts";
import { plainJson } from "../../../src/model/plain-json.ts";
import { describeFailure, providerFailureOf } from "../../../src/model/provider-failure.ts";
import { isAbortSignal, isError } from "../../../src/model/realms.ts";
import { parseLifetime } from "../../../src/model/ttl.ts";
import { copyValue } from "../../../src/model/typed-json.ts";
import { encodeValue } from "../../../src/model/value-codec.ts";

/** Evaluates an expression in another realm. */
function foreign<T>(expression: string): T {
  return runInNewContext(expression) as T;
}

const TYPED = "({ map: new Map([['a', 1]]), set: new Set([1]), bytes: new Uint8Array([1, 2]), at: new Date(5) })";

test("typed values of another realm are encoded and compared as those of this realm", () => {
  const own = { map: new Map([["a", 1]]), set: new Set([1]), bytes: new Uint8Array([1, 2]), at: new Date(5) };
  const other: unknown = foreign(TYPED);
  const bound = { maxBytes: 10_000, option: "test" };

  expect(encodeValue(other, { maxValueBytes: 10_000 })).toStrictEqual(encodeValue(own, { maxValueBytes: 10_000 }));
  expect(copyValue(other, bound).copy).toStrictEqual(own);
  expect(canonicalText(other, Infinity)).toBe(canonicalText(own, Infinity));
  expect(plainJson(other)).toBe(plainJson(own));
});

test("an expiry may be a Date of another realm", () => {
  expect(parseLifetime(undefined, foreign("new Date(2_000)"), 1_000)).toEqual({ kind: "until", at: 2_000 });
  expect(() => parseLifetime(undefined, foreign("new Date(NaN)"), 1_000)).toThrow("must be a valid Date");
});

test("errors of another realm keep their message, names and causes", () => {
  const error = foreign<Error>("Object.assign(new TypeError('broken', { cause: new Error('inner') }), { status: 429 })");
  expect(isError(error)).toBe(true);
  expect(messageOf(error)).toBe("broken");
  expect(describeFailure(error)).toBe("TypeError, HTTP 429");
  expect(providerFailureOf(error).fault).toBe("rate-limit");
  expect(isError(new DOMException("x"))).toBe(true);
  expect(isError({ message: "no error" })).toBe(false);
});

test("a signal may be of another class, and objects that are no signal are refused", () => {
  const signal = { aborted: false, addEventListener() {}, removeEventListener() {} };
  expect(parseSignal(signal)).toBe(signal);
  expect(isAbortSignal(new AbortController().signal)).toBe(true);
  for (const wrong of [{}, { aborted: false }, new EventTarget(), "signal"]) expect(() => parseSignal(wrong)).toThrow("must be an AbortSignal");
});
