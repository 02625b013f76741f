import { expect, onTestFinished, test, vi } from "vitest";
import { decodeCursor, encodeCursor, type Cursor, type CursorRequest } from "../../../src/core/cursor.ts";
import { planSearch } from "../../../src/core/search-plan.ts";
import { ValidationError } from "../../../src/model/errors.ts";
import { parseFilter } from "../../../src/model/filter.ts";
import type { SearchRequest } from "../../../src/model/request.ts";

const listing: Cursor = { kind: "listing", order: "oldest", namespace: "tenant.42.prefs", created: 123, key: 'a."b"' };
const request: CursorRequest = { scope: "tenant.42", prefix: "tenant.42", filter: null, query: null, order: "oldest" };
const ranked = { kind: "ranked", by: "semantic", offset: 7, first: { limit: 10, at: 1_700_000_000_000 } } as const;
const coded = (content: unknown): string => Buffer.from(typeof content === "string" ? content : JSON.stringify(content)).toString("base64url");
const content = (cursor: string): unknown[] => JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];

test("a cursor round-trips", () => {
  expect(decodeCursor(encodeCursor(listing, request), request, "listing")).toEqual(listing);
  const whole = { ...request, scope: "", prefix: "" };
  expect(decodeCursor(encodeCursor(listing, whole), whole, "listing")).toEqual(listing);
  const asked = { ...request, query: "tea" };
  expect(decodeCursor(encodeCursor(ranked, asked), asked, "ranked")).toEqual(ranked);
});

test("a cursor contains nothing above its prefix, and its digest does not depend on the scope", () => {
  const text = encodeCursor(listing, request);
  expect(Buffer.from(text, "base64url").toString()).not.toContain("tenant");
  expect(decodeCursor(text, { ...request, scope: "other.7", prefix: "other.7" }, "listing")).toMatchObject({ namespace: "other.7.prefs" });
});

const filter = parseFilter({ a: 1, b: { $in: [1n, new Date(0), "x"] } });

test.each<[string, Partial<CursorRequest>]>([
  ["another prefix", { prefix: "tenant.42.prefs" }],
  ["another filter", { filter: parseFilter({ a: 2 }) }],
  ["a filter whose values are of another type", { filter: parseFilter({ a: 1, b: { $in: ["1", 0, "x"] } }) }],
  ["no filter", { filter: null }],
  ["another order", { order: "newest" }],
  ["another query", { query: "coffee" }],
])("a cursor of a search with %s is rejected", (_, other) => {
  const asked = { ...request, query: "tea", filter };
  expect(() => decodeCursor(encodeCursor(ranked, asked), { ...asked, ...other }, "ranked")).toThrow(ValidationError);
  const listed = { ...request, filter };
  if (other.query === undefined) {
    expect(() => decodeCursor(encodeCursor(listing, listed), { ...listed, ...other }, "listing")).toThrow(ValidationError);
  }
});

test("a cursor ignores the order of a filter's conditions", () => {
  const same = parseFilter({ b: { $in: [1n, new Date(0), "x"] }, a: 1 });
  expect(decodeCursor(encodeCursor(listing, { ...request, filter }), { ...request, filter: same }, "listing")).toEqual(listing);
});

test("a cursor of one mode is rejected by another mode", () => {
  const asked = { ...request, query: "tea" };
  const [kind, digest, by, ...rest] = content(encodeCursor(ranked, asked));
  expect(() => decodeCursor(coded([kind, digest, "keyword", ...rest]), asked, "ranked")).toThrow(ValidationError);
  expect(() => decodeCursor(coded(["r", "keyword", 0]), asked, "ranked")).toThrow(ValidationError);
  expect(decodeCursor(coded([kind, digest, by, ...rest]), asked, "ranked")).toEqual(ranked);
  for (const wrong of [-1, 1.5, "10", null]) {
    expect(() => decodeCursor(coded([kind, digest, by, 7, wrong, 1]), asked, "ranked")).toThrow(ValidationError);
    expect(() => decodeCursor(coded([kind, digest, by, 7, 10, wrong]), asked, "ranked")).toThrow(ValidationError);
  }
  expect(() => decodeCursor(encodeCursor({ kind: "ranked", by: "keyword", offset: 0, first: { limit: 10, at: 1_700_000_000_000 } }, asked), asked, "ranked")).toThrow(ValidationError);
});

