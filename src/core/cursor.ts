/**
 * Cursors: where a search continues. Opaque to the caller, and relative to the searched prefix. A cursor contains a digest of its
 * search, so that a cursor of another search is refused. The digest has no key, so that every process accepts it. Security does
 * not depend on it: a forged cursor cannot leave its prefix.
 */
import { hash } from "node:crypto";
import { ValidationError } from "../model/errors.ts";
import type { Filter } from "../model/filter.ts";
import { join, toLabels, toPath } from "../model/namespace.ts";
import { MAX_KEY_BYTES, type ListingOrder, type SearchRequest } from "../model/request.ts";
import { SEARCH_MODES, type SearchMode } from "../model/search-mode.ts";
import { factsOfSteps, type RankingSteps } from "./ranking/steps.ts";
import { isBytes, isDate, isMap, isSet } from "../model/realms.ts";

/** After this item of a listing. */
interface ListingCursor {
  readonly kind: "listing";
  readonly order: ListingOrder;
  /** Path of the item's namespace. */
  readonly namespace: string;
  readonly created: number;
  readonly key: string;
}

/** What ranked the results of a page: the index in one of its modes, or the words of records that were read. */
export type Ranking = SearchMode | "records";

const RANKINGS: readonly unknown[] = [...SEARCH_MODES, "records"] satisfies readonly Ranking[];

/** After this many ranked results. */
interface RankedCursor {
  readonly kind: "ranked";
  readonly by: Ranking;
  readonly offset: number;
  readonly first: FirstPage;
}

/** What the first page of a ranked list determines: later pages are parts of the same list. */
export interface FirstPage {
  /** Its limit: the list has at least as many results. */
  readonly limit: number;
  /** Its time, from which ages are counted, milliseconds since the epoch. */
  readonly at: number;
}

/** A decoded cursor. */
export type Cursor = ListingCursor | RankedCursor;

/** The part of a request that identifies the search of a cursor. */
export type CursorRequest = Pick<SearchRequest, "scope" | "prefix" | "filter" | "query" | "order"> & {
  /** What ranks on top of the mode. */
  readonly steps?: RankingSteps | null;
};

/** Longest cursor, characters: that of the longest key in the longest namespace, with every character escaped. */
const MAX_CURSOR_CHARS = 1_048_576;

/** Most labels of a namespace in a cursor. */
const MAX_LABELS = 1_024;

/**
 * Encodes a cursor for the next page of a request; the labels of its prefix, which may be a tenant's, stay out of it.
 *
 * @param asked - the requested mode of a ranked search; null for a listing
 * @param digest - of the search, if already computed, see {@link listingDigest}
 */
export function encodeCursor(
  cursor: Cursor,
  request: CursorRequest,
  asked: SearchMode | null = null,
  digest = digestOf(request, cursor.kind === "ranked" ? cursor.by : "filter", asked),
): string {
  const content =
    cursor.kind === "ranked"
      ? ["r", digest, cursor.by, cursor.offset, cursor.first.limit, cursor.first.at]
      : [
          "l",
          digest,
          toLabels(cursor.namespace).slice(toLabels(request.prefix).length),
          cursor.created,
          cursor.key,
        ];
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

/**
 * Decodes a cursor of an equal search: with the same prefix below its scope, filter, query, mode, ranking, order and kind.
 *
 * @throws {ValidationError} when the cursor belongs to another search or is malformed.
 */
export function decodeCursor(text: string, request: CursorRequest, expected: "ranked" | "listing", asked: SearchMode | null = null): Cursor {
  const content = parse(text);
  const cursor = expected === "ranked" ? rankedOf(content, request, asked) : listingOf(content, request);
  if (cursor !== null) return cursor;
  throw new ValidationError(
    "cursor does not belong to this search: give the text from `info.cursor` of a search with the same prefix, filter, query, mode, ranking and order " +
      `(${expected === "ranked" ? "with a query" : `without a query, ${request.order} first`}).`,
  );
}

function rankedOf(content: readonly unknown[], request: CursorRequest, asked: SearchMode | null): Cursor | null {
  const [kind, digest, by, offset, limit, at] = content;
  if (content.length !== 6 || kind !== "r" || !isRanking(by) || !isCount(limit) || !isCount(at)) return null;
  // A cursor has results before it: the first page has none.
  if (!isCount(offset) || offset === 0 || digest !== digestOf(request, by, asked)) return null;
  return { kind: "ranked", by, offset, first: { limit, at } };
}

function isRanking(by: unknown): by is Ranking {
  return RANKINGS.includes(by);
}

function listingOf(content: readonly unknown[], request: CursorRequest): Cursor | null {
  const [kind, digest, labels, created, key] = content;
  if (content.length !== 5 || kind !== "l" || !isCount(created) || typeof key !== "string") return null;
  if (Buffer.byteLength(key) > MAX_KEY_BYTES || !Array.isArray(labels) || labels.length > MAX_LABELS) return null;
  if (!labels.every((label) => typeof label === "string") || digest !== digestOf(request, "filter", null)) return null;
  const below = toPath(labels, { allowEmpty: true, allowReservedRoot: true });
  return { kind: "listing", order: request.order, namespace: join(request.prefix, below), created, key };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Returns a digest of a listing below its prefix: of filter and order. */
export function listingDigest(request: CursorRequest): string {
  return digestOf(request, "filter", null);
}

/** A digest of a search, for recognition and not for protection. */
function digestOf({ scope, prefix, filter, query, order, steps = null }: CursorRequest, by: "filter" | Ranking, asked: SearchMode | null): string {
  // Below the scope: a view's root may be a tenant's name, which a digest without a key would let a reader guess.
  const below = toLabels(prefix).slice(toLabels(scope).length);
  const ranking = by === "filter" ? null : factsOfSteps(steps);
  const facts = [below, query, by, asked, order, ...(ranking === null ? [] : [ranking])];
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
  if (isDate(original)) return { date: original.getTime() };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) return { number: Object.is(value, -0) ? "-0" : String(value) };
  if (value === undefined) return { undefined: true };
  if (isMap(value)) return { map: [...value] };
  if (isSet(value)) return { set: [...value] };
  if (isBytes(value)) return { bytes: Buffer.from(value).toString("base64") };
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
