/**
 * Cursors: where a search continues. Opaque to the caller, and relative to the searched prefix. A cursor contains a digest of its
 * search, so that a cursor of another search is refused. The digest has no key, so that every process accepts it. Security does
 * not depend on it: a forged cursor cannot leave its prefix.
 */
import { hash } from "node:crypto";
import { ValidationError } from "../model/errors.ts";
import type { Filter } from "../model/filter.ts";
import { join, toLabels, toPath } from "../model/namespace.ts";
import { MAX_KEY_BYTES, type ListingOrder, type SearchRequest } from "../model/operation.ts";

/** After this item of a listing. */
interface ListingCursor {
  readonly kind: "listing";
  readonly order: ListingOrder;
  /** Path of the item's namespace. */
  readonly namespace: string;
  readonly created: number;
  readonly key: string;
}

/** After this many ranked results. */
interface RankedCursor {
  readonly kind: "ranked";
  readonly by: "vector" | "keyword";
  readonly offset: number;
}

/** A decoded cursor. */
export type Cursor = ListingCursor | RankedCursor;

/** The part of a request that identifies the search of a cursor. */
export type CursorRequest = Pick<SearchRequest, "scope" | "prefix" | "filter" | "query" | "order">;

/** Longest cursor, characters: that of the longest key in the longest namespace, with every character escaped. */
const MAX_CURSOR_CHARS = 1_048_576;

/** Most labels of a namespace in a cursor. */
const MAX_LABELS = 1_024;

/** Encodes a cursor for the next page of a request. It does not contain the labels of the prefix, which may name a tenant. */
export function encodeCursor(cursor: Cursor, request: CursorRequest): string {
  const content =
    cursor.kind === "ranked"
      ? ["r", digestOf(request, cursor.by), cursor.by, cursor.offset]
      : [
          "l",
          digestOf(request, "filter"),
          toLabels(cursor.namespace).slice(toLabels(request.prefix).length),
          cursor.created,
          cursor.key,
        ];
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

/**
 * Decodes a cursor of the same search: with the same prefix below its scope, filter, query, order and kind.
 *
 * @throws {ValidationError} when the cursor belongs to another search or is malformed.
 */
export function decodeCursor(text: string, request: CursorRequest, expected: "ranked" | "listing"): Cursor {
  const content = parse(text);
  const cursor = expected === "ranked" ? rankedOf(content, request) : listingOf(content, request);
  if (cursor !== null) return cursor;
  throw new ValidationError(
    "cursor does not belong to this search: give the text from `info.cursor` of a search with the same prefix, filter, query and order " +
      `(${expected === "ranked" ? "with a query" : `without a query, ${request.order} first`}).`,
  );
}

function rankedOf(content: readonly unknown[], request: CursorRequest): Cursor | null {
  const [kind, digest, by, offset] = content;
  if (content.length !== 4 || kind !== "r" || (by !== "vector" && by !== "keyword")) return null;
  // The first page has no cursor: offset 0 is forged.
  if (!isCount(offset) || offset === 0 || digest !== digestOf(request, by)) return null;
  return { kind: "ranked", by, offset };
}

function listingOf(content: readonly unknown[], request: CursorRequest): Cursor | null {
  const [kind, digest, labels, created, key] = content;
  if (content.length !== 5 || kind !== "l" || !isCount(created) || typeof key !== "string") return null;
  if (Buffer.byteLength(key) > MAX_KEY_BYTES || !Array.isArray(labels) || labels.length > MAX_LABELS) return null;
  if (!labels.every((label) => typeof label === "string") || digest !== digestOf(request, "filter")) return null;
  const below = toPath(labels, { allowEmpty: true, allowReservedRoot: true });
  return { kind: "listing", order: request.order, namespace: join(request.prefix, below), created, key };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Returns the digest of a search. */
function digestOf({ scope, prefix, filter, query, order }: CursorRequest, mode: "filter" | "vector" | "keyword"): string {
  // Below the scope: the root of a view may name a tenant, which could be guessed from a digest without a key.
  const below = toLabels(prefix).slice(toLabels(scope).length);
  const facts = [below, query, mode, order];
  return hash("sha256", `${JSON.stringify(facts)}\n${filter === null ? "" : textOf(filter)}`, "base64url").slice(0, 22);
}

/** Returns a filter as text, independent of the order of its conditions. */
function textOf(filter: Filter): string {
  switch (filter.kind) {
    case "field":
      return JSON.stringify([filter.path, filter.test], tagged);
    case "not":
      return `not(${textOf(filter.filter)})`;
    default:
      return `${filter.kind}(${filter.filters.map(textOf).sort().join(",")})`;
  }
}

/** Encodes values that JSON cannot express or would confuse with others. */
function tagged(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (original instanceof Date) return { date: original.getTime() };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) return { number: Object.is(value, -0) ? "-0" : String(value) };
  if (value === undefined) return { undefined: true };
  if (value instanceof Map) return { map: [...value] };
  if (value instanceof Set) return { set: [...value] };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
  return value;
}

/** Parses the content of a cursor; refuses one that is longer or deeper than any that a search returns. */
function parse(text: string): readonly unknown[] {
  if (text.length > MAX_CURSOR_CHARS) {
    throw new ValidationError(
      `cursor has ${text.length} characters, more than any cursor of a search (${MAX_CURSOR_CHARS}): pass the text from \`info.cursor\`.`,
    );
  }
  const json = Buffer.from(text, "base64url").toString("utf8");
  // Deeper JSON is forged, and slow to parse.
  const content = isFlat(json) ? parsed(json) : null;
  if (Array.isArray(content)) return content;
  throw new ValidationError("cursor is malformed: pass the text from `info.cursor` of a search.");
}

/** Returns whether JSON is a list with at most one list inside. */
function isFlat(json: string): boolean {
  let lists = 0;
  for (let i = 0; i < json.length; i += 1) {
    const char = json[i];
    if (char === '"') {
      // To the end of the text.
      for (i += 1; i < json.length && json[i] !== '"'; i += 1) if (json[i] === "\\") i += 1;
    } else if (char === "{") {
      return false;
    } else if (char === "[") {
      lists += 1;
      if (lists > 2) return false;
    }
  }
  return json.startsWith("[");
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new ValidationError("cursor is malformed: pass the text from `info.cursor` of a search.", { cause });
  }
}
