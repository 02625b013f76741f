/** Sizes of the pages of an iteration over items whose values may be large. */
import { isStoreError } from "./errors.ts";

/** `details.limit` of the error of a call whose values exceed `limits.maxReadBytes`. */
export const READ_LIMIT = "limits.maxReadBytes";

const SHRINKING = 4;
const GROWTH = 2;
/** Pages of one size, before a larger one is tried. */
const PAGES_BEFORE_GROWTH = 8;

/**
 * The size of the next page. A page whose values exceed `limits.maxReadBytes` is read again with fewer items, because an
 * iteration needs all items, and not a certain number at once.
 */
export class PageSize {
  readonly #largest: number;
  #items: number;
  #pages = 0;

  /** @param largest - most items of a page */
  constructor(largest: number) {
    this.#largest = largest;
    this.#items = largest;
  }

  /** Reads a page of the largest size that fits. Rejects if a page of one item is rejected. */
  async read<T>(page: (limit: number) => Promise<T>, largest = this.#largest): Promise<T> {
    for (;;) {
      const limit = Math.min(this.#items, largest);
      try {
        const result = await page(limit);
        this.#grow();
        return result;
      } catch (reason) {
        if (limit === 1 || !isPageTooLarge(reason)) throw reason;
        this.#items = Math.ceil(limit / SHRINKING);
        this.#pages = 0;
      }
    }
  }

  #grow(): void {
    this.#pages += 1;
    if (this.#pages % PAGES_BEFORE_GROWTH === 0) this.#items = Math.min(this.#largest, this.#items * GROWTH);
  }
}

function isPageTooLarge(reason: unknown): boolean {
  return isStoreError(reason) && reason.details["limit"] === READ_LIMIT;
}
