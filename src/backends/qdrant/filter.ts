/**
 * Translates filters into Qdrant conditions. The payload of a point has the terms of its value: one text for each existing
 * field and for each scalar, in one indexed list, so that a filter on any field uses an index; and numbers and dates for ranges.
 * A translated filter matches at least the items that the original matches; the record decides.
 */
import { hash } from "node:crypto";
import { hasFields } from "../../model/field-paths.ts";
import type { Comparable, FieldTest, Filter } from "../../model/filter.ts";
import type { Value } from "../../model/item.ts";
import { ALL_PATHS, type KeptPaths } from "./payload-rule.ts";
import type { Schema } from "./schema.ts";
import { isDate } from "../../model/realms.ts";

/** The payload fields that filters use. */
export interface FilterPayload {
  readonly terms: readonly string[];
  /** Whether terms may be missing: then the point matches every filter, except one under the same payload rule, see `kept`. */
  readonly partial: boolean;
  /** Identifies the payload rule, all of whose paths have their terms; absent if all paths are stored. */
  readonly kept?: string;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

/** A condition on one field of the payload. */
interface MatchCondition extends Pick<Schema<"FieldCondition">, "key" | "match"> {
  readonly match: { readonly value: string | boolean } | { readonly any: readonly string[] };
}

interface RangeCondition extends Pick<Schema<"FieldCondition">, "key" | "range"> {
  readonly range: { readonly gte?: number; readonly lte?: number };
}

type QdrantCondition = MatchCondition | RangeCondition | QdrantFilter;

/** Conditions combined. */
export interface QdrantFilter extends Pick<Schema<"Filter">, "must" | "should" | "must_not"> {
  readonly must?: readonly QdrantCondition[];
  readonly should?: readonly QdrantCondition[];
  readonly must_not?: readonly QdrantCondition[];
}

/** Most fields of a value; a value with more has no terms. */
const MAX_FIELDS = 256;
const LONGEST_TERM = 64;

/** Longest path with terms, characters; tests of longer paths are decided by the record. */
const LONGEST_PATH = 1_024;

/** Most terms in one condition; a test with more values only requires that the field exists. */
const MAX_CONDITION_TERMS = 1_024;

/** Most terms in one filter, each about 70 bytes of the request; the record decides the rest. */
const MAX_FILTER_TERMS = 8_192;

/** Returns the terms of a value. Elements of arrays have none: the record decides filters on `tags.0`. */
export function filterPayloadOf(value: Value, kept: KeptPaths = ALL_PATHS): FilterPayload {
  const terms = new Set<string>();
  const numbers: Record<string, number[]> = {};
  let fields = 0;
  const complete = visit(value, "", kept, (path, field) => {
    if (!kept.covers(path)) return true;
    fields += 1;
    const name = nameOf(path);
    terms.add(existsTerm(name));
    const term = scalarTerm(name, field);
    if (term !== null) terms.add(term);
    const number = rankOf(field);
    if (number !== null) (numbers[numberKey(path, field)] ??= []).push(number);
    return fields <= MAX_FIELDS;
  });
  if (!complete) return { terms: [], partial: true, numbers: {} };
  // Partial for filters under another rule, for which terms may be missing.
  return { terms: [...terms], partial: kept.mark !== null, ...(kept.mark === null ? {} : { kept: kept.mark }), numbers };
}

/** Calls `take` with each field that the rule may store and its dotted path, until `take` returns false. */
function visit(value: unknown, above: string, kept: KeptPaths, take: (path: string, field: unknown) => boolean): boolean {
  if (!hasFields(value) || Array.isArray(value)) return true;
  for (const name of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[name];
    // Filters on such long paths are not translated.
    if (field === undefined || above.length + name.length > LONGEST_PATH) continue;
    const path = above + name;
    if (!kept.reaches(path)) continue;
    if (!take(path, field) || !visit(field, `${path}.`, kept, take)) return false;
  }
  return true;
}

/** The number of terms that a filter may still use. */
interface TermBudget {
  remaining: number;
}

/** Translates a filter; null matches everything. Tests of paths that are not stored are left to the record. */
export function translateFilter(filter: Filter | null, kept: KeptPaths = ALL_PATHS): QdrantFilter | null {
  const condition = filter === null ? null : translate(filter, false, kept, { remaining: MAX_FILTER_TERMS });
  if (condition === null) return null;
  // A point with incomplete terms must not be excluded.
  const isPartial = { key: "partial", match: { value: true } };
  if (kept.mark === null) return { should: [condition, isPartial] };
  return { should: [condition, { must: [isPartial], must_not: [{ key: "kept", match: { value: kept.mark } }] }] };
}

function translate(filter: Filter, negated: boolean, kept: KeptPaths, budget: TermBudget): QdrantCondition | null {
  switch (filter.kind) {
    case "not":
      return translate(filter.filter, !negated, kept, budget);
    case "field":
      return kept.covers(filter.path) ? translateField(filter.path, filter.test, negated, budget) : null;
    default: {
      const parts = filter.filters.map((each) => translate(each, negated, kept, budget));
      const known = parts.filter((part) => part !== null);
      if ((filter.kind === "and") !== negated) return known.length === 0 ? null : { must: known };
      return known.length < parts.length ? null : { should: known };
    }
  }
}

/** Returns null for tests that need the absence of a term: two long texts may share a term, and a false exclusion would lose an item. */
function translateField(path: string, test: FieldTest, negated: boolean, budget: TermBudget): QdrantCondition | null {
  if (path.length > LONGEST_PATH || budget.remaining <= 0 || path.split(".").some((step) => /^\d+$/.test(step))) return null;
  switch (test.op) {
    case "eq":
      return negated ? null : equalTo(path, [test.value], budget);
    case "ne":
      return negated ? equalTo(path, [test.value], budget) : null;
    case "in":
      return negated ? null : equalTo(path, test.values, budget);
    case "nin":
      return negated ? equalTo(path, test.values, budget) : null;
    case "exists":
      return test.value === negated ? null : exists(path, budget);
    default:
      return negated ? null : inRange(path, test.op, test.value, budget);
  }
}

function equalTo(path: string, values: readonly unknown[], budget: TermBudget): QdrantCondition {
  const name = nameOf(path);
  if (values.length > MAX_CONDITION_TERMS || values.length > budget.remaining) return exists(path, budget);
  return hasAnyOf(new Set(values.map((value) => scalarTerm(name, value) ?? existsTerm(name))), budget);
}

function exists(path: string, budget: TermBudget): QdrantCondition {
  return hasAnyOf(new Set([existsTerm(nameOf(path))]), budget);
}

function hasAnyOf(terms: ReadonlySet<string>, budget: TermBudget): QdrantCondition {
  budget.remaining -= Math.max(1, terms.size);
  return { key: "terms", match: { any: [...terms] } };
}

function inRange(path: string, op: "gt" | "gte" | "lt" | "lte", bound: Comparable, budget: TermBudget): QdrantCondition {
  const number = rankOf(bound);
  if (number === null) return exists(path, budget);
  budget.remaining -= 1;
  // Slightly wider than the test: the server may parse the last digit of a number differently.
  const slack = Math.abs(number) * 4 * Number.EPSILON;
  const key = `numbers.${numberKey(path, bound)}`;
  return op === "gt" || op === "gte"
    ? { key, range: { gte: finite(number - slack) } }
    : { key, range: { lte: finite(number + slack) } };
}

/** Returns the number by which a number or date is compared; null for values that Qdrant cannot compare. */
function rankOf(value: unknown): number | null {
  if (isDate(value)) return value.getTime();
  return typeof value === "number" && !Number.isNaN(value) ? finite(value) : null;
}

function finite(number: number): number {
  return Math.min(Math.max(number, -Number.MAX_VALUE), Number.MAX_VALUE);
}

/** Returns the payload key of a path; hashed if Qdrant's path syntax does not allow the path. */
function numberKey(path: string, value: unknown): string {
  const type = isDate(value) ? "date" : "number";
  return /^[A-Za-z0-9_]{1,48}$/.test(path) ? `${type}_${path}` : `${type}-${digest(path)}`;
}

/** Returns a path as used in terms: a long one is hashed once, not again for each value. */
function nameOf(path: string): string {
  return shortened(path);
}

function existsTerm(name: string): string {
  return shortened(`?${name}`);
}

/** Returns the term of a scalar; null for other values, which are compared on the record. */
function scalarTerm(name: string, value: unknown): string | null {
  if (value === null) return shortened(`${name}=null`);
  if (isDate(value)) return shortened(`${name}=Date:${value.getTime()}`);
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return shortened(`${name}=${typeof value}:${value}`);
    case "number":
      return shortened(`${name}=number:${value === 0 ? 0 : value}`);
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
