/** Evaluates a filter on a value: the one place that decides whether an item matches. */
import { isDeepStrictEqual } from "node:util";
import type { Comparable, FieldTest, Filter } from "./filter.ts";

/** Stands for "no such field". A field that holds `undefined` counts as missing too. */
const MISSING = undefined;

/** Whether `value` satisfies `filter`. No type is coerced to another; a missing field satisfies `$ne` and `$nin` only. */
export function matchesFilter(value: Readonly<Record<string, unknown>>, filter: Filter | null): boolean {
  if (filter === null) return true;
  switch (filter.kind) {
    case "and":
      return filter.filters.every((each) => matchesFilter(value, each));
    case "or":
      return filter.filters.some((each) => matchesFilter(value, each));
    case "not":
      return !matchesFilter(value, filter.filter);
    case "field":
      return passes(fieldAt(value, filter.path), filter.test);
  }
}

/**
 * The field at a dotted path. A key that literally holds the rest of the path comes first: at `"a.b"`, the field
 * `{"a.b": 1}` goes before `{"a": {"b": 2}}`. A whole number steps into an array.
 */
function fieldAt(value: unknown, path: string): unknown {
  return descend(value, path.split("."), 0);
}

function descend(value: unknown, steps: readonly string[], start: number): unknown {
  if (start === steps.length) return value;
  if (!hasFields(value)) return MISSING;
  for (let end = steps.length; end > start; end -= 1) {
    const name = steps.slice(start, end).join(".");
    if (!Object.hasOwn(value, name) || (Array.isArray(value) && !isIndex(name))) continue;
    const found = descend((value as Record<string, unknown>)[name], steps, end);
    if (found !== MISSING) return found;
  }
  return MISSING;
}

/** Objects and arrays have fields; a Date, a Map or bytes are values as a whole. */
export function hasFields(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]";
}

function isIndex(name: string): boolean {
  return /^(0|[1-9]\d*)$/.test(name);
}

function passes(field: unknown, test: FieldTest): boolean {
  switch (test.op) {
    case "eq":
      return field !== MISSING && isSame(field, test.value);
    case "ne":
      return field === MISSING || !isSame(field, test.value);
    case "in":
      return field !== MISSING && test.values.some((value) => isSame(field, value));
    case "nin":
      return field === MISSING || !test.values.some((value) => isSame(field, value));
    case "exists":
      return (field !== MISSING) === test.value;
    default:
      return inRange(field, test.op, test.value);
  }
}

/** Equality by value and type; -0 is 0 and NaN is NaN. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return a === b || (Number.isNaN(a) && Number.isNaN(b));
  return isDeepStrictEqual(a, b);
}

function inRange(field: unknown, op: "gt" | "gte" | "lt" | "lte", bound: Comparable): boolean {
  const a = ordered(field);
  const b = ordered(bound);
  if (a === null || b === null || a.type !== b.type) return false;
  switch (op) {
    case "gt":
      return a.rank > b.rank;
    case "gte":
      return a.rank >= b.rank;
    case "lt":
      return a.rank < b.rank;
    case "lte":
      return a.rank <= b.rank;
  }
}

/** The type within which a value has an order, and what to compare it by: null for values that have none. */
function ordered(value: unknown): { type: string; rank: number | bigint | string } | null {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") {
    return { type: typeof value, rank: value };
  }
  return value instanceof Date ? { type: "Date", rank: value.getTime() } : null;
}
