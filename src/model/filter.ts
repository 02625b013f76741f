/**
 * The filter contract of searches. A filter is parsed once into a tree, which one pure function evaluates
 * (`filter-match.ts`); queries to a database return a superset of its matches.
 *
 * A field is compared with a value, `{ status: "active" }`, `{ "meta.lang": "en" }`, or tested by operators,
 * `{ price: { $gte: 10, $lt: 20 } }`. All conditions of one object must hold. `$and`, `$or` (lists of filters) and `$not`
 * (a filter, or operators below a field) combine filters.
 */
import { kindOf, ValidationError } from "./errors.ts";
import { isDate } from "./realms.ts";
import { copyValue } from "./typed-json.ts";

/** The test of one field. */
export type FieldTest =
  | { readonly op: "eq" | "ne"; readonly value: unknown }
  | { readonly op: "gt" | "gte" | "lt" | "lte"; readonly value: Comparable }
  | { readonly op: "in" | "nin"; readonly values: readonly unknown[] }
  | { readonly op: "exists"; readonly value: boolean };

/** Values that have an order, each within its own type. */
export type Comparable = number | bigint | string | Date;

/** A parsed filter; plain data, so that it can be sent to a worker. */
export type Filter =
  | { readonly kind: "and" | "or"; readonly filters: readonly Filter[] }
  | { readonly kind: "not"; readonly filter: Filter }
  | { readonly kind: "field"; readonly path: string; readonly test: FieldTest };

/** Bounds of filters. */
export interface FilterLimits {
  /** Deepest nesting. */
  readonly maxFilterDepth: number;
  /** Most conditions, including those of combined filters. */
  readonly maxFilterConditions: number;
  /** Most values in one `$in` or `$nin`. */
  readonly maxFilterValues: number;
  /** Most characters of names and operands together. */
  readonly maxFilterBytes: number;
}

/** The default bounds. */
export const DEFAULT_FILTER_LIMITS: FilterLimits = {
  maxFilterDepth: 32,
  maxFilterConditions: 1_000,
  maxFilterValues: 10_000,
  maxFilterBytes: 1024 * 1024,
};

/** Upper limit of `maxFilterDepth`: recursion over deeper filters could overflow the stack. */
export const DEEPEST_FILTER = 200;

/** State of one parse: bounds, conditions so far, and remaining characters. */
interface ParseState extends FilterLimits {
  conditions: number;
  remainingCharacters: number;
}

/** Most steps of a path: each step may form a literal key with the following ones. */
const MAX_PATH_STEPS = 32;

const LONGEST_PATH_SHOWN = 200;

const FIELD_OPERATORS = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$not"];
const LOGICAL_OPERATORS = ["$and", "$or", "$not"];

/** Characters of the names and operands of parsed filters. */
const lengths = new WeakMap<Filter, number>();

/** Number of characters of the names and operands of a filter. */
export function charactersOf(filter: Filter | null): number {
  return filter === null ? 0 : (lengths.get(filter) ?? 0);
}

/**
 * Parses a filter; returns null for no filter (undefined, null or `{}`).
 *
 * @throws {ValidationError} naming the path of an unknown operator or of an operand of the wrong kind.
 */
export function parseFilter(filter: unknown, limits: FilterLimits = DEFAULT_FILTER_LIMITS): Filter | null {
  if (filter === undefined || filter === null) return null;
  const { maxFilterDepth, maxFilterConditions, maxFilterValues, maxFilterBytes } = limits;
  const state = { maxFilterDepth, maxFilterConditions, maxFilterValues, maxFilterBytes, conditions: 0, remainingCharacters: maxFilterBytes };
  const parsed = parseObject(filter, "filter", 1, state);
  lengths.set(parsed, maxFilterBytes - state.remainingCharacters);
  return parsed.kind === "and" && parsed.filters.length === 0 ? null : parsed;
}

function parseObject(filter: unknown, at: string, depth: number, state: ParseState): Filter {
  checkDepth(depth, at, state);
  if (!isPlainObject(filter)) {
    throw new ValidationError(`${at} must be an object of fields and operators, but got ${kindOf(filter)}.`);
  }
  const names = Object.keys(filter);
  consume(names.length, state);
  // An empty filter counts as a condition: nested lists that repeat one object could otherwise be exponentially large.
  if (names.length === 0) countCondition(state);
  return all(names.map((name) => parseEntry(name, filter[name], at, depth, state)));
}

function countCondition(state: ParseState): void {
  state.conditions += 1;
  if (state.conditions <= state.maxFilterConditions) return;
  throw new ValidationError(
    `filter has more than ${state.maxFilterConditions} conditions (limits.maxFilterConditions): for one of many values, ` +
      "use $in.",
  );
}

/** Reserves characters for names, before they are processed. */
function consume(characters: number, state: ParseState): void {
  state.remainingCharacters -= characters;
  if (state.remainingCharacters >= 0) return;
  throw new ValidationError(
    `filter is longer than ${state.maxFilterBytes} characters (limits.maxFilterBytes): use fewer or shorter values.`,
  );
}

function checkDepth(depth: number, at: string, { maxFilterDepth }: ParseState): void {
  if (depth <= maxFilterDepth) return;
  throw new ValidationError(`${shown(at)} is nested deeper than ${maxFilterDepth} levels (limits.maxFilterDepth).`);
}

/** Shortens a path for a message; it may be as long as the filter. */
function shown(at: string): string {
  return at.length <= LONGEST_PATH_SHOWN ? at : `${at.slice(0, LONGEST_PATH_SHOWN)}…`;
}

