/** The defaults that `store.with()` binds to a view. */
import { kindOf, ValidationError } from "./model/errors.ts";
import type { IndexOverride } from "./model/item.ts";
import { parseIndex, parseMinScore, parseMode, parseOrder } from "./model/operation-fields.ts";
import { parseRankingOptions, RANKING_NAMES, type RankingOptions, type RankingRequest } from "./model/ranking-options.ts";
import type { ListingOrder, RequestLimits } from "./model/request.ts";
import type { SearchMode } from "./model/search-mode.ts";
import { parseLifetime } from "./model/ttl.ts";
import { checkOptions, type OptionNames } from "./option-names.ts";

/** Defaults of the calls made through a view. Options of a call take precedence. */
export interface ViewDefaults extends RankingOptions {
  /** How puts index their items. */
  index?: false | string[];
  /** Order of searches without a query. */
  order?: ListingOrder;
  /** Lowest score of searches with a query. */
  minScore?: number;
  /** How searches with a query rank. */
  mode?: SearchMode;
  /** TTL of new items, minutes; null for items that never expire. */
  ttl?: number | null;
  /**
   * `"throw"`: a batch in which an operation fails rejects with a `BatchError`. `"positional"`: the batch resolves, with a
   * rejected promise at the position of each failed operation. Inside a graph, LangGraph then rejects only the call that
   * failed, not all calls of the same batch.
   */
  batchErrors?: "throw" | "positional";
  /** User id for the audit trail; null for the user that `audit.actor` returns. Ignored where `audit.actorTrust` is "verified". */
  actor?: string | null;
}

/** Checked defaults, with all options of ranking in one field. */
export interface CheckedDefaults extends Omit<ViewDefaults, keyof RankingOptions> {
  readonly ranking?: RankingRequest | undefined;
}

const DEFAULT_NAMES: OptionNames<ViewDefaults> = {
  index: true,
  order: true,
  minScore: true,
  mode: true,
  ...RANKING_NAMES,
  ttl: true,
  batchErrors: true,
  actor: true,
};

/** Checks the defaults of a caller, and returns them merged over `inherited`, those of the view or store that they extend. */
export function checkDefaults(defaults: ViewDefaults, limits: RequestLimits, inherited: CheckedDefaults): CheckedDefaults {
  if (typeof defaults !== "object" || defaults === null) {
    throw new ValidationError(`with() takes an object of defaults, but got ${kindOf(defaults)}.`);
  }
  const checked = checkOptions(defaults, "with()", DEFAULT_NAMES);
  const { index, order, minScore, mode, ttl, batchErrors, actor } = checked;
  if (batchErrors !== undefined && batchErrors !== "throw" && batchErrors !== "positional") {
    throw new ValidationError('batchErrors must be "throw" or "positional".');
  }
  if (actor !== undefined && actor !== null && (typeof actor !== "string" || actor === "")) {
    // Presumably a user id that the caller failed to set.
    throw new ValidationError(`actor must be a non-empty text or null, but got ${actor === "" ? "an empty text" : kindOf(actor)}.`);
  }
  parseLifetime(ttl, undefined, Date.now());
  const checkedIndex: IndexOverride = parseIndex(index, limits);
  const ranking = parseRankingOptions(checked, inherited.ranking);
  return {
    ...inherited,
    ...(ranking === null ? {} : { ranking }),
    ...(checkedIndex === undefined ? {} : { index: checkedIndex === false ? false : [...checkedIndex] }),
    ...(order === undefined ? {} : { order: parseOrder(order) }),
    ...(minScore === undefined ? {} : withMinScore(parseMinScore(minScore))),
    ...(mode === undefined ? {} : withMode(parseMode(mode))),
    ...(ttl === undefined ? {} : { ttl }),
    ...(batchErrors === undefined ? {} : { batchErrors }),
    ...(actor === undefined ? {} : { actor }),
  };
}

function withMode(mode: SearchMode | null): ViewDefaults {
  return mode === null ? {} : { mode };
}

function withMinScore(minScore: number | null): ViewDefaults {
  return minScore === null ? {} : { minScore };
}
