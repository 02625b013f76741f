import { UnavailableError } from "../model/errors.ts";

/** Bounds the bytes of values in flight. */
export class ByteBudget {
  readonly #most: number;
  #held = 0;

  /** @param most - bytes */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Reserves bytes, to be released by {@link giveBack}.
   *
   * @throws {UnavailableError} when the bytes exceed the budget. A single value larger than the budget is accepted alone.
   */
  take(bytes: number): void {
    if (this.#held > 0 && this.#held + bytes > this.#most) {
      throw new UnavailableError(
        `Values of ${this.#held} bytes are being written, and the limit is ${this.#most} bytes (limits.maxPendingBytes). ` +
          "Retry later or write less concurrently. Nothing of this put was done.",
        { details: { heldBytes: this.#held, maxBytes: this.#most } },
      );
    }
    this.#held += bytes;
  }

  /** Releases reserved bytes. */
  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}
