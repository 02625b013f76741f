/** Validates a configuration. */
import type { z } from "zod";
import { ConfigurationError } from "../model/errors.ts";
import { holdsFields, isOwnPlainObject } from "../model/realms.ts";
import { catalogueOf, schemasTo } from "./catalogue.ts";
import { describeMistakes, NO_MESSAGE, type OriginOf } from "./mistakes.ts";

/**
 * Validates a configuration and applies its defaults.
 *
 * @param originOf - returns the source of the value at a path, for messages
 * @throws {ConfigurationError} listing every mistake: its path, the given value (never a secret), what is allowed, and an
 *   example.
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  config: unknown,
  originOf: OriginOf = () => null,
): z.output<Schema> {
  const parsed = schema.safeParse(config, { error: () => NO_MESSAGE });
  const groups = [...builtInsOf(config, [])].filter((path) => isGroup(schema, path));
  if (parsed.success && groups.length === 0) return parsed.data;
  // The schema takes a `Map` for an object without options.
  const issues = groups.map((path) => ({ code: "invalid_type" as const, expected: "object" as const, path, message: NO_MESSAGE }));
  throw mistakesError(describeMistakes(catalogueOf(schema), config, [...issues, ...(parsed.error?.issues ?? [])], originOf));
}

/** Deepest group of options. */
const MAX_DEPTH = 10;

/** Yields the paths of built-in objects, such as a `Map` or `Buffer`, in plain objects. */
function* builtInsOf(value: unknown, path: readonly string[]): Generator<string[]> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || path.length > MAX_DEPTH) return;
  if (!holdsFields(value)) yield [...path];
  else if (isOwnPlainObject(value)) for (const [name, field] of Object.entries(value)) yield* builtInsOf(field, [...path, name]);
}

/** Whether the value at a path is an object of options. */
function isGroup(schema: z.ZodType, path: readonly string[]): boolean {
  const schemas = schemasTo(catalogueOf(schema), path);
  return schemas.length === path.length + 1 && schemas.at(-1)?.type === "object";
}

/** Returns the error that lists mistakes. */
export function mistakesError(mistakes: readonly string[], heading?: string): ConfigurationError {
  const count = mistakes.length === 1 ? "The configuration has a mistake." : `The configuration has ${mistakes.length} mistakes.`;
  return new ConfigurationError([heading ?? count, ...mistakes.map((mistake) => `  ${mistake}`)].join("\n"), {
    details: { mistakes },
  });
}
