/** Validates a configuration. */
import type { z } from "zod";
import { ConfigurationError } from "../model/errors.ts";
import { catalogueOf } from "./catalogue.ts";
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
  if (parsed.success) return parsed.data;
  throw mistakesError(describeMistakes(catalogueOf(schema), config, parsed.error.issues, originOf));
}

/** Returns the error that lists mistakes. */
export function mistakesError(mistakes: readonly string[], heading?: string): ConfigurationError {
  const count = mistakes.length === 1 ? "The configuration has a mistake." : `The configuration has ${mistakes.length} mistakes.`;
  return new ConfigurationError([heading ?? count, ...mistakes.map((mistake) => `  ${mistake}`)].join("\n"), {
    details: { mistakes },
  });
}
