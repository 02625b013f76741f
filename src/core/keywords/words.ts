/** Splits text into words, and normalizes spellings of the same word: case, accents, width. */

/** Words of scripts with spaces; an apostrophe inside belongs to its word. */
const WORDS = /[\p{L}\p{N}\p{M}]+(?:['’][\p{L}\p{N}\p{M}]+)*/gu;

/** The same for text of ASCII characters in lower case. */
const ASCII_WORDS = /[a-z0-9]+(?:'[a-z0-9]+)*/g;

const NOT_ASCII = /[^\0-\x7f]/;

/** Characters of scripts without spaces between words, or with attached endings (Hangul). */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Runs of one kind of script. The long vowel mark of Japanese belongs to no script. */
const RUNS =
  /(?<pairs>(?:[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]\p{M}*)+)|(?<hangul>\p{Script=Hangul}+)|(?<dictionary>(?:[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*)+)|(?<other>[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+)/gu;

/** Words are compared by their first characters, up to this number. */
const WORD_CHARS = 64;

/** Characters with equivalent spellings. */
const FOLDED: Readonly<Record<string, string>> = { ß: "ss", ø: "o", æ: "ae", œ: "oe", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i", ς: "σ" };
const FOLDED_LETTERS = new RegExp(Object.keys(FOLDED).join("|"), "gu");

/** Accents of Latin, Greek and Cyrillic; vowel points of Hebrew and Arabic, and the stroke that lengthens Arabic words. */
const ACCENTS = /[\u0300-\u036f]|[\u0591-\u05c7]|[\u0610-\u061a]|\u0640|[\u064b-\u065f]|\u0670/gu;

/** More accents in a row than any language has. Those after the first 30 are removed: to normalize a run takes time that grows with its square. */
const LONG_RUN_OF_MARKS = /(\p{M}{30})\p{M}+/gu;

/** Returns whether a text has ASCII characters only. */
export function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/** Returns the words of a text in lower case, with normalized characters. Words of scripts without spaces are not split yet. */
export function wordsOf(text: string): readonly string[] {
  if (isAscii(text)) return text.toLowerCase().match(ASCII_WORDS) ?? [];
  // Lower case turns "İ" into "i" with a dot above, which is an accent.
  return text.replace(LONG_RUN_OF_MARKS, "$1").normalize("NFKC").toLowerCase().normalize("NFC").match(WORDS) ?? [];
}

/** Returns whether {@link partsOf} has to split a word. */
export function isUnspaced(word: string): boolean {
  return UNSPACED.test(word);
}

/** Truncates a long word. */
export function cut(word: string): string {
  return word.length <= WORD_CHARS ? word : word.slice(0, WORD_CHARS);
}

/** Returns a word without accents. */
export function fold(word: string): string {
  return word.normalize("NFD").replace(ACCENTS, "").normalize("NFC").replace(FOLDED_LETTERS, (letter) => FOLDED[letter] ?? letter);
}

/** A part of a word of scripts without spaces. */
export interface Part {
  readonly text: string;
  /** Whether it is a word of a script with spaces, which can be stemmed. */
  readonly isWord: boolean;
}

const segmenter = new Intl.Segmenter("und", { granularity: "word" });

/**
 * Splits a word of scripts without spaces. Chinese, Japanese and Korean are split into pairs of characters, as the words of a
 * dictionary depend on the context. Thai, Lao, Khmer and Burmese are split into words.
 *
 * @param single - whether each character of a pair is a part, too, so that records match queries of one character
 */
export function* partsOf(word: string, single: boolean): Generator<Part> {
  for (const { groups = {} } of word.matchAll(RUNS)) {
    const { pairs = groups["hangul"], dictionary, other } = groups;
    if (pairs !== undefined) yield* pairsOf(pairs, single);
    else if (dictionary !== undefined) yield* segmentsOf(dictionary);
    else if (other !== undefined) yield { text: cut(other), isWord: true };
  }
}

function* pairsOf(run: string, single: boolean): Generator<Part> {
  const characters = [...run];
  for (const [i, character] of characters.entries()) {
    if (single || characters.length === 1) yield { text: character, isWord: false };
    const next = characters[i + 1];
    if (next !== undefined) yield { text: character + next, isWord: false };
  }
}

function* segmentsOf(run: string): Generator<Part> {
  // The segmenter costs some microseconds a call.
  if (run.length === 1) {
    yield { text: run, isWord: false };
    return;
  }
  for (const { segment, isWordLike } of segmenter.segment(run)) {
    if (isWordLike === true) yield { text: cut(segment), isWord: false };
  }
}
