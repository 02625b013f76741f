/** Texts of options that name a file or a secret, as they were last read. */
import { createHash } from "node:crypto";

interface ReadText {
  readonly digest: string;
  readonly again: () => Promise<string>;
}

/** Remembers what the files and secrets of options contained, so that a reload finds those whose content is different now. */
export class ReadTexts {
  readonly #read = new Map<string, ReadText>();

  /** Reads the text of an option by `source`, and remembers its digest. */
  async read(option: string, source: () => Promise<string>): Promise<string> {
    const text = await source();
    this.#read.set(option, { digest: digestOf(text), again: source });
    return text;
  }

  /**
   * Reads all of them again, except those of options in `replaced`, which name another source now.
   *
   * @returns the options whose text is different
   * @throws what a source throws
   */
  async changed(replaced: readonly string[]): Promise<string[]> {
    const kept = [...this.#read].filter(([option]) => !replaced.some((name) => option === name || option.startsWith(`${name}.`)));
    const isDifferent = await Promise.all(kept.map(async ([, { digest, again }]) => digestOf(await again()) !== digest));
    return kept.flatMap(([option], i) => (isDifferent[i] === true ? [option] : []));
  }
}

/** The text itself may be a private key. */
function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
