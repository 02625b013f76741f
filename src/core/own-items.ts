/** Remembers which prefixes hold items themselves, and not only namespaces below them. */
import { LRUCache } from "lru-cache";
import { shortName } from "../model/short-name.ts";
import type { ListPage } from "../ports/item-repository.ts";

/** Prefixes that are remembered. */
const MOST_PREFIXES = 10_000;

/** What was seen of prefixes. A hint: a wrong one costs a request more. */
export class OwnItems {
  readonly #seen = new LRUCache<string, boolean>({ max: MOST_PREFIXES });

  /** Whether the prefix held items when it was last looked at; undefined where it never was. */
  at(prefix: string): boolean | undefined {
    return this.#seen.get(shortName(prefix));
  }

  /** Notes what a page of the items of a prefix itself shows: only a first one that is the last, too, can show that there are none. */
  record(prefix: string, { records, next }: ListPage, isFirst: boolean): void {
    if (records.length > 0) this.#seen.set(shortName(prefix), true);
    else if (isFirst && next === null) this.#seen.set(shortName(prefix), false);
  }
}
