/** Evaluates a filter on a value: the one place that decides whether an item matches. */
import { canonicalText } from "./canonical-text.ts";
import { FieldPaths } from "./field-paths.ts";
import type { Comparable, FieldTest, Filter } from "./filter.ts";

/** Stands for "no such field". */
const MISSING = undefined;

/** Filters, made ready to be evaluated on many values. */
const evaluators = new WeakMap<Filter, Evaluator>();

/** Whether `value` satisfies `filter`. No type is coerced to another; a missing field satisfies `$ne` and `$nin` only. */
export function matchesFilter(value: Readonly<Record<string, unknown>>, filter: Filter | null): boolean {
  return filter === null || evaluatorOf(filter).matches(value);
}

/** Tests of fields that one evaluation of the filter makes at most. Nothing is made ready: a search may meet no value. */
export function testsIn(filter: Filter | null): number {
  switch (filter?.kind) {
    case undefined:
      return 0;
    case "and":
    case "or":
      return filter.filters.reduce((tests, each) => tests + testsIn(each), 0);
    case "not":
      return testsIn(filter.filter);
    case "field":
      return 1;
  }
}

function evaluatorOf(filter: Filter): Evaluator {
  let evaluator = evaluators.get(filter);
  if (evaluator === undefined) {
    evaluator = new Evaluator(filter);
    evaluators.set(filter, evaluator);
  }
  return evaluator;
}

/** The fields of one value, by the positions of their paths, and the texts of those that were compared as texts. */
interface Fields {
  readonly found: readonly unknown[];
  readonly texts: (string | null | undefined)[];
}

type Condition = (fields: Fields) => boolean;

/**
 * A filter, ready: paths are found together, and operands of `$in` by their texts. What one evaluation takes grows with the
 * size of the value and of the filter, and not with their product.
 */
class Evaluator {
  readonly #paths = new FieldPaths();
  /** Longest text, by the positions of paths, with which a field is compared. */
  readonly #rooms: number[] = [];
  readonly #condition: Condition;

  constructor(filter: Filter) {
    this.#condition = this.#conditionOf(filter);
  }

  matches(value: Readonly<Record<string, unknown>>): boolean {
    return this.#condition({ found: this.#paths.find(value), texts: [] });
  }

  #conditionOf(filter: Filter): Condition {
    switch (filter.kind) {
      case "and": {
        const all = filter.filters.map((each) => this.#conditionOf(each));
        return (fields) => all.every((condition) => condition(fields));
      }
      case "or": {
        const any = filter.filters.map((each) => this.#conditionOf(each));
        return (fields) => any.some((condition) => condition(fields));
      }
      case "not": {
        const condition = this.#conditionOf(filter.filter);
        return (fields) => !condition(fields);
      }
      case "field":
        return this.#testOf(this.#paths.add(filter.path), filter.test);
    }
  }

  #testOf(path: number, test: FieldTest): Condition {
    switch (test.op) {
      case "eq":
        return this.#isAmong(path, [test.value]);
      case "in":
        return this.#isAmong(path, test.values);
      case "ne":
        return not(this.#isAmong(path, [test.value]));
      case "nin":
        return not(this.#isAmong(path, test.values));
      case "exists":
        return ({ found }) => (found[path] !== MISSING) === test.value;
      default:
        return ({ found }) => inRange(found[path], test.op, test.value);
    }
  }

  /** Whether the field is there and equals one of the values, by value and type; -0 is 0 and NaN is NaN. */
  #isAmong(path: number, values: readonly unknown[]): Condition {
    const [only] = values;
    if (values.length === 1 && (typeof only !== "object" || only === null)) {
      return ({ found }) => found[path] === only || (only !== only && found[path] !== found[path]);
    }
    // By their texts: Node.js hashes these with a seed of the process, so that no operands can be made to collide.
    const texts = new Set(values.map((value) => canonicalText(value, Infinity)));
    let longest = 0;
    for (const text of texts) longest = Math.max(longest, text?.length ?? 0);
    this.#rooms[path] = Math.max(this.#rooms[path] ?? 0, longest);
    return (fields) => {
      if (fields.found[path] === MISSING) return false;
      const text = this.#textOf(path, fields);
      return text !== null && texts.has(text);
    };
  }

  /** The text of a field, made once for all tests; null when it is longer than any with which it is compared. */
  #textOf(path: number, { found, texts }: Fields): string | null {
    let text = texts[path];
    if (text === undefined) {
      text = canonicalText(found[path], this.#rooms[path] ?? 0);
      texts[path] = text;
    }
    return text;
  }
}

function not(condition: Condition): Condition {
  return (fields) => !condition(fields);
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
