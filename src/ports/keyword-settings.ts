/** The language of the terms of an index, in the settings, so that all processes agree on it. */
import { isKeywordLanguage, type KeywordLanguage } from "../model/keyword-language.ts";
import type { Logger } from "./logger.ts";
import type { Settings } from "./settings.ts";

/** An index whose terms are used. */
export interface KeywordIndex {
  /** Name of the index: of the collection, or "file". */
  readonly name: string;
  readonly settings: Settings;
  readonly logger: Logger;
  /** Language of the configuration; null where keyword search is off. */
  readonly configured: KeywordLanguage | null;
}

/** Reads the language that an index was created with; null where it was created without terms, or is unknown. */
export async function readKeywordLanguage({ settings, name }: Pick<KeywordIndex, "settings" | "name">): Promise<KeywordLanguage | null> {
  const language = await settings.read(languageSetting(name));
  return isKeywordLanguage(language) ? language : null;
}

/**
 * Returns the language with which an index is used: that of its terms, as terms of two languages do not match. Null if it has no
 * terms, if the configuration wants none, and if a process with such a configuration has written points without terms.
 *
 * @param stored - language that the index was created with; null where it was created without terms
 */
export async function useKeywordLanguage(index: KeywordIndex, stored: KeywordLanguage | null): Promise<KeywordLanguage | null> {
  const { name, settings, logger, configured } = index;
  const context = { index: name };
  if (stored === null) {
    if (configured !== null) logger.warn(context, "the index was created without terms: searches are semantic until a reindex with index.next.keyword");
    return null;
  }
  // Of two processes that start at the same time, one decides.
  const established = await settings.establish(languageSetting(name), stored);
  const language = isKeywordLanguage(established) ? established : stored;
  const isIncomplete = (await settings.read(incompleteSetting(name))) !== null;
  if (configured === null) {
    if (!isIncomplete) await settings.establish(incompleteSetting(name), "true");
    return null;
  }
  if (isIncomplete) {
    logger.warn(context, "a process with index.keyword: false has written items without terms: searches are semantic until a reindex");
    return null;
  }
  if (language !== configured) {
    logger.warn(
      { ...context, stored: language, configured },
      "the terms of the index have another language than index.keyword.language; theirs remains in use until a reindex with index.next.keyword",
    );
  }
  return language;
}

function languageSetting(name: string): string {
  return `keywords:${name}`;
}

function incompleteSetting(name: string): string {
  return `keywords-missing:${name}`;
}
