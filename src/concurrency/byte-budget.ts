import { UnavailableError } from "../model/errors.ts";

/** Bounds the bytes that are held at once, so that many big values do not fill the memory. */
export class ByteBudget {
  readonly #most: number;
  #held = 0;

  /** @param most - bytes */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Takes bytes; the caller gives them back when it is done with them.
   *
   * @throws {UnavailableError} when so many are held that these do not fit. What is more than the whole budget fits alone.
   */
  take(bytes: number): void {
    if (this.#held > 0 && this.#held + bytes > this.#most) {
      throw new UnavailableError(
        `Values of ${this.#held} bytes are being written, and no more than ${this.#most} bytes may be at once: try again, ` +
          "with fewer at once. Nothing of this put was done.",
        { details: { heldBytes: this.#held, maxBytes: this.#most } },
      );
    }
    this.#held += bytes;
  }

  /** Gives back what was taken. */
  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}
