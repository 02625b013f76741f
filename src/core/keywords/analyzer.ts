/**
 * Extracts terms from texts, in the same way for records and queries and for every backend: lower-case words without accents,
 * stemmed, without stop words; for scripts without spaces, pairs of characters or words of a dictionary. A term is the 32-bit hash
 * of its text, as sparse vectors of Qdrant have numeric indices. With a million terms in a collection, a term collides with another
 * one with a probability of 1 in 4,000.
 */
import { TimeSlice } from "../../concurrency/time-slice.ts";
import type { KeywordLanguage } from "../../model/keyword-language.ts";
import type { TermWeights } from "../../model/term-weights.ts";
import { loadLanguage, type Language } from "./languages.ts";
import { termWeight } from "./weights.ts";
import { cut, fold, isAscii, isUnspaced, partsOf, wordsOf } from "./words.ts";

/** Limits of the analysis. */
const BOUNDS = {
  /** Characters of one item that are analyzed. */
  recordChars: 131_072,
  /** Distinct terms of one item. */
  recordTerms: 8_192,
  /** Characters of a query that are analyzed. */
  queryChars: 16_384,
  /** Distinct terms of a query. */
  queryTerms: 64,
} as const;

/** Characters of one step: some milliseconds for any text. */
const STEP_CHARS = 8_192;

/** Most words whose terms are cached: texts repeat words, and stemming takes most of the time. */
const MOST_REMEMBERED = 32_768;

/** A number that no language stems. */
const NUMBER = /^[0-9]+$/;

/** Endings of contractions: "we'll", "they've". */
const SHORTENED = new Set(["ll", "re", "ve"]);

/** Terms of a query. */
export interface QueryTerms {
  readonly terms: readonly number[];
  /** Whether a part of the query was ignored because of a limit. */
  readonly truncated: boolean;
}

/** Occurrences of each term in texts, and the number of terms. */
export interface TermCounts {
  readonly counts: ReadonlyMap<number, number>;
  readonly length: number;
}

/** Counts while texts are read. */
class RunningCounts implements TermCounts {
  readonly counts = new Map<number, number>();
  length = 0;
}

/** Analyzes texts of one language. */
export class Analyzer {
  readonly language: KeywordLanguage;
  readonly #stem: (word: string) => string;
  readonly #stopWords: ReadonlySet<string>;
  readonly #remembered = new Map<string, readonly number[]>();

  private constructor(name: KeywordLanguage, { stem, stopWords }: Language) {
    this.language = name;
    this.#stem = stem;
    this.#stopWords = new Set(stopWords.flatMap((word) => [word.toLowerCase(), fold(word.toLowerCase())]));
  }

  /** Returns the analyzer of a language. */
  static async of(language: KeywordLanguage): Promise<Analyzer> {
    return new Analyzer(language, await loadLanguage(language));
  }

  /** Returns the terms of an item's texts with their weights; null without terms. */
  weigh(texts: readonly string[]): TermWeights | null {
    return weightsOf(this.count(texts));
  }

  /** As {@link weigh}; yields to the event loop between the parts of long texts. */
  weighInSteps(texts: readonly string[]): TermWeights | null | Promise<TermWeights | null> {
    return isShort(texts) ? this.weigh(texts) : this.#countInSteps(texts).then(weightsOf);
  }

  /** Counts the terms of texts. */
  count(texts: readonly string[]): TermCounts {
    const running = new RunningCounts();
    for (const part of partsOfTexts(texts)) this.#add(part, running);
    return running;
  }

  /** As {@link count}; yields to the event loop between the parts of long texts. */
  countInSteps(texts: readonly string[]): TermCounts | Promise<TermCounts> {
    return isShort(texts) ? this.count(texts) : this.#countInSteps(texts);
  }

