/** Estimates how much memory one search takes for what it reads, from the pages that searches read before. */
import { bytesOfRecords, type ItemRecord } from "../model/item.ts";

/** Most bytes of pages that all searches together read at a time, by the estimate. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The estimate before the first page. */
const FIRST_ESTIMATE = 16 * 1024 * 1024;

/** Each page brings the estimate this much nearer to its own size, if it is smaller. */
const DECAY = 0.5;

/**
 * The size of a page is unknown until it is read. Searches whose values are small, the usual case, are not limited; after large
 * pages, few searches run at a time until the pages are small again.
 */
export class ReadSizes {
  #bytes = FIRST_ESTIMATE;

  /** Takes note of the records of a page. */
  record(page: readonly (ItemRecord | null)[]): void {
    this.#bytes = Math.max(bytesOfRecords(page), DECAY * this.#bytes);
  }

  /** How many searches may run at a time, at least one. */
  get searchesAtOnce(): number {
    return Math.max(1, Math.floor(MOST_BYTES / this.#bytes));
  }
}