function parseEntry(name: string, operand: unknown, at: string, depth: number, state: ParseState): Filter {
  consume(name.length, state);
  const here = `${at}.${name}`;
  if (name === "$and" || name === "$or") {
    if (!Array.isArray(operand) || operand.length === 0) {
      throw new ValidationError(`${here} must be a list of at least one filter, but got ${emptyOrKind(operand)}.`);
    }
    const filters = operand.map((filter, i) => parseObject(filter, `${here}[${i}]`, depth + 1, state));
    return { kind: name === "$and" ? "and" : "or", filters };
  }
  if (name === "$not") return { kind: "not", filter: parseObject(operand, here, depth + 1, state) };
  if (name.startsWith("$")) throw unknownOperator(here, name, LOGICAL_OPERATORS);
  return parseField(name, operand, here, depth, state);
}

function parseField(path: string, operand: unknown, at: string, depth: number, state: ParseState): Filter {
  checkDepth(depth, at, state);
  countCondition(state);
  if (!isPlainObject(operand)) return field(path, { op: "eq", value: literal(operand, at, state) });
  const names = Object.keys(operand);
  const operators = names.filter((name) => name.startsWith("$"));
  if (operators.length === 0) return field(path, { op: "eq", value: literal(operand, at, state) });
  if (operators.length < names.length) {
    const stray = names.find((name) => !name.startsWith("$"));
    throw new ValidationError(
      `${at} mixes operators with the plain key "${stray}": put the object to compare with under $eq, or a nested ` +
        `field under its dotted path "${path}.${stray}".`,
    );
  }
  return all(names.map((name) => parseOperator(path, name, operand[name], `${at}.${name}`, depth, state)));
}

function parseOperator(path: string, name: string, operand: unknown, at: string, depth: number, state: ParseState): Filter {
  switch (name) {
    case "$eq":
      return field(path, { op: "eq", value: literal(operand, at, state) });
    case "$ne":
      return field(path, { op: "ne", value: literal(operand, at, state) });
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return field(path, { op: name.slice(1) as "gt" | "gte" | "lt" | "lte", value: comparable(operand, at, state) });
    case "$in":
    case "$nin":
      if (!Array.isArray(operand)) throw new ValidationError(`${at} must be a list, but got ${kindOf(operand)}.`);
      if (operand.length > state.maxFilterValues) {
        throw new ValidationError(
          `${shown(at)} is a list of ${operand.length}; at most ${state.maxFilterValues} are allowed (limits.maxFilterValues).`,
        );
      }
      return field(path, {
        op: name.slice(1) as "in" | "nin",
        values: operand.map((value, i) => literal(value, `${at}[${i}]`, state)),
      });
    case "$exists":
      if (typeof operand !== "boolean") {
        throw new ValidationError(`${at} must be true or false, but got ${kindOf(operand)}.`);
      }
      return field(path, { op: "exists", value: operand });
    case "$not":
      if (!isPlainObject(operand) || !Object.keys(operand).every((key) => key.startsWith("$")) || isEmpty(operand)) {
        throw new ValidationError(`${at} must be an object of operators, but got ${emptyOrKind(operand)}; for "is not", use $ne.`);
      }
      return { kind: "not", filter: parseField(path, operand, at, depth + 1, state) };
    default:
      throw unknownOperator(at, name, FIELD_OPERATORS);
  }
}

function field(path: string, test: FieldTest): Filter {
  if (!path.isWellFormed()) throw new ValidationError("filter: a field name contains a lone surrogate, which no stored value can contain.");
  if (path.split(".").length > MAX_PATH_STEPS) {
    throw new ValidationError(`filter: a path has more than ${MAX_PATH_STEPS} steps; compare an enclosing object instead.`);
  }
  return { kind: "field", path, test };
}

function all(filters: Filter[]): Filter {
  const [only] = filters;
  return filters.length === 1 && only !== undefined ? only : { kind: "and", filters };
}

function literal(value: unknown, at: string, state: ParseState): unknown {
  if (value === undefined) {
    throw new ValidationError(
      `${at} is undefined: omit the field to match everything, or use { $exists: false } to match its absence.`,
    );
  }
  try {
    const { copy, characters } = copyValue(value, { maxBytes: state.remainingCharacters, option: "limits.maxFilterBytes" });
    state.remainingCharacters -= characters;
    return copy;
  } catch (cause) {
    throw new ValidationError(`${at} is not a valid operand: ${(cause as Error).message}`, { cause });
  }
}

function comparable(value: unknown, at: string, state: ParseState): Comparable {
  const ordered =
    (typeof value === "number" && !Number.isNaN(value)) ||
    typeof value === "bigint" ||
    typeof value === "string" ||
    (isDate(value) && !Number.isNaN(value.getTime()));
  if (!ordered) {
    throw new ValidationError(`${at} must be a number, string, bigint or valid Date, but got ${kindOf(value)}.`);
  }
  return literal(value, at, state) as Comparable;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function emptyOrKind(value: unknown): string {
  return typeof value === "object" && value !== null && isEmpty(value) ? `an empty ${kindOf(value)}` : kindOf(value);
}

function unknownOperator(at: string, name: string, known: readonly string[]): ValidationError {
  const hint = [...FIELD_OPERATORS, ...LOGICAL_OPERATORS].includes(name) ? " is not allowed here" : " is unknown";
  return new ValidationError(`${at}: the operator ${name}${hint}; allowed are ${known.join(", ")}.`);
}
