/** Checks a configuration. */
import type { z } from "zod";
import { ConfigurationError } from "../model/errors.ts";
import { catalogueOf } from "./catalogue.ts";
import { describeMistakes, NO_WORDS, type OriginOf } from "./mistakes.ts";

/**
 * Checks a configuration and fills in its defaults.
 *
 * @param originOf - where the value at a path was given, for messages
 * @throws {ConfigurationError} that lists every mistake: its path, what was given there (never a secret), what is allowed,
 *   and an example.
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  config: unknown,
  originOf: OriginOf = () => null,
): z.output<Schema> {
  const parsed = schema.safeParse(config, { error: () => NO_WORDS });
  if (parsed.success) return parsed.data;
  throw mistaken(describeMistakes(catalogueOf(schema), config, parsed.error.issues, originOf));
}

/** The error that lists mistakes. */
export function mistaken(mistakes: readonly string[], heading?: string): ConfigurationError {
  const count = mistakes.length === 1 ? "The configuration is wrong." : `The configuration has ${mistakes.length} mistakes.`;
  return new ConfigurationError([heading ?? count, ...mistakes.map((mistake) => `  ${mistake}`)].join("\n"), {
    details: { mistakes },
  });
}
