import type { KeywordLanguage } from "../../model/keyword-language.ts";
import { Analyzer } from "./analyzer.ts";

/** Language for ranking records in a store without terms. */
const DEFAULT_LANGUAGE: KeywordLanguage = "english";

/** The analyzers of a store. */
export class Keywords {
  /** The configured language; null when keyword search is off. */
  readonly configured: KeywordLanguage | null;
  readonly #analyzers = new Map<KeywordLanguage, Analyzer>();

  constructor(configured: KeywordLanguage | null) {
    this.configured = configured;
  }

  /** Returns the analyzer of the terms in an index; null for an index without terms. Loaded once. */
  of(stored: KeywordLanguage | null): Analyzer | Promise<Analyzer> | null {
    return stored === null ? null : (this.#analyzers.get(stored) ?? this.#load(stored));
  }

  /** Returns the analyzer for records that are ranked without an index. */
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
