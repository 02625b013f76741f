/** Evaluates filters on values: the single place that decides whether an item matches. */
import { canonicalText } from "./canonical-text.ts";
import { FieldPaths } from "./field-paths.ts";
import type { Comparable, FieldTest, Filter } from "./filter.ts";
import { isDate } from "./realms.ts";

/** The value of a missing field. */
const MISSING = undefined;

/** Compiled filters. */
const evaluators = new WeakMap<Filter, Evaluator>();

/** Whether `value` satisfies `filter`. Types are not coerced; a missing field satisfies only `$ne` and `$nin`. */
export function matchesFilter(value: Readonly<Record<string, unknown>>, filter: Filter | null): boolean {
  return filter === null || evaluatorOf(filter).matches(value);
}

/** Most tests of fields in one evaluation of the filter. Does not compile the filter, because a search may read no value. */
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

/** The fields of one value by the positions of their paths, and the canonical texts computed so far. */
interface Fields {
  readonly found: readonly unknown[];
  readonly texts: (string | null | undefined)[];
}

type Condition = (fields: Fields) => boolean;

/**
 * A compiled filter: paths are found in one walk, and operands of `$in` by canonical text. The cost of an evaluation is
 * linear in the sizes of value and filter.
 */
class Evaluator {
  readonly #paths = new FieldPaths();
  /** Longest operand text, by the positions of paths. */
  readonly #longestOperands: number[] = [];
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

  /** Whether the field exists and equals one of the values, by value and type; -0 equals 0 and NaN equals NaN. */
  #isAmong(path: number, values: readonly unknown[]): Condition {
    const [only] = values;
    if (values.length === 1 && (typeof only !== "object" || only === null)) {
      return ({ found }) => found[path] === only || (only !== only && found[path] !== found[path]);
    }
    // By canonical text: Node.js hashes strings with a random seed, so that operands cannot be chosen to collide.
    const texts = new Set(values.map((value) => canonicalText(value, Infinity)));
    let longest = 0;
    for (const text of texts) longest = Math.max(longest, text?.length ?? 0);
    this.#longestOperands[path] = Math.max(this.#longestOperands[path] ?? 0, longest);
    return (fields) => {
      if (fields.found[path] === MISSING) return false;
      const text = this.#textOf(path, fields);
      return text !== null && texts.has(text);
    };
  }

  /** The canonical text of a field, computed once for all tests; null when it is longer than every operand. */
  #textOf(path: number, { found, texts }: Fields): string | null {
    let text = texts[path];
    if (text === undefined) {
      text = canonicalText(found[path], this.#longestOperands[path] ?? 0);
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

/** The type and rank of a value that has an order; null for other values. */
function ordered(value: unknown): { type: string; rank: number | bigint | string } | null {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") {
    return { type: typeof value, rank: value };
  }
  return isDate(value) ? { type: "Date", rank: value.getTime() } : null;
}
