/** Walks the items below a prefix in their stable order: namespaces in label order, items by creation within each. */
import { isWithin, comparePaths } from "../model/namespace.ts";
import type { LiveRecord } from "../model/item.ts";
import type { ListingOrder } from "../model/operation.ts";
import type { ItemRepository, ListPage, ListPosition, NamespaceEntry } from "../ports/item-repository.ts";

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
  const paths = await namespacesToWalk(items, what);
  const firstPage = pageSize(what.expected);
  let atOnce = 1;
  for (let start = 0; start < paths.length; ) {
    const group = paths.slice(start, start + atOnce);
    const first = (namespace: string): Promise<ListPage> =>
      items.list({ namespace, order: what.order, after: startIn(namespace, what), limit: firstPage });
    const pages = await Promise.all(group.map(first));
    for (const [i, namespace] of group.entries()) yield* rest(items, namespace, what, pages[i] as ListPage);
    start += group.length;
    atOnce = Math.min(atOnce * 2, MOST_NAMESPACES_AT_ONCE);
  }
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
