/** Hints on the share of records that a filter matches, so that a listing reads as many records at once as it will need. */
import { Hints } from "../concurrency/hints.ts";
import { charactersOf, type Filter } from "../model/filter.ts";
import { testsIn } from "../model/filter-match.ts";

/** Most pairs of prefix and filter that are remembered. */
const MAX_FILTERS = 10_000;

/** Longer filters are not remembered. */
const MAX_FILTER_LENGTH = 500;

/** Fewest characters of the test of one field as JSON. */
const MIN_TEST_LENGTH = 40;

/** Assumed for a filter without a hint. */
const DEFAULT_RATE = 0.5;

/** Factor by which more records are read than the rate predicts: matches are not evenly distributed. */
const MARGIN = 1.25;

/** How many of the records that were read match a filter. */
export interface MatchCounts {
  /** Records that matched. */
  readonly matched: number;
  /** Records that were read. */
  readonly seen: number;
}

/** Returns how many records to read for `missing` further matches at the same rate; null when nothing matched so far. */
export function neededFor(missing: number, { matched, seen }: MatchCounts): number | null {
  return matched === 0 ? null : Math.ceil((MARGIN * missing * seen) / matched);
}

/** Match rates of filters, by prefix. */
export class MatchRates {
  readonly #counts = new Hints<MatchCounts>({ max: MAX_FILTERS });

  /** Returns how many records to read for `needed` matches; without a filter every record matches. */
  expected(prefix: string, filter: Filter | null, needed: number): number {
    if (filter === null) return needed;
    const name = nameOf(prefix, filter);
    const counts = name === null ? undefined : this.#counts.get(name);
    if (counts === undefined) return Math.ceil(needed / DEFAULT_RATE);
    // If nothing matched, the entire prefix was read, and will be again.
    return neededFor(needed, counts) ?? Math.max(counts.seen, needed);
  }

  /** Records the rate of a listing. */
  record(prefix: string, filter: Filter | null, { matched, seen }: MatchCounts): void {
    const name = filter === null || seen === 0 ? null : nameOf(prefix, filter);
    // A new object: the given one may be a page with its records.
    if (name !== null) this.#counts.record(name, { matched, seen });
  }
}

/** Returns the prefix and the filter as text; null for a long filter. */
function nameOf(prefix: string, filter: Filter): string | null {
  if (Math.max(testsIn(filter) * MIN_TEST_LENGTH, charactersOf(filter)) > MAX_FILTER_LENGTH) return null;
  const text = JSON.stringify(filter, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  return text.length > MAX_FILTER_LENGTH ? null : `${prefix}\n${text}`;
}
