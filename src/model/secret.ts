/** Credentials in memory: everything that prints, copies or serializes one shows `[secret]` instead. */
import { inspect } from "node:util";

/** What is shown in place of a secret. */
const SHOWN = "[secret]";

/**
 * A credential. Template strings, `JSON.stringify`, `util.inspect`, log lines and messages show `[secret]`; a structured
 * clone is an empty object. Only {@link Secret.reveal} gives the text.
 *
 * @example
 * ```ts
 * const password = new Secret("correct horse");
 * `${password}`; // "[secret]"
 * ```
 */
export class Secret {
  // Private by the language, not by the compiler: no enumeration, inspection or clone finds it.
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text, for the one place that sends it. */
  reveal(): string {
    return this.#text;
  }

  /** Whether both hold the same text. */
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
