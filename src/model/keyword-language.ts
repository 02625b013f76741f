/** Values of `index.keyword.language`; "none": words are compared as they are, without stems and stop words. */
export const KEYWORD_LANGUAGES = [
  "none",
  "arabic",
  "armenian",
  "bulgarian",
  "danish",
  "dutch",
  "english",
  "finnish",
  "french",
  "german",
  "greek",
  "hindi",
  "hungarian",
  "indonesian",
  "irish",
  "italian",
  "lithuanian",
  "nepali",
  "norwegian",
  "portuguese",
  "romanian",
  "russian",
  "serbian",
  "spanish",
  "swedish",
  "tamil",
  "turkish",
  "ukrainian",
] as const;

/** A language of keyword search. */
export type KeywordLanguage = (typeof KEYWORD_LANGUAGES)[number];

/** Whether a text names one. */
export function isKeywordLanguage(name: unknown): name is KeywordLanguage {
  return (KEYWORD_LANGUAGES as readonly unknown[]).includes(name);
}
