/**
 * The texts of a value that are embedded. Paths are those of LangGraph's InMemoryStore: `$` (the entire value), `a.b`,
 * `a[0]`, `a[-1]`, `a[*].b`, `*` (every member) and `{a,b.c}` (several members, the last step of a path).
 */
import { ValidationError } from "./errors.ts";
import { hasFields } from "./field-paths.ts";
import { isBytes, isDate, isMap, isOwnPlainObject, isSet } from "./realms.ts";

/** The path of the entire value. */
export const WHOLE_VALUE = "$";

/** Any visible character: no white space, control or format character, and no character that renders as empty. */
const VISIBLE = /[^\s\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Whether a text has no visible character. Blank texts and queries are not embedded. */
export function isBlank(text: string): boolean {
  return !VISIBLE.test(text);
}

/** Longest path, in characters. */
const LONGEST_PATH = 1_024;

/** Most texts of one item: each becomes a vector. */
export const MAX_TEXTS = 256;

/** Most characters of all texts of one item. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

/** Most fields that are visited to find the texts of one item. */
const MAX_VISITS = 2_000_000;

/** Most characters of indentation in a text: a deeply nested value of 4 MB could have hundreds of megabytes. */
const MAX_INDENT = 1024 * 1024;

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
 * @throws {ValidationError} when the path is empty, or a bracket or brace is not closed or has invalid content.
 */
export function parseTextPath(path: unknown): TextPath {
  if (typeof path !== "string" || path === "") {
    throw new ValidationError('An index path must be a text such as "$", "title" or "chapters[*].content".');
  }
  if (path.length > LONGEST_PATH) {
    throw new ValidationError(`The index path "${path}" has ${path.length} characters; at most ${LONGEST_PATH} are allowed.`);
  }
  if (path === WHOLE_VALUE) return [];
  const steps: Step[] = [];
  for (const [token] of path.matchAll(/\[[^\]]*\]?|\{[^}]*\}?|[^.[{]+/g)) steps.push(parseStep(token, path));
  if (steps.length === 0) throw new ValidationError(`The index path "${path}" names no field.`);
  // "$.a" equals "a".
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
    return { kind: "members", paths: [...new Set(names)].map(parseTextPath) };
  }
  return token === "*" ? { kind: "every" } : { kind: "name", name: token };
}

/** Number of single paths that a path expands to: `{a,b}` expands to two. */
export function pathsIn(path: TextPath): number {
  const last = path.at(-1);
  return last?.kind === "members" ? last.paths.length : 1;
}

/** Texts of a value; `excess` describes the exceeded bound, or is null when the texts are complete. */
export interface Texts {
  readonly texts: readonly string[];
  readonly excess: string | null;
}

/** Returns the distinct texts at `paths` in `value`, in order, without blank texts. */
export function textsAt(value: unknown, paths: readonly TextPath[]): Texts {
  const collector = new Collector();
  for (const path of paths) if (!collector.collect(value, path, 0)) break;
  return { texts: [...collector.texts], excess: collector.excess };
}

/** Collects texts up to the bounds. */
class Collector {
  readonly texts = new Set<string>();
  excess: string | null = null;
  #visits = 0;
  #characters = 0;

