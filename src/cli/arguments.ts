/** Reads arguments and flags of commands. */
import { InvalidArgumentError } from "commander";
import { ConfigurationError, messageOf } from "../model/errors.ts";

/** A namespace as labels: "users.mia" is `["users", "mia"]`; no label may hold a period. The root is "" or omitted. */
export function namespaceOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(".");
}

/**
 * The namespace of a flag or argument that covers everything below it.
 *
 * @throws {ConfigurationError} for a wildcard, which would match nothing.
 */
export function prefixOf(text: string | undefined): string[] {
  const labels = namespaceOf(text);
  if (!labels.includes("*")) return labels;
  throw new ConfigurationError(`A namespace has no wildcards, but got ${JSON.stringify(text)}. It covers everything below it: users.mia also covers users.mia.notes.`);
}

/** A whole number of at least 0. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("It must be a whole number of at least 0.");
  return value;
}

/** A number. */
export function anyNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

/** A JSON object of a flag or an argument. */
export function jsonObject(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch (error) {
    throw new ConfigurationError(`${what} must be a JSON object, but it cannot be parsed: ${messageOf(error)}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ConfigurationError(`${what} must be a JSON object, such as '{"kind":"note"}'.`);
}
