/** Credentials in memory, which print, copy and serialize as `[secret]`. */
import { inspect } from "node:util";

/** Replacement of a secret in output. */
const SHOWN = "[secret]";

/**
 * A credential. Template strings, `JSON.stringify`, `util.inspect`, log lines and messages show `[secret]`; a structured
 * clone is an empty object. Only {@link Secret.reveal} returns the text.
 *
 * @example
 * ```ts
 * const password = new Secret("correct horse");
 * `${password}`; // "[secret]"
 * ```
 */
export class Secret {
  // A private field of the language, which no enumeration, inspection or clone reveals.
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the text, for the code that sends it. */
  reveal(): string {
    return this.#text;
  }

  /** Whether both have the same text. */
  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  /** `[secret]`. */
  toString(): string {
    return SHOWN;
  }

  /** `[secret]`. */
  toJSON(): string {
    return SHOWN;
  }

  /** `[secret]`, as text and as a number too. */
  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  /** `[secret]`. */
  [inspect.custom](): string {
    return SHOWN;
  }
}
