/** Bounds a read over many pages of which most come back empty. */
import type { StoreError } from "../../model/errors.ts";
import { abortedRead } from "./errors.ts";

/**
 * ScyllaDB ends a page after 10,000 tombstones (`query_tombstone_page_limit`), so these are the 100,000 beyond which
 * Cassandra aborts a read.
 */
const MOST_EMPTY_PAGES = 10;

/** A page of fewer rows that is not the last one was ended early: by tombstones, or by the size of its rows. */
const FULL_PAGE = 100;

/** Counts the pages of one read since the last full one, and their time. */
export class PageBudget {
  readonly #doing: string;
  readonly #longestMs: number;
  readonly #fullPage: number;
  #emptyPages = 0;
  #since = performance.now();

  /**
   * @param doing - what is being done, to begin a message with: "A CQL read"
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