  /** Returns false when a bound is exceeded. */
  collect(value: unknown, steps: TextPath, position: number): boolean {
    this.#visits += 1;
    if (this.#visits > MAX_VISITS) return this.#stop(`more than ${MAX_VISITS} fields to search for texts to embed`);
    const step = steps[position];
    if (step === undefined) return this.#add(textOf(value));
    const next = (member: unknown): boolean => this.collect(member, steps, position + 1);
    switch (step.kind) {
      case "name":
        return !hasFields(value) || !Object.hasOwn(value, step.name) || next((value as Record<string, unknown>)[step.name]);
      case "every":
        return !hasFields(value) || Object.values(value).every(next);
      case "element":
        if (!Array.isArray(value)) return true;
        if (step.index === "*") return value.every(next);
        return next(value.at(step.index));
      case "members":
        return step.paths.every((path) => this.collect(value, path, 0));
    }
  }

  #add(text: string | null): boolean {
    if (text === null || isBlank(text) || this.texts.has(text)) return true;
    if (this.texts.size === MAX_TEXTS) return this.#stop(`more than ${MAX_TEXTS} texts to embed`);
    this.#characters += text.length;
    if (this.#characters > MAX_CHARACTERS) return this.#stop(`more than ${MAX_CHARACTERS} characters of text to embed`);
    this.texts.add(text);
    return true;
  }

  #stop(excess: string): false {
    this.excess = excess;
    return false;
  }
}

/** The text of a value: numbers and booleans as text, objects as JSON, as in InMemoryStore. */
function textOf(value: unknown): string | null {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      if (value === null || isBytes(value)) return null;
      if (isDate(value)) return value.toISOString();
      return jsonOf(value);
    default:
      return null;
  }
}

function jsonOf(value: object): string {
  const shape: Shape = { remainingIndent: MAX_INDENT, isPlain: true };
  measure(value, 1, shape);
  // Not by a replacer function, with which JSON.stringify is several times slower.
  return JSON.stringify(shape.isPlain ? value : nearestJson(value), undefined, shape.remainingIndent < 0 ? 0 : 2);
}

/** Properties of an object that determine its serialization. */
interface Shape {
  /** Remaining characters of indentation; negative when exceeded. */
  remainingIndent: number;
  /** Whether it contains only JSON types. */
  isPlain: boolean;
}

function measure(value: unknown, depth: number, shape: Shape): void {
  if (typeof value === "bigint") shape.isPlain = false;
  if (typeof value !== "object" || value === null) return;
  for (const member of membersOf(value, shape)) {
    shape.remainingIndent -= 2 * depth + 1;
    measure(member, depth + 1, shape);
  }
}

const NONE: readonly unknown[] = [];

function membersOf(value: object, shape: Shape): Iterable<unknown> {
  if (isOwnPlainObject(value)) return Object.values(value) as unknown[];
  if (Array.isArray(value)) return value as unknown[];
  if (isDate(value)) return NONE;
  const isOfMembers = isMap(value) || isSet(value);
  if (isOfMembers || isBytes(value)) shape.isPlain = false;
  if (isOfMembers) return value.values();
  return isBytes(value) ? NONE : (Object.values(value) as unknown[]);
}

/** Returns a value in which the types that JSON lacks are their nearest JSON; bytes are omitted. Parts without such types are not copied. */
function nearestJson(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null || isDate(value)) return value;
  if (Array.isArray(value)) return replaced(value, value.keys());
  if (isMap(value)) return Object.fromEntries(Array.from(value, ([key, member]) => [nameOf(key), nearestJson(member)]));
  if (isSet(value)) return Array.from(value, nearestJson);
  return isBytes(value) ? undefined : replaced(value as Record<string, unknown>, Object.keys(value));
}

/** Replaces the members of a list or an object, in a copy if any of them changes. */
function replaced<K extends string | number>(whole: { readonly [Key in K]: unknown }, keys: Iterable<K>): unknown {
  let copy: { [Key in K]: unknown } | null = null;
  for (const key of keys) {
    const member = nearestJson(whole[key]);
    if (Object.is(member, whole[key])) continue;
    copy ??= Array.isArray(whole) ? ([...(whole as unknown[])] as unknown as { [Key in K]: unknown }) : { ...whole };
    copy[key] = member;
  }
  return copy ?? whole;
}

/** Returns the name of a Map's key. An object has no text of its own, and its `toString` may be data. */
function nameOf(key: unknown): string {
  return typeof key === "object" && key !== null ? (JSON.stringify(nearestJson(key)) ?? "") : String(key);
}
