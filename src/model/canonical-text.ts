/** Canonical texts of values: two values are equal exactly when their texts are equal. */
import { toBuffer } from "./bytes.ts";
import { isBytes, isDate, isMap, isOwnPlainObject, isSet } from "./realms.ts";

/**
 * Returns the canonical text of a value. It does not depend on the order of keys and members of objects, maps and sets, and
 * differs between types. 0 equals -0 except inside an object or list, as in `util.isDeepStrictEqual`.
 *
 * @param maxLength - longest text of interest, characters
 * @returns null when the text is longer; the cost is then bounded by `maxLength` and the number of keys of the largest object.
 */
export function canonicalText(value: unknown, maxLength: number): string | null {
  const writer = new Writer(maxLength);
  return writer.write(Object.is(value, -0) ? 0 : value) ? writer.text : null;
}

class Writer {
  #remaining: number;
  readonly #parts: string[] = [];

  constructor(maxLength: number) {
    this.#remaining = maxLength;
  }

  get text(): string {
    return this.#parts.join("");
  }

  /** Writes a value; returns false when it does not fit. */
  write(value: unknown): boolean {
    switch (typeof value) {
      case "string":
        return this.#writeText("s", value);
      case "number":
        return this.#add(`n${Object.is(value, -0) ? "-0" : value},`);
      case "object":
        return value === null ? this.#add("null,") : this.#writeObject(value);
      case "bigint":
        return this.#add(`i${value},`);
      default:
        return this.#add(`${String(value)},`);
    }
  }

  #writeObject(value: object): boolean {
    if (Array.isArray(value)) return this.#fits(value.length) && this.#add("[") && value.every((each) => this.write(each)) && this.#add("]");
    return isOwnPlainObject(value) ? this.#writeFields(value) : this.#writeTyped(value);
  }

  #writeTyped(value: object): boolean {
    if (isDate(value)) return this.#add(`d${value.getTime()},`);
    if (isBytes(value)) return this.#fits(value.byteLength) && this.#writeText("b", toBuffer(value).toString("latin1"));
    if (isMap(value)) return this.#writeSorted("m", value.size, value, ([key, each]) => [key, each]);
    if (isSet(value)) return this.#writeSorted("t", value.size, value, (each) => [each]);
    return this.#writeFields(value);
  }

  #writeFields(value: object): boolean {
    const names = Object.keys(value);
    if (!this.#fits(names.length) || !this.#add("{")) return false;
    const fields = value as Record<string, unknown>;
    return names.sort().every((name) => this.#writeText("", name) && this.write(fields[name])) && this.#add("}");
  }

  /** Writes members without order: their texts, sorted. */
  #writeSorted<T>(tag: string, size: number, members: Iterable<T>, partsOf: (member: T) => unknown[]): boolean {
    if (!this.#fits(size)) return false;
    const texts: string[] = [];
    let remaining = this.#remaining;
    for (const member of members) {
      const writer = new Writer(remaining);
      if (!partsOf(member).every((part) => writer.write(part))) return false;
      remaining = writer.#remaining;
      texts.push(writer.text);
    }
    return this.#add(`${tag}{`) && texts.sort().every((text) => this.#add(text)) && this.#add("}");
  }

  /** Writes a text with its length, so that its content cannot be confused with what follows. */
  #writeText(tag: string, text: string): boolean {
    return this.#fits(text.length) && this.#add(`${tag}${text.length}:${text}`);
  }

  #fits(characters: number): boolean {
    return characters <= this.#remaining;
  }

  #add(text: string): boolean {
    this.#remaining -= text.length;
    if (this.#remaining < 0) return false;
    this.#parts.push(text);
    return true;
  }
}
