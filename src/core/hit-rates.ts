/** Remembers how many of what was read a filter matched, so that the next listing by it reads as much as it needs at once. */
import { LRUCache } from "lru-cache";
import { charactersOf, type Filter } from "../model/filter.ts";
import { testsIn } from "../model/filter-match.ts";
import { shortName } from "../model/short-name.ts";

/** Filters that are remembered, with their prefixes. */
const MOST_FILTERS = 10_000;

/** Longer filters are not remembered. */
const LONGEST_FILTER = 500;

/** As text, no test of a field is shorter. */
const SHORTEST_TEST = 40;

/** Of a filter that nothing is known of, half is taken to match. */
const UNKNOWN_RATE = 0.5;

/** How many more than the hits so far foretell are read: hits do not lie evenly. */
const SLACK = 1.25;

/** What was read by a filter. */
export interface Met {
  /** Records that matched. */
  readonly matched: number;
  /** Records that were looked at. */
  readonly seen: number;
}

/** Records to read for `missing` further matches, if they go on as they came; null where none came. */
export function neededFor(missing: number, { matched, seen }: Met): number | null {
  return matched === 0 ? null : Math.ceil((SLACK * missing * seen) / matched);
}

/** The rates of filters, by prefix. A hint: a wrong one costs a request more, or some records. */
export class HitRates {
  readonly #met = new LRUCache<string, Met>({ max: MOST_FILTERS });

  /** Records that `needed` matches will take; without a filter all match. */
  expected(prefix: string, filter: Filter | null, needed: number): number {
    if (filter === null) return needed;
    const name = nameOf(prefix, filter);
    const met = name === null ? undefined : this.#met.get(name);
    if (met === undefined) return Math.ceil(needed / UNKNOWN_RATE);
    // Where nothing matched, all was read and will be.
    return neededFor(needed, met) ?? Math.max(met.seen, needed);
  }

  /** Notes what a listing by a filter met. */
  record(prefix: string, filter: Filter | null, met: Met): void {
    const name = filter === null || met.seen === 0 ? null : nameOf(prefix, filter);
    if (name !== null) this.#met.set(name, met);
  }
}

/** The filter and where it is applied, as text; null when that would be long. */
function nameOf(prefix: string, filter: Filter): string | null {
  if (Math.max(testsIn(filter) * SHORTEST_TEST, charactersOf(filter)) > LONGEST_FILTER) return null;
  const text = JSON.stringify(filter, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  return text.length > LONGEST_FILTER ? null : shortName(`${prefix}\n${text}`);
}
