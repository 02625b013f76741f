/** Walks the items below a prefix in their stable order: namespaces in label order, items by creation within each. */
import { isWithin, comparePaths, ROOT } from "../model/namespace.ts";
import type { LiveRecord } from "../model/item.ts";
import type { ListingOrder } from "../model/operation.ts";
import type { ItemRepository, ListPage, ListPosition, NamespaceEntry } from "../ports/item-repository.ts";
import type { OwnItems } from "./own-items.ts";

/** What to walk. */
export interface Walk {
  readonly prefix: string;
  readonly order: ListingOrder;
  /** Go on after this item; null starts at the first. */
  readonly after: (ListPosition & { readonly namespace: string }) | null;
  /** Records that the caller expects to need: the size of the first pages. */
  readonly expected: number;
  /** How many more the caller expects to need by what it has met so far; null where that says nothing. */
  readonly expectedMore?: () => number | null;
  /** What is known of prefixes from earlier walks; absent, the namespaces to walk are asked for first. */
  readonly own?: OwnItems;
  /** Walks only the namespaces that this holds for. */
  readonly only?: (entry: NamespaceEntry) => boolean;
}

/** Pages grow while nobody knows how much is needed: a short listing stays cheap, a long one makes few round trips. */
const GROWTH = 4;
const SMALLEST_PAGE = 10;
const LARGEST_PAGE = 500;

/** Namespaces whose first page is read at once; grows likewise. */
const MOST_NAMESPACES_AT_ONCE = 32;

/** Walks the live records below a prefix, page by page: a step of an asynchronous generator costs more than a record. */
export async function* walk(items: ItemRepository, what: Walk): AsyncGenerator<readonly LiveRecord[], void, undefined> {
  const { prefix, own } = what;
  const start = await startOf(items, what);
  if (start.own !== null) yield* rest(items, prefix, what, start.own);
  const paths = start.paths ?? (await pathsBelow(items, what));
  let atOnce = start.own === null ? 1 : 2;
  for (let next = 0; next < paths.length; ) {
    const group = paths.slice(next, next + atOnce);
    const pages = await Promise.all(group.map((namespace) => firstPage(items, namespace, what)));
    for (const [i, namespace] of group.entries()) {
      const page = pages[i] as ListPage;
      if (namespace === prefix) own?.note(prefix, page, what.after === null);
      yield* rest(items, namespace, what, page);
    }
    next += group.length;
    atOnce = Math.min(atOnce * 2, MOST_NAMESPACES_AT_ONCE);
  }
}

/**
 * What a walk begins with: the first page of the items of the prefix itself, where it may hold some, and the namespaces
 * to walk after them, where they had to be asked for. The items of the prefix stand before those of all below it, and are
 * mostly enough: which namespaces lie below is then never asked, which took half of the requests of a listing.
 */
async function startOf(items: ItemRepository, what: Walk): Promise<{ own: ListPage | null; paths: string[] | null }> {
  const { prefix, after, only, own } = what;
  const held = own?.at(prefix);
  const isElsewhere = prefix === ROOT || only !== undefined || (after !== null && after.namespace !== prefix);
  if (own === undefined || isElsewhere || held === false) return { own: null, paths: await namespacesToWalk(items, what) };
  const [page, paths] = await Promise.all([firstPage(items, prefix, what), held === true ? null : pathsBelow(items, what)]);
  own.note(prefix, page, after === null);
  return { own: page, paths };
}

function firstPage(items: ItemRepository, namespace: string, what: Walk): Promise<ListPage> {
  const { order, expected } = what;
  return items.list({ namespace, order, after: startIn(namespace, what), limit: pageSize(expected) });
}

async function* rest(
  items: ItemRepository,
  namespace: string,
  { order, expected, expectedMore }: Walk,
  first: ListPage,
): AsyncGenerator<readonly LiveRecord[], void, undefined> {
  yield first.records;
  let limit = pageSize(expected);
  for (let after = first.next; after !== null; ) {
    limit = pageSize(expectedMore?.() ?? limit * GROWTH);
    const page = await items.list({ namespace, order, after, limit });
    yield page.records;
    after = page.next;
  }
}

function pageSize(expected: number): number {
  return Math.min(Math.max(expected, SMALLEST_PAGE), LARGEST_PAGE);
}

async function pathsBelow(items: ItemRepository, what: Walk): Promise<string[]> {
  return (await namespacesToWalk(items, what)).filter((path) => path !== what.prefix);
}

async function namespacesToWalk(items: ItemRepository, { prefix, after, only }: Walk): Promise<string[]> {
  const entries = await items.namespaces(prefix);
  return entries
    .filter((entry) => isWithin(prefix, entry.path) && (only?.(entry) ?? true))
    .map(({ path }) => path)
    .filter((path) => after === null || comparePaths(path, after.namespace) >= 0)
    .sort(comparePaths);
}

function startIn(namespace: string, { after }: Walk): ListPosition | null {
  return after !== null && after.namespace === namespace ? after : null;
}

/** Orders records as {@link walk} meets them. */
export function compareInListing(a: LiveRecord, b: LiveRecord, order: ListingOrder): number {
  const inNamespace = a.created - b.created || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
  return comparePaths(a.namespace, b.namespace) || (order === "oldest" ? inNamespace : -inNamespace);
}
