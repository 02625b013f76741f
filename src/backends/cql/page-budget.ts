/** Bounds a read over many pages, most of which are empty. */
import type { StoreError } from "../../model/errors.ts";
import { abortedRead } from "./errors.ts";

/**
 * Most empty pages of a read. ScyllaDB ends a page after 10,000 tombstones (`query_tombstone_page_limit`), so ten pages
 * correspond to the 100,000 tombstones at which Cassandra aborts a read.
 */
const MOST_EMPTY_PAGES = 10;

/** Rows of a full page. A smaller page that is not the last was cut short by tombstones or by the size of its rows. */
const FULL_PAGE = 100;

/** The budget of one read: pages and time since the last full page. */
export class PageBudget {
  readonly #doing: string;
  readonly #longestMs: number;
  readonly #fullPage: number;
  #emptyPages = 0;
  #since = performance.now();

  /**
   * @param doing - start of the error message: "A CQL read"
   * @param longestMs - longest time from one full page to the next
   * @param fullPage - number of rows of a full page
   */
  constructor(doing: string, longestMs: number, fullPage = FULL_PAGE) {
    this.#doing = doing;
    this.#longestMs = longestMs;
    this.#fullPage = fullPage;
  }

  /**
   * Counts a page that is not the last one.
   *
   * @throws {StoreError} the error of an aborted read when the budget is spent
   */
  spend(rows: number): void {
    if (rows >= this.#fullPage) {
      this.#emptyPages = 0;
      this.#since = performance.now();
      return;
    }
    this.#emptyPages += rows === 0 ? 1 : 0;
    const ms = performance.now() - this.#since;
    if (this.#emptyPages >= MOST_EMPTY_PAGES || ms > this.#longestMs) throw this.#spent(ms);
  }

  #spent(ms: number): StoreError {
    return abortedRead(`${this.#doing} was aborted after ${this.#emptyPages} empty pages in ${Math.round(ms)} ms`);
  }
}
