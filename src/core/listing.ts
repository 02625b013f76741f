/** Walks the items below a prefix in their stable order: namespaces in label order, items by creation within each. */
import { comparePaths, ROOT } from "../model/namespace.ts";
import type { NamespaceStart } from "../model/namespace-place.ts";
import type { Filter } from "../model/filter.ts";
import { bytesOfRecords, type LiveRecord } from "../model/item.ts";
import type { ListingOrder } from "../model/request.ts";
import type { ItemRepository, ListPage, ListPosition, NamespacePage } from "../ports/item-repository.ts";
import { namespacePages } from "./namespace-pages.ts";
import type { OwnItems } from "./own-items.ts";

/** A place in a walk: after this item of a namespace, or after all of its items if `created` is the greatest safe integer. */
export interface WalkPlace extends ListPosition {
  readonly namespace: string;
}

/** The creation time of a {@link WalkPlace} behind all items of its namespace. */
const NAMESPACE_END = Number.MAX_SAFE_INTEGER;

/** What to walk. */
export interface Walk {
  readonly prefix: string;
  readonly order: ListingOrder;
  /** Continue after this place; null starts at the first item. */
  readonly after: WalkPlace | null;
  /** Records that the caller expects to need: the size of the first pages. */
  readonly expected: number;
  /** Returns how many more records the caller expects to need; null if unknown. */
  readonly expectedMore?: () => number | null;
  /** Hints from earlier walks; without them the namespaces below the prefix are read first. */
  readonly own?: OwnItems;
  /** Records that do not match may be left out. */
  readonly filter?: Filter | null;
  /** Walks only the namespaces flagged as holding items without vectors, and these. */
  readonly unscoredAnd?: readonly string[];
}

/** A step of a walk: the records of one request, possibly none. */
export interface WalkStep {
  readonly records: readonly LiveRecord[];
  /** Records that were left out before each record, and after the last one; absent if no record was. */
  readonly nonMatching: ListPage["nonMatching"];
  /** Everything up to here was read. */
  readonly place: WalkPlace;
}

/** Pages grow while the need is unknown: a short listing stays cheap, a long one makes few round trips. */
const GROWTH = 4;
const SMALLEST_PAGE = 10;
const LARGEST_PAGE = 500;

/** Most namespaces whose first pages are read concurrently. */
const MOST_NAMESPACES_AT_ONCE = 32;

/** Most bytes of these pages, if they are as large as those before. */
const MOST_BYTES_AT_ONCE = 16 * 1024 * 1024;

/** Walks the live records below a prefix, page by page, as a step of an asynchronous generator costs more than a record. */
export async function* walk(items: ItemRepository, what: Walk): AsyncGenerator<WalkStep, void, undefined> {
  const { prefix, own, after, expected, unscoredAnd } = what;
  // The items of the prefix itself come before those below it, and usually suffice: then the namespaces below are not read at all,
  // which saves half of the requests of a listing.
  const holdsItems = startsBelow(what) ? false : own?.at(prefix);
  const from: NamespaceStart | null = holdsItems === false ? startOf(after) : { path: prefix, from: "after" };
  const pages = namespacePages(items, { prefix, from, expected, unscoredAnd });
  const pace: Pace = { atOnce: 1 };
  if (holdsItems !== false) {
    const [page, below] = await Promise.all([firstPage(items, prefix, what), holdsItems === true ? null : pages.next()]);
    own?.record(prefix, page, after === null);
    yield* walkNamespace(items, prefix, what, page);
    pace.atOnce = 2;
    if (below !== null && below.done !== true) yield* walkEach(items, below.value, what, pace);
  }
  for await (const page of pages) yield* walkEach(items, page, what, pace);
}

/** How many namespaces are read concurrently. */
interface Pace {
  atOnce: number;
}

/** Returns whether the walk starts below the prefix, or does not use hints for the prefix itself. */
function startsBelow({ prefix, own, after, unscoredAnd }: Walk): boolean {
  if (own === undefined || prefix === ROOT || unscoredAnd !== undefined) return true;
  return after !== null && (after.namespace !== prefix || after.created === NAMESPACE_END);
}

function startOf(after: WalkPlace | null): NamespaceStart | null {
  if (after === null) return null;
  return { path: after.namespace, from: after.created === NAMESPACE_END ? "after" : "at" };
}

async function* walkEach(
  items: ItemRepository,
  { paths, next: end }: NamespacePage,
  what: Walk,
  pace: Pace,
): AsyncGenerator<WalkStep, void, undefined> {
  if (paths.length === 0 && end !== null) yield { records: [], nonMatching: undefined, place: endOf(end.path) };
  for (let next = 0; next < paths.length; ) {
    const group = paths.slice(next, next + pace.atOnce);
    const pages = await Promise.all(group.map((namespace) => firstPage(items, namespace, what)));
    for (const [i, namespace] of group.entries()) {
      const page = pages[i] as ListPage;
      if (namespace === what.prefix) what.own?.record(namespace, page, what.after === null);
      yield* walkNamespace(items, namespace, what, page);
    }
    next += group.length;
    const largest = pages.reduce((most, { records }) => Math.max(most, bytesOfRecords(records)), 1);
    pace.atOnce = Math.max(1, Math.min(pace.atOnce * 2, MOST_NAMESPACES_AT_ONCE, Math.floor(MOST_BYTES_AT_ONCE / largest)));
  }
}

function firstPage(items: ItemRepository, namespace: string, { order, expected, filter = null, after }: Walk): Promise<ListPage> {
  const start = after !== null && after.namespace === namespace ? { created: after.created, key: after.key } : null;
  return items.list({ namespace, order, after: start, limit: recordsAtOnce(expected), filter });
}

/** Walks one namespace, whose first page was read. */
async function* walkNamespace(
  items: ItemRepository,
  namespace: string,
  { order, expected, expectedMore, filter = null }: Walk,
  first: ListPage,
): AsyncGenerator<WalkStep, void, undefined> {
  yield stepOf(namespace, first);
  let limit = recordsAtOnce(expected);
  for (let after = first.next; after !== null; ) {
    limit = recordsAtOnce(expectedMore?.() ?? limit * GROWTH);
    const page = await items.list({ namespace, order, after, limit, filter });
    yield stepOf(namespace, page);
    after = page.next;
  }
}

function stepOf(namespace: string, { records, nonMatching, next }: ListPage): WalkStep {
  return { records, nonMatching, place: next === null ? endOf(namespace) : { namespace, ...next } };
}

function endOf(namespace: string): WalkPlace {
  return { namespace, created: NAMESPACE_END, key: "" };
}

function recordsAtOnce(expected: number): number {
  return Math.min(Math.max(expected, SMALLEST_PAGE), LARGEST_PAGE);
}

/** Compares records by the order of {@link walk}. */
export function compareInListing(a: LiveRecord, b: LiveRecord, order: ListingOrder): number {
  const inNamespace = a.created - b.created || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
  return comparePaths(a.namespace, b.namespace) || (order === "oldest" ? inNamespace : -inNamespace);
}
