/** Iterates over all items below a prefix, page by page, in bounded memory. */
import type { CallOptions, Item, SearchOptions, SearchResults } from "./call-options.ts";
import type { OptionNames } from "./option-names.ts";
import { PageSize } from "./model/page-size.ts";
import { CodecError } from "./model/errors.ts";

/** Options of a count. */
export interface CountOptions extends CallOptions {
  /** Conditions on the values, see `docs/filters.md`. */
  filter?: SearchOptions["filter"];
}

/** Options of an iteration over items. */
export interface ItemsOptions extends CountOptions {
  /** Order within each namespace, by creation; the store's `order` by default. */
  order?: SearchOptions["order"];
}

export const COUNT_NAMES: OptionNames<CountOptions> = { filter: true, signal: true };
export const ITEMS_NAMES: OptionNames<ItemsOptions> = { order: true, ...COUNT_NAMES };

/** Most results of one page. */
const PAGE = 200;

/** The search call of a store or view. */
export type SearchCall = (namespacePrefix: string[], options: SearchOptions) => Promise<SearchResults>;

/**
 * Yields pages of items in stable order. An item that exists during the entire iteration appears once; one that is written or deleted
 * in the meantime may be missing. Iterating does not refresh TTLs.
 */
export async function* pagesOf(search: SearchCall, maxLimit: number, prefix: string[], options: ItemsOptions): AsyncGenerator<SearchResults, void, undefined> {
  const size = new PageSize(Math.min(PAGE, maxLimit));
  let cursor: string | null = null;
  do {
    const page: SearchResults = await size.read((limit) => search(prefix, { ...options, cursor, limit, refreshTtl: false }));
    yield page;
    cursor = page.info.cursor;
  } while (cursor !== null);
}

/** Yields the items of pages. Throws when a value cannot be decoded: an iteration omits nothing silently. */
export async function* itemsOf(pages: AsyncGenerator<SearchResults, void, undefined>): AsyncGenerator<Item, void, undefined> {
  for await (const page of pages) {
    for (const { namespace, key, value, createdAt, updatedAt } of page) yield { namespace, key, value, createdAt, updatedAt };
    if (page.info.unreadable === 0) continue;
    throw new CodecError(`The values of ${page.info.unreadable} items cannot be decoded: a key of the codec is missing or wrong. Check \`codec\`.`);
  }
}
