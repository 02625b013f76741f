/** Rows of a request for records whose sizes are unknown. A server and the driver hold the entire answer in memory. */

const FIRST_ROWS = 16;
const GROWTH = 2;
/** Most bytes of an answer, by the largest record of the answer before. */
const MOST_BYTES = 4 * 1024 * 1024;

/** How many rows the next request asks for: few at first, more while records are small. */
export class RowLimit {
  readonly #most: number;
  #rows = FIRST_ROWS;

  /** @param most - most rows of a request: so many large records may follow small ones */
  constructor(most: number) {
    this.#most = most;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Takes note of an answer by the bytes of its largest record. */
  record(largestBytes: number): void {
    this.#rows = Math.max(1, Math.min(this.#most, GROWTH * this.#rows, Math.floor(MOST_BYTES / Math.max(1, largestBytes))));
  }
}
