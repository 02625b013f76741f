/** Describes what is wrong with a configuration: location, given value, what is allowed, and an example. */
import type { z } from "zod";
import { exampleOf, metaOf, schemasTo, type Catalogue } from "./catalogue.ts";
import { hintFor } from "./known-spellings.ts";
import { givenText, isSecretName } from "./given.ts";
import { nearestOf } from "../model/nearest-name.ts";
import { mustBe, typeText, type OptionSchema } from "./type-text.ts";

/** Returns the source of the value at a path, such as an environment variable or a file; null when only the path is known. */
export type OriginOf = (path: readonly PropertyKey[]) => Origin | null;

/** The source of a value. */
export interface Origin {
  /** For messages: "in scylladb-store.config.yaml". */
  readonly text: string;
  /** Name of the environment variable; null for other sources. */
  readonly variable: string | null;
}

/** Placeholder for checks without their own message. */
export const NO_MESSAGE = "";

type Issue = z.core.$ZodIssue;

/** Returns one line for each mistake. */
export function describeMistakes(catalogue: Catalogue, config: unknown, issues: readonly Issue[], originOf: OriginOf): string[] {
  return issues.flatMap((issue) => describe(catalogue, config, issue, originOf));
}

function describe(catalogue: Catalogue, config: unknown, issue: Issue, originOf: OriginOf): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownName(catalogue, [...issue.path, key], originOf));
  }
  // Of a union, report the alternative whose type matches and whose content is wrong.
  const inner = issue.code === "invalid_union" ? issue.errors.find((each) => each.every(({ path }) => path.length > 0)) : undefined;
  if (inner !== undefined && inner.length > 0) {
    return inner.flatMap((each) => describe(catalogue, config, { ...each, path: [...issue.path, ...each.path] }, originOf));
  }
  return [wrongValue(catalogue, config, issue, originOf)];
}

function wrongValue(catalogue: Catalogue, config: unknown, issue: Issue, originOf: OriginOf): string {
  const { path } = issue;
  const schemas = schemasTo(catalogue, path);
  const schema = schemas.length === path.length + 1 ? schemas.at(-1) : undefined;
  const value = valueAt(config, path);
  const given = givenText(value, isSecretName(path) || schemas.some((each) => metaOf(each).isSecret) || holdsMore(schema));
  const origin = originOf(path);
  return (
    `${pathText(path)}: ${allowed(issue, schema, value)} (got ${given}${origin === null ? "" : ` ${origin.text}`}).` +
    exampleText(path, schema, origin)
  );
}

/** A value given instead of an object may be anything, a password too. */
function holdsMore(schema: OptionSchema | undefined): boolean {
  return schema?.type === "object";
}

function allowed(issue: Issue, schema: OptionSchema | undefined, value: unknown): string {
  if (issue.message !== NO_MESSAGE) return issue.message.replace(/\.$/, "");
  if (schema === undefined) return value === undefined ? "is required" : "has a type that is not allowed";
  if (value === undefined) return `is required, and ${mustBe(schema)}`;
  const isNumber = schema.type === "number" || schema.type === "integer";
  return issue.code === "too_small" && !isNumber ? `must not be empty: ${typeText(schema)}` : mustBe(schema);
}

function unknownName(catalogue: Catalogue, path: readonly PropertyKey[], originOf: OriginOf): string {
  const name = String(path.at(-1));
  const above = path.slice(0, -1);
  const schema = schemasTo(catalogue, above).at(-1);
  const known = Object.keys(schema?.properties ?? {});
  const near = nearestOf(name, known);
  const origin = originOf(path);
  const problem = `${pathText(path)}: is not an option${origin === null ? "" : ` (${origin.text})`}; `;
  const hint = hintFor(pathText(path), known);
  if (hint !== null) return `${problem}${hint}`;
  if (near !== null) return `${problem}did you mean ${pathText([...above, near])}?`;
  const elsewhere = catalogue.options.find((option) => isBelowSibling(option.path, above) && nearestOf(name, [option.path.at(-1) ?? ""]) !== null);
  if (elsewhere !== undefined) return `${problem}did you mean ${pathText(elsewhere.path)}?`;
  return `${problem}the options${above.length === 0 ? "" : ` of ${pathText(above)}`} are ${known.join(", ")}.`;
}

/** Whether an option is one level below the options beside a name: one deeper or elsewhere is rarely what was meant. */
function isBelowSibling(option: readonly string[], above: readonly PropertyKey[]): boolean {
  return option.length === above.length + 2 && above.every((step, i) => option[i] === step);
}

function exampleText(path: readonly PropertyKey[], schema: OptionSchema | undefined, origin: Origin | null): string {
  const example = schema === undefined ? undefined : exampleOf(schema);
  if (example === undefined) return "";
  if (origin?.variable !== undefined && origin.variable !== null) {
    return ` For example: ${origin.variable}=${typeof example === "string" ? example : JSON.stringify(example)}`;
  }
  const last = path.at(-1);
  return ` For example: ${typeof last === "string" ? `${last}: ` : ""}${JSON.stringify(example)}`;
}

/** A path as text: `cql.contactPoints.0`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "config" : path.map(String).join(".");
}

/** The value at a path; undefined when there is none. */
export function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, step) ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    config,
  );
}
