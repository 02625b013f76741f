/** What a document of secrets holds. */
import { ConfigurationError, kindOf } from "../../model/errors.ts";
import { Secret } from "../../model/secret.ts";

/** The text of a document at one time, and its fields. */
export class Content {
  readonly #text: string;
  readonly #secrets = new Map<string | null, Secret>();

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether both hold the same. */
  equals(other: Content): boolean {
    return this.#text === other.#text;
  }

  /**
   * The text of a field, the same object each time; null stands for the whole document.
   *
   * @throws {ConfigurationError} when it is not there or no text; names the fields that are, never a text.
   */
  field(name: string | null): Secret {
    const known = this.#secrets.get(name);
    if (known !== undefined) return known;
    const secret = new Secret(name === null ? this.#whole() : this.#part(name));
    this.#secrets.set(name, secret);
    return secret;
  }

  #whole(): string {
    if (this.#text === "") throw new ConfigurationError("It is empty.");
    return this.#text;
  }

  #part(name: string): string {
    const fields = this.#fields();
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (typeof value === "string" && value !== "") return value;
    if (value === "") throw new ConfigurationError(`Its field ${JSON.stringify(name)} is empty.`);
    if (value !== undefined) {
      throw new ConfigurationError(`Its field ${JSON.stringify(name)} must be text, but is of kind ${kindOf(value)}.`);
    }
    const names = Object.keys(fields).sort();
    const found = names.length === 0 ? "none" : names.map((each) => JSON.stringify(each)).join(", ");
    throw new ConfigurationError(`It has no field ${JSON.stringify(name)}; its fields are ${found}.`);
  }

  #fields(): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(this.#text);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    } catch {
      // The parser's message would quote the text.
    }
    throw new ConfigurationError("It has no fields: it is not a JSON object. Leave out the # and what follows it.");
  }
}
