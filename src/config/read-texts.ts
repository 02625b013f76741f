/** The content of files and secrets that options refer to, as last read. */
import { createHash } from "node:crypto";

interface ReadText {
  readonly digest: string;
  readonly again: () => Promise<string>;
}

/** Records digests of the files and secrets of options, so that a reload detects changed content. */
export class ReadTexts {
  readonly #read = new Map<string, ReadText>();

  /** Reads the text of an option from `source` and records its digest. */
  async read(option: string, source: () => Promise<string>): Promise<string> {
    const text = await source();
    this.#read.set(option, { digest: digestOf(text), again: source });
    return text;
  }

  /**
   * Reads all texts again, except those of options in `replaced`, which now have another source.
   *
   * @returns the options whose text has changed
   * @throws the error of a source
   */
  async withNewContent(replaced: readonly string[]): Promise<string[]> {
    const kept = [...this.#read].filter(([option]) => !replaced.some((name) => option === name || option.startsWith(`${name}.`)));
    const isDifferent = await Promise.all(kept.map(async ([, { digest, again }]) => digestOf(await again()) !== digest));
    return kept.flatMap(([option], i) => (isDifferent[i] === true ? [option] : []));
  }
}

/** A digest instead of the text, which may be a private key. */
function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
