/**
 * The texts of a value that are embedded. Paths are those of LangGraph's InMemoryStore: `$` (the whole value), `a.b`,
 * `a[0]`, `a[-1]`, `a[*].b`, `*` (every member) and `{a,b.c}` (several members, the last step of a path).
 */
import { ValidationError } from "./errors.ts";
import { hasFields } from "./field-paths.ts";

/** The path that stands for the whole value. */
export const WHOLE_VALUE = "$";

/** Any character that shows: no white space, control or format character, and none of those that only look empty. */
const VISIBLE = /[^\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\u115F\u1160\u2800\u3164\p{Variation_Selector}\uFFA0]/u;

/** Whether nothing in a text shows. Such a text is not embedded, in a put as in a query. */
export function isBlank(text: string): boolean {
  return !VISIBLE.test(text);
}

type Step =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "every" }
  | { readonly kind: "element"; readonly index: number | "*" }
  | { readonly kind: "members"; readonly paths: readonly (readonly Step[])[] };

/** A parsed path. */
export type TextPath = readonly Step[];

/**
 * Parses a path.
 *
 * @throws {ValidationError} when the path is empty, or a bracket or brace is not closed or holds nothing usable.
 */
export function parseTextPath(path: unknown): TextPath {
  if (typeof path !== "string" || path === "") {
    throw new ValidationError('An index path must be a text such as "$", "title" or "chapters[*].content".');
  }
  if (path === WHOLE_VALUE) return [];
  const steps: Step[] = [];
  for (const [token] of path.matchAll(/\[[^\]]*\]?|\{[^}]*\}?|[^.[{]+/g)) steps.push(parseStep(token, path));
  if (steps.length === 0) throw new ValidationError(`The index path "${path}" names no field.`);
  // "$.a" is "a" below the whole value.
  const [first] = steps;
  return first?.kind === "name" && first.name === WHOLE_VALUE ? steps.slice(1) : steps;
}

function parseStep(token: string, path: string): Step {
  if (token.startsWith("[")) {
    const index = token.slice(1, -1).trim();
    if (!token.endsWith("]") || !/^(\*|-?\d+)$/.test(index)) {
      throw new ValidationError(`The index path "${path}" holds "${token}": write [0], [-1] or [*].`);
    }
    return { kind: "element", index: index === "*" ? "*" : Number(index) };
  }
  if (token.startsWith("{")) {
    const names = token.slice(1, -1).split(",").map((name) => name.trim());
    if (!token.endsWith("}") || names.some((name) => name === "")) {
      throw new ValidationError(`The index path "${path}" holds "${token}": write {title,meta.author}.`);
    }
    return { kind: "members", paths: names.map(parseTextPath) };
  }
  return token === "*" ? { kind: "every" } : { kind: "name", name: token };
}

/** The texts at `path` in `value`, in order. Blank texts are left out: there is nothing in them to find. */
export function textsAt(value: unknown, path: TextPath): string[] {
  return collect(value, path, 0).filter((text) => !isBlank(text));
}

function collect(value: unknown, steps: TextPath, position: number): string[] {
  const step = steps[position];
  if (step === undefined) return textOf(value);
  const next = (member: unknown): string[] => collect(member, steps, position + 1);
  switch (step.kind) {
    case "name":
      return hasFields(value) && Object.hasOwn(value, step.name) ? next((value as Record<string, unknown>)[step.name]) : [];
    case "every":
      return hasFields(value) ? Object.values(value).flatMap(next) : [];
    case "element":
      if (!Array.isArray(value)) return [];
      return step.index === "*" ? value.flatMap(next) : next(value.at(step.index));
    case "members":
      return step.paths.flatMap((path) => collect(value, path, 0));
  }
}

/** Numbers and booleans are text too; objects are embedded as their JSON, as InMemoryStore does. */
function textOf(value: unknown): string[] {
  switch (typeof value) {
    case "string":
      return [value];
    case "number":
    case "boolean":
    case "bigint":
      return [String(value)];
    case "object":
      if (value === null || value instanceof Uint8Array) return [];
      return value instanceof Date ? [value.toISOString()] : [JSON.stringify(value, readable, 2)];
    default:
      return [];
  }
}

/** JSON for reading by a model: what JSON lacks becomes its nearest text; bytes say nothing to it. */
function readable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value instanceof Uint8Array ? undefined : value;
}
