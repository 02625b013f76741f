/** Stemmers and stop words by language. */
import type { KeywordLanguage } from "../../model/keyword-language.ts";
import { stemmer as englishStemmer } from "@orama/stemmers/english";
import { stopwords as englishStopWords } from "@orama/stopwords/english";

/** Rules of a language. */
export interface Language {
  /** Returns the stem of a word in lower case. */
  readonly stem: (word: string) => string;
  /** Words without content, in lower case. */
  readonly stopWords: readonly string[];
}

type Load = () => Promise<readonly [{ readonly stemmer: (word: string) => string }, { readonly stopwords: readonly string[] }]>;

/** No stemming and no stop words. */
const NONE: Language = { stem: (word) => word, stopWords: [] };

const ENGLISH: Language = { stem: englishStemmer, stopWords: englishStopWords };

/** Loaded on demand: each language is a file of some kilobytes. */
const LOADERS = {
  arabic: () => Promise.all([import("@orama/stemmers/arabic"), import("@orama/stopwords/arabic")]),
  armenian: () => Promise.all([import("@orama/stemmers/armenian"), import("@orama/stopwords/armenian")]),
  bulgarian: () => Promise.all([import("@orama/stemmers/bulgarian"), import("@orama/stopwords/bulgarian")]),
  danish: () => Promise.all([import("@orama/stemmers/danish"), import("@orama/stopwords/danish")]),
  dutch: () => Promise.all([import("@orama/stemmers/dutch"), import("@orama/stopwords/dutch")]),
  finnish: () => Promise.all([import("@orama/stemmers/finnish"), import("@orama/stopwords/finnish")]),
  french: () => Promise.all([import("@orama/stemmers/french"), import("@orama/stopwords/french")]),
  german: () => Promise.all([import("@orama/stemmers/german"), import("@orama/stopwords/german")]),
  greek: () => Promise.all([import("@orama/stemmers/greek"), import("@orama/stopwords/greek")]),
  hindi: () => Promise.all([import("@orama/stemmers/indian"), import("@orama/stopwords/indian")]),
  hungarian: () => Promise.all([import("@orama/stemmers/hungarian"), import("@orama/stopwords/hungarian")]),
  indonesian: () => Promise.all([import("@orama/stemmers/indonesian"), import("@orama/stopwords/indonesian")]),
  irish: () => Promise.all([import("@orama/stemmers/irish"), import("@orama/stopwords/irish")]),
  italian: () => Promise.all([import("@orama/stemmers/italian"), import("@orama/stopwords/italian")]),
  lithuanian: () => Promise.all([import("@orama/stemmers/lithuanian"), import("@orama/stopwords/lithuanian")]),
  nepali: () => Promise.all([import("@orama/stemmers/nepali"), import("@orama/stopwords/nepali")]),
  norwegian: () => Promise.all([import("@orama/stemmers/norwegian"), import("@orama/stopwords/norwegian")]),
  portuguese: () => Promise.all([import("@orama/stemmers/portuguese"), import("@orama/stopwords/portuguese")]),
  romanian: () => Promise.all([import("@orama/stemmers/romanian"), import("@orama/stopwords/romanian")]),
  russian: () => Promise.all([import("@orama/stemmers/russian"), import("@orama/stopwords/russian")]),
  serbian: () => Promise.all([import("@orama/stemmers/serbian"), import("@orama/stopwords/serbian")]),
  spanish: () => Promise.all([import("@orama/stemmers/spanish"), import("@orama/stopwords/spanish")]),
  swedish: () => Promise.all([import("@orama/stemmers/swedish"), import("@orama/stopwords/swedish")]),
  tamil: () => Promise.all([import("@orama/stemmers/tamil"), import("@orama/stopwords/tamil")]),
  turkish: () => Promise.all([import("@orama/stemmers/turkish"), import("@orama/stopwords/turkish")]),
  ukrainian: () => Promise.all([import("@orama/stemmers/ukrainian"), import("@orama/stopwords/ukrainian")]),
} satisfies Readonly<Record<Exclude<KeywordLanguage, "english" | "none">, Load>>;

/** Loads a language. */
export async function loadLanguage(name: KeywordLanguage): Promise<Language> {
  if (name === "none") return NONE;
  if (name === "english") return ENGLISH;
  const [{ stemmer }, { stopwords }] = await LOADERS[name]();
  return { stem: unlessItFails(stemmer), stopWords: stopwords };
}

/** A word whose stem cannot be computed counts as its own stem: the stemmer of Bulgarian fails for some words. */
function unlessItFails(stem: (word: string) => string): (word: string) => string {
  return (word) => {
    try {
      return stem(word);
    } catch {
      return word;
    }
  };
}
