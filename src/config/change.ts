/** Differences between two configurations, and which of them a running store accepts. */
import type { z } from "zod";
import { Secret } from "../model/secret.ts";
import { catalogueOf, type Option } from "./catalogue.ts";
import { givenText, isSecretName } from "./given.ts";
import { isPlainObject } from "./layers.ts";
import { pathText, valueAt } from "./mistakes.ts";
import { mistakesError } from "./parse.ts";
import { SecretReference } from "./secrets/reference.ts";

/**
 * Returns the paths of the options that differ, as text.
 *
 * @throws {ConfigurationError} naming each changed option that cannot change while the store runs, and why.
 */
export function changesOf(schema: z.ZodType, before: unknown, after: unknown): string[] {
  const changed = catalogueOf(schema).options.filter(({ path }) => !isSame(valueAt(before, path), valueAt(after, path)));
  const refused = changed.flatMap((option) => (option.fixed === null ? [] : [refusal(option, option.fixed, before, after)]));
  if (refused.length > 0) throw mistakesError(refused, "These options cannot change while the store runs; the active configuration stays.");
  return changed.map(({ path }) => pathText(path));
}

function refusal({ path, isSecret }: Option, why: string, before: unknown, after: unknown): string {
  const hidden = isSecret || isSecretName(path);
  const [was, is] = [before, after].map((config) => givenText(valueAt(config, path), hidden));
  return `${pathText(path)}: it ${why} (active: ${was}, got: ${is}). Create a new store for this change.`;
}

/** Whether two values of an option are equal: lists and objects by content, secrets by text, instances by identity. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Secret && other instanceof Secret) return one.reveal() === other.reveal();
  if (one instanceof SecretReference && other instanceof SecretReference) return one.toString() === other.toString();
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((each, i) => isSame(each, other[i]));
  if (!isPlainObject(one) || !isPlainObject(other)) return false;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => isSame(valueAt(one, [name]), valueAt(other, [name])));
}
