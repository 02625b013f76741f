/** The content of a secret document. */
import { ConfigurationError, kindOf } from "../../model/errors.ts";
import { Secret } from "../../model/secret.ts";

/** The text of one version of a document, and its fields. */
export class Content {
  readonly #text: string;
  readonly #secrets = new Map<string | null, Secret>();

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether both have the same text. */
  equals(other: Content): boolean {
    return this.#text === other.#text;
  }

  /**
   * Returns the text of a field, the same object at each call; null is the entire document.
   *
   * @throws {ConfigurationError} when the field is missing or not text; lists the names of the fields, never a value.
   */
  field(name: string | null): Secret {
    const known = this.#secrets.get(name);
    if (known !== undefined) return known;
    const secret = new Secret(name === null ? this.#whole() : this.#part(name));
    this.#secrets.set(name, secret);
    return secret;
  }

  #whole(): string {
    if (this.#text === "") throw new ConfigurationError("The document is empty.");
    return this.#text;
  }

  #part(name: string): string {
    const fields = this.#fields();
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (typeof value === "string" && value !== "") return value;
    if (value === "") throw new ConfigurationError(`The field ${JSON.stringify(name)} is empty.`);
    if (value !== undefined) {
      throw new ConfigurationError(`The field ${JSON.stringify(name)} must be text, but is ${kindOf(value)}.`);
    }
    const names = Object.keys(fields).sort();
    const found = names.length === 0 ? "none" : names.map((each) => JSON.stringify(each)).join(", ");
    throw new ConfigurationError(`The document has no field ${JSON.stringify(name)}; its fields are ${found}.`);
  }

  #fields(): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(this.#text);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    } catch {
      // The parser's message would quote the text.
    }
    throw new ConfigurationError("The document has no fields because it is not a JSON object. Remove the # and the field from the reference.");
  }
}