const [, digest] = content(encodeCursor(listing, request)) as [string, string];

test.each([
  ["not base64 of anything", "%%%"],
  ["empty", ""],
  ["JSON of another kind", coded({ a: 1 })],
  ["a cut one", encodeCursor(listing, request).slice(0, 30)],
  ["a label that escapes", coded(["l", digest, ["a.b"], 1, "k"])],
  ["a label that is no text", coded(["l", digest, [["a"]], 1, "k"])],
  ["too many labels", coded(["l", digest, Array.from({ length: 5_000 }, () => "a"), 1, "k"])],
  ["a time that is no number", coded(["l", digest, [], "1", "k"])],
  ["a time beyond all numbers", coded('["l","' + digest + '",[],1e999,"k"]')],
  ["a key that is too long", coded(["l", digest, [], 1, "k".repeat(40_000)])],
  ["one more member", coded(["l", digest, [], 1, "k", 1])],
  ["a ranked one", encodeCursor(ranked, request)],
  ["deep JSON", coded(`["l",${"[".repeat(200_000)}${"]".repeat(200_000)}]`)],
  ["deep JSON that does not end", coded(`["r",${"[".repeat(700_000)}`)],
  ["10 MB", "A".repeat(10_000_000)],
])("%s is rejected", (_, text) => {
  expect(() => decodeCursor(text, request, "listing")).toThrow();
  const error: unknown = (() => {
    try {
      return decodeCursor(text, request, "listing");
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(["ValidationError", "InvalidNamespaceError"]).toContain((error as Error).name);
});

test("the error of a rejected cursor names the fix", () => {
  expect(() => decodeCursor("eA", request, "ranked")).toThrow(ValidationError);
  expect(() => decodeCursor(encodeCursor(listing, request), { ...request, order: "newest" }, "listing")).toThrow("newest first");
});

test("a cursor and an offset beyond limits.maxOffset are rejected", () => {
  const search = { ...request, query: "tea", kind: "search", limit: 10, offset: 0, minScore: null, mode: null, ranking: null, refreshTtl: null, signal: null } satisfies Omit<SearchRequest, "cursor">;
  const cursor = encodeCursor({ kind: "ranked", by: "semantic", offset: 100, first: { limit: 10, at: 1_700_000_000_000 } }, search, "semantic");
  expect(planSearch({ ...search, cursor }, "semantic", 100)).toMatchObject({ mode: "semantic", offset: 100 });
  expect(() => planSearch({ ...search, cursor }, "semantic", 99)).toThrow("limits.maxOffset");
  expect(() => planSearch({ ...search, offset: 1, cursor }, "semantic", 100)).toThrow("limits.maxOffset");
});

test("a cursor that is longer than any is rejected before it is decoded", () => {
  const decode = vi.spyOn(Buffer, "from");
  onTestFinished(() => void vi.restoreAllMocks());
  expect(() => decodeCursor("A".repeat(1_048_577), request, "listing")).toThrow("cursor has 1048577 characters");
  expect(decode).not.toHaveBeenCalled();
});

test.each([
  ["nested lists", `["l",${"[".repeat(1_000)}${"]".repeat(1_000)}]`],
  ["an object", '["l",{"a":1}]'],
])("a cursor with %s, which no search returns, is rejected before its JSON is parsed", (_what, json) => {
  const parse = vi.spyOn(JSON, "parse");
  onTestFinished(() => void vi.restoreAllMocks());
  expect(() => decodeCursor(coded(json), request, "listing")).toThrow("cursor is malformed");
  expect(parse).not.toHaveBeenCalled();
});
