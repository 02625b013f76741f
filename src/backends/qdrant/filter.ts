/**
 * Filters in Qdrant's terms. A point carries the terms of its value: a text for each field that exists and for each
 * scalar that it holds, all in one indexed list, so that a filter on any field uses an index; and its numbers and
 * dates for ranges. A translated filter lets through at least all that matches; the record decides.
 */
import { hash } from "node:crypto";
import { hasFields } from "../../model/field-paths.ts";
import type { Comparable, FieldTest, Filter } from "../../model/filter.ts";
import type { Value } from "../../model/item.ts";
import { ALL_PATHS, type KeptPaths } from "./payload-rule.ts";

/** The part of a point's payload that filters look at. */
export interface FilterTerms {
  readonly terms: readonly string[];
  /** Whether the value has more fields than are kept; such a point passes every filter but those of the rule in `kept`. */
  readonly partial: boolean;
  /** Mark of the rule by which only some paths are kept, all of which are; absent where none does. */
  readonly kept?: string;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

/** A condition or a filter of Qdrant. */
type QdrantCondition =
  | { readonly key: string; readonly match: { readonly value: string | boolean } | { readonly any: readonly string[] } }
  | { readonly key: string; readonly range: { readonly gte?: number; readonly lte?: number } }
  | QdrantFilter;

/** Conditions combined. */
export interface QdrantFilter {
  readonly must?: readonly QdrantCondition[];
  readonly should?: readonly QdrantCondition[];
  readonly must_not?: readonly QdrantCondition[];
}

const MAX_TERMS = 256;
const LONGEST_TERM = 64;

/** The terms of a value. Elements of arrays have none: filters on `tags.0` are left to the record. */
export function termsOf(value: Value, kept: KeptPaths = ALL_PATHS): FilterTerms {
  const terms = new Set<string>();
  const numbers: Record<string, number[]> = {};
  const complete = visit(value, [], (path, field) => {
    if (!kept.covers(path)) return true;
    terms.add(existsTerm(path));
    const term = scalarTerm(path, field);
    if (term !== null) terms.add(term);
    const number = rankOf(field);
    if (number !== null) (numbers[numberKey(path, field)] ??= []).push(number);
    return terms.size <= MAX_TERMS;
  });
  if (!complete) return { terms: [], partial: true, numbers: {} };
  // Partial, for whoever asks by another rule: to them, more than is here may be missing.
  return { terms: [...terms], partial: kept.mark !== null, ...(kept.mark === null ? {} : { kept: kept.mark }), numbers };
}

/** Visits every field below a value under its dotted path, until `take` says that it is enough. */
function visit(value: unknown, steps: readonly string[], take: (path: string, field: unknown) => boolean): boolean {
  if (!hasFields(value) || Array.isArray(value)) return true;
  return Object.entries(value).every(([name, field]) => {
    if (field === undefined) return true;
    const here = [...steps, name];
    return take(here.join("."), field) && visit(field, here, take);
  });
}

/** Translates a filter; null lets everything through. What is asked of paths that are not kept is left to the record. */
export function translateFilter(filter: Filter | null, kept: KeptPaths = ALL_PATHS): QdrantFilter | null {
  const condition = filter === null ? null : translate(filter, false, kept);
  if (condition === null) return null;
  // A point whose terms are not complete must not be lost.
  const isPartial = { key: "partial", match: { value: true } };
  if (kept.mark === null) return { should: [condition, isPartial] };
  return { should: [condition, { must: [isPartial], must_not: [{ key: "kept", match: { value: kept.mark } }] }] };
}

function translate(filter: Filter, negated: boolean, kept: KeptPaths): QdrantCondition | null {
  switch (filter.kind) {
    case "not":
      return translate(filter.filter, !negated, kept);
    case "field":
      return kept.covers(filter.path) ? translateField(filter.path, filter.test, negated) : null;
    default: {
      const parts = filter.filters.map((each) => translate(each, negated, kept));
      const known = parts.filter((part) => part !== null);
      if ((filter.kind === "and") !== negated) return known.length === 0 ? null : { must: known };
      return known.length < parts.length ? null : { should: known };
    }
  }
}

/** What must be absent is left to the record: two long texts may share a term, and a miss would be final. */
function translateField(path: string, test: FieldTest, negated: boolean): QdrantCondition | null {
  if (path.split(".").some((step) => /^\d+$/.test(step))) return null;
  switch (test.op) {
    case "eq":
      return negated ? null : equalTo(path, [test.value]);
    case "ne":
      return negated ? equalTo(path, [test.value]) : null;
    case "in":
      return negated ? null : equalTo(path, test.values);
    case "nin":
      return negated ? equalTo(path, test.values) : null;
    case "exists":
      return test.value === negated ? null : has([existsTerm(path)]);
    default:
      return negated ? null : inRange(path, test.op, test.value);
  }
}

function equalTo(path: string, values: readonly unknown[]): QdrantCondition {
  return has(values.map((value) => scalarTerm(path, value) ?? existsTerm(path)));
}

function has(terms: readonly string[]): QdrantCondition {
  return { key: "terms", match: { any: terms } };
}

function inRange(path: string, op: "gt" | "gte" | "lt" | "lte", bound: Comparable): QdrantCondition {
  const number = rankOf(bound);
  if (number === null) return has([existsTerm(path)]);
  // A little wider than asked: the server's parser may read the last digit of a number differently.
  const slack = Math.abs(number) * 4 * Number.EPSILON;
  const key = `numbers.${numberKey(path, bound)}`;
  return op === "gt" || op === "gte"
    ? { key, range: { gte: finite(number - slack) } }
    : { key, range: { lte: finite(number + slack) } };
}

/** What a number or date is ranked by; null for values that Qdrant cannot rank. */
function rankOf(value: unknown): number | null {
  if (value instanceof Date) return value.getTime();
  return typeof value === "number" && !Number.isNaN(value) ? finite(value) : null;
}

function finite(number: number): number {
  return Math.min(Math.max(number, -Number.MAX_VALUE), Number.MAX_VALUE);
}

/** A key that Qdrant's path syntax takes as it is; others by their hash. */
function numberKey(path: string, value: unknown): string {
  const type = value instanceof Date ? "date" : "number";
  return /^[A-Za-z0-9_]{1,48}$/.test(path) ? `${type}_${path}` : `${type}-${digest(path)}`;
}

function existsTerm(path: string): string {
  return shortened(`?${path}`);
}

/** The term of a scalar; null for values that are compared as a whole, on the record. */
function scalarTerm(path: string, value: unknown): string | null {
  if (value === null) return shortened(`${path}=null`);
  if (value instanceof Date) return shortened(`${path}=Date:${value.getTime()}`);
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return shortened(`${path}=${typeof value}:${value}`);
    case "number":
      return shortened(`${path}=number:${value === 0 ? 0 : value}`);
    default:
      return null;
  }
}

function shortened(term: string): string {
  return term.length <= LONGEST_TERM ? term : `#${digest(term)}`;
}

function digest(text: string): string {
  return hash("sha256", text, "base64url").slice(0, 22);
}
