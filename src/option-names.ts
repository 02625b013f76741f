/** Names of the options of calls: a misspelled option is an error, rather than ignored. */
import type { CallOptions, GetOptions, ListNamespacesOptions, PutOptions, SearchOptions } from "./call-options.ts";
import { kindOf, ValidationError } from "./model/errors.ts";
import { RANKING_NAMES } from "./model/ranking-options.ts";
import { nearestOf } from "./model/nearest-name.ts";
import { holdsFields } from "./model/realms.ts";

/** The names of all options of a call, in their order in messages. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

const signal = { signal: true } as const;
const page = { limit: true, offset: true } as const;

export const CALL_NAMES: OptionNames<CallOptions> = signal;
export const GET_NAMES: OptionNames<GetOptions> = { refreshTtl: true, ...signal };
export const PUT_NAMES: OptionNames<PutOptions> = { ttl: true, expiresAt: true, ...signal };
export const SEARCH_NAMES: OptionNames<SearchOptions> = {
  query: true,
  mode: true,
  ...RANKING_NAMES,
  filter: true,
  ...page,
  order: true,
  cursor: true,
  minScore: true,
  refreshTtl: true,
  ...signal,
};
export const LIST_NAMESPACES_NAMES: OptionNames<ListNamespacesOptions> = { prefix: true, suffix: true, maxDepth: true, ...page, ...signal };

/**
 * Checks and returns the options of a call. Untyped callers may pass null for none.
 *
 * @param call - name in messages, such as "search()"
 * @param known - names of the options; the type enforces that they are complete
 * @throws {ValidationError} that names an unknown option and the most similar known one.
 */
export function checkOptions<Options extends object>(
  options: Options | null,
  call: string,
  known: OptionNames<Options>,
): Partial<Options> {
  if (options === null) return {};
  if (!holdsFields(options)) {
    throw new ValidationError(`The options of ${call} must be a plain object, but got ${kindOf(options)}.`);
  }
  // Allocates nothing, as this runs for each get.
  for (const name in options) {
    if (!Object.hasOwn(known, name) && options[name] !== undefined) throw unknownName("option", name, call, Object.keys(known));
  }
  return options;
}

/** Returns an error that names an unknown option or event, and the most similar known one. */
export function unknownName(what: "option" | "event", name: string, call: string, known: readonly string[]): ValidationError {
  const near = nearestOf(name, known);
  const hint = near === null ? "" : ` Did you mean ${JSON.stringify(near)}?`;
  return new ValidationError(`${call} has no ${what} ${JSON.stringify(name)}.${hint} Its ${what}s are ${known.join(", ")}.`);
}
