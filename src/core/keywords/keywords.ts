import type { KeywordLanguage } from "../../model/keyword-language.ts";
import { Analyzer } from "./analyzer.ts";

/** Ranks records where the index cannot, in a store that keeps no terms. */
const DEFAULT_LANGUAGE: KeywordLanguage = "english";

/** The analyzers of a store. */
export class Keywords {
  /** Language of the configuration; null where keyword search is off. */
  readonly configured: KeywordLanguage | null;
  readonly #analyzers = new Map<KeywordLanguage, Analyzer>();

  constructor(configured: KeywordLanguage | null) {
    this.configured = configured;
  }

  /** The analyzer of the terms that an index holds; null where it holds none. Loaded once. */
  of(stored: KeywordLanguage | null): Analyzer | Promise<Analyzer> | null {
    return stored === null ? null : (this.#analyzers.get(stored) ?? this.#load(stored));
  }

  /** The analyzer for records that are ranked without an index. */
  ofRecords(): Analyzer | Promise<Analyzer> {
    const language = this.configured ?? DEFAULT_LANGUAGE;
    return this.#analyzers.get(language) ?? this.#load(language);
  }

  async #load(language: KeywordLanguage): Promise<Analyzer> {
    const analyzer = await Analyzer.of(language);
    this.#analyzers.set(language, analyzer);
    return analyzer;
  }
}