  async #countInSteps(texts: readonly string[]): Promise<TermCounts> {
    const running = new RunningCounts();
    const slice = new TimeSlice();
    for (const part of partsOfTexts(texts)) {
      const turn = slice.turn();
      if (turn !== null) await turn;
      this.#add(part, running);
    }
    return running;
  }

  #add(text: string, running: RunningCounts): void {
    const { counts } = running;
    for (const word of wordsOf(text)) {
      for (const term of this.#termsOf(word, true)) {
        running.length += 1;
        const before = counts.get(term);
        if (before !== undefined) counts.set(term, before + 1);
        else if (counts.size < BOUNDS.recordTerms) counts.set(term, 1);
      }
    }
  }

  /** Returns the distinct terms of a query. */
  query(text: string): QueryTerms {
    const terms = new Set<number>();
    for (const word of wordsOf(text.slice(0, BOUNDS.queryChars))) {
      for (const term of this.#termsOf(word, false)) {
        if (terms.size === BOUNDS.queryTerms && !terms.has(term)) return { terms: [...terms], truncated: true };
        terms.add(term);
      }
    }
    return { terms: [...terms], truncated: text.length > BOUNDS.queryChars };
  }

  #termsOf(given: string, single: boolean): readonly number[] {
    const known = this.#remembered.get(given);
    if (known !== undefined) return known;
    // A number is its own stem in every language. It is not remembered, as numbers seldom repeat and would displace words.
    if (NUMBER.test(given)) return [hashOf(cut(given))];
    if (!isAscii(given) && isUnspaced(given)) return this.#termsOfParts(given, single);
    const word = cut(given);
    const terms = this.#termsOfWord(word);
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(word, terms);
    return terms;
  }

  #termsOfParts(word: string, single: boolean): readonly number[] {
    const terms: number[] = [];
    for (const { text, isWord } of partsOf(word, single)) {
      if (isWord) terms.push(...this.#termsOf(text, single));
      else terms.push(hashOf(text));
    }
    return terms;
  }

  #termsOfWord(word: string): readonly number[] {
    if (this.#stopWords.has(word)) return [];
    if (!/['’]/.test(word)) return this.#stemsOf(word).map(hashOf);
    const whole = word.replaceAll("’", "'");
    if (this.#stopWords.has(whole)) return [];
    // A single letter beside an apostrophe is an article, a possessive or the rest of a verb.
    const parts = whole.split("'").filter((part) => part.length > 1 && !SHORTENED.has(part) && !this.#stopWords.has(part));
    return parts.flatMap((part) => this.#stemsOf(part).map(hashOf));
  }

  /**
   * Returns the stem of a word; for a word with accents also the stem of the word without them: the stemmer recognizes endings by
   * their accents, which writers often omit.
   */
  #stemsOf(word: string): readonly string[] {
    if (isAscii(word)) return [this.#stem(word)];
    const plain = fold(word);
    if (this.#stopWords.has(plain)) return [];
    const stem = fold(this.#stem(word));
    const plainStem = fold(this.#stem(plain));
    return stem === plainStem ? [stem] : [stem, plainStem];
  }
}

function weightsOf({ counts, length }: TermCounts): TermWeights | null {
  if (counts.size === 0) return null;
  const weights: number[] = [];
  for (const count of counts.values()) weights.push(termWeight(count, length));
  return { terms: [...counts.keys()], weights };
}

function isShort(texts: readonly string[]): boolean {
  let chars = 0;
  for (const { length } of texts) chars += length;
  return chars <= STEP_CHARS;
}

/** Returns the analyzed characters of an item's texts in parts of bounded length, divided between words where there are any. */
function* partsOfTexts(texts: readonly string[]): Generator<string> {
  let remaining: number = BOUNDS.recordChars;
  for (const text of texts) {
    const end = Math.min(text.length, remaining);
    for (let start = 0; start < end; ) {
      const next = end - start <= STEP_CHARS ? end : endOfPart(text, start);
      yield start === 0 && next === text.length ? text : text.slice(start, next);
      start = next;
    }
    remaining -= text.length;
    if (remaining <= 0) return;
  }
}

/** Longest word that is not divided, characters. */
const MOST_BACK = 256;

function endOfPart(text: string, start: number): number {
  const end = start + STEP_CHARS;
  for (let i = end; i > end - MOST_BACK; i -= 1) if (isBlank(text.charCodeAt(i))) return i;
  // A script without spaces: never between the halves of a character.
  return text.codePointAt(end - 1) === text.charCodeAt(end - 1) ? end : end - 1;
}

/** Whether a character is a space or a control character. */
function isBlank(code: number): boolean {
  return code <= 0x20 || code === 0xa0 || code === 0x3000;
}

/** FNV-1a over UTF-16 code units with the final mix of MurmurHash3. The result is stored: a change would invalidate all terms. */
function hashOf(term: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < term.length; i += 1) {
    hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
