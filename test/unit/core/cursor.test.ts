import { expect, test } from "vitest";
import { decodeCursor, encodeCursor, type Cursor } from "../../../src/core/cursor.ts";
import { ValidationError } from "../../../src/model/errors.ts";

const listing: Cursor = { kind: "listing", order: "oldest", namespace: "tenant.42.prefs", created: 123, key: 'a."b"' };

test("a cursor comes back as it was", () => {
  expect(decodeCursor(encodeCursor(listing, "tenant.42"), "tenant.42", "oldest")).toEqual(listing);
  expect(decodeCursor(encodeCursor(listing, ""), "", "oldest")).toEqual(listing);
  expect(decodeCursor(encodeCursor({ kind: "ranked", by: "vector", offset: 7 }, "a"), "a", "ranked")).toEqual({
    kind: "ranked",
    by: "vector",
    offset: 7,
  });
});

test("it neither shows nor names what lies above its prefix", () => {
  const text = encodeCursor(listing, "tenant.42");
  expect(Buffer.from(text, "base64url").toString()).not.toContain("tenant");
  expect(decodeCursor(text, "other.7", "oldest")).toMatchObject({ namespace: "other.7.prefs" });
});

test.each([
  ["not base64 of anything", "%%%"],
  ["JSON of another kind", Buffer.from('{"a":1}').toString("base64url")],
  ["a label that escapes", Buffer.from('["l","oldest",["a.b"],1,"k"]').toString("base64url")],
  ["a negative offset", Buffer.from('["r","vector",-1]').toString("base64url")],
  ["another order", encodeCursor({ ...listing, order: "newest" }, "tenant.42")],
  ["a ranked one", encodeCursor({ kind: "ranked", by: "vector", offset: 1 }, "")],
])("%s is refused", (_, text) => {
  expect(() => decodeCursor(text, "tenant.42", "oldest")).toThrow();
});

test("the error says what to give", () => {
  expect(() => decodeCursor("eA", "", "ranked")).toThrow(ValidationError);
  expect(() => decodeCursor(encodeCursor(listing, ""), "", "newest")).toThrow("newest first");
});
