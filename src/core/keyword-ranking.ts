/**
 * Ranks candidates by the words of a query, for searches that cannot rank by meaning. Work and memory are bounded
 * whatever the query and the texts hold, and the event loop is yielded to between candidates.
 */
import { setImmediate as turn } from "node:timers/promises";

/** Bounds of one ranking. What lies beyond is not ranked, and the ranking says that it is truncated. */
interface KeywordBounds {
  /** Characters of the query that are read. */
  readonly queryChars: number;
  /** Distinct words of the query. */
  readonly terms: number;
  /** Characters of one text that are read. */
  readonly textChars: number;
  /** Characters of all texts that are read. */
  readonly totalChars: number;
}

const BOUNDS: KeywordBounds = { queryChars: 16_384, terms: 64, textChars: 32_768, totalChars: 8_388_608 };

/** Words are compared by so many characters. */
const WORD_CHARS = 64;

/** Words of the query of this length also match those that go on: "cook" finds "cooking". */
const SHORTEST_PREFIX = 4;

/** What a word that goes on counts, at most, where an equal one counts 1. */
const PREFIX_WEIGHT = 0.375;

/** Longest time on the event loop without a pause, milliseconds. */
const SLICE_MS = 8;

/** BM25+: saturation, length normalization and the floor for a match in a long text. */
const [K, B, D] = [1.2, 0.7, 0.5];

/** Positions of the candidates that share a word with the query. */
export interface KeywordRanking {
  /** Best first. */
  readonly positions: readonly number[];
  /** Whether a bound was reached: words of the query, or parts of texts, were not compared. */
  readonly truncated: boolean;
}

/**
 * Ranks `count` candidates. Any one word is enough: of questions asked in plain language, hardly any item holds every word.
 *
 * @param textOf - the text of the candidate at a position; called once for each, in order
 * @param checkpoint - called after each pause; what it throws ends the ranking
 */
export async function rankByKeywords(
  count: number,
  textOf: (position: number) => string,
  query: string,
  checkpoint: () => void = () => undefined,
): Promise<KeywordRanking> {
  const terms = termsOf(query);
  const tally = new Tally(terms.words);
  let truncated = terms.truncated;
  let left = BOUNDS.totalChars;
  let sliceStart = performance.now();
  for (let position = 0; position < count && tally.canMatch; position += 1) {
    if (left <= 0) {
      truncated = true;
      break;
    }
    const text = textOf(position);
    const read = Math.min(text.length, BOUNDS.textChars, left);
    truncated ||= read < text.length;
    left -= read;
    tally.add(position, text.slice(0, read));
    if (performance.now() - sliceStart < SLICE_MS) continue;
    await turn();
    checkpoint();
    sliceStart = performance.now();
  }
  return { positions: tally.ranked(), truncated };
}

/** The distinct words of a query, up to the bounds. */
function termsOf(query: string): { readonly words: readonly string[]; readonly truncated: boolean } {
  const words = new Set<string>();
  for (const word of wordsOf(query.slice(0, BOUNDS.queryChars))) {
    if (words.size === BOUNDS.terms && !words.has(word)) return { words: [...words], truncated: true };
    words.add(word);
  }
  return { words: [...words], truncated: query.length > BOUNDS.queryChars };
}

function* wordsOf(text: string): Generator<string> {
  for (const [word] of text.toLowerCase().matchAll(/[^\s\p{Z}\p{P}]+/gu)) yield word.slice(0, WORD_CHARS);
}

/** A candidate that holds a word of the query. */
interface Match {
  readonly position: number;
  readonly words: number;
  /** How often each word of the query stands in it, by the word's number. */
  readonly counts: ReadonlyMap<number, number>;
}

/** Counts the words of the query in texts, and nothing else of them. */
class Tally {
  readonly #terms: ReadonlyMap<string, number>;
  readonly #prefixLengths: readonly number[];
  readonly #matches: Match[] = [];
  /** Texts that hold each word of the query. */
  readonly #texts: number[];
  #count = 0;
  #words = 0;

  constructor(terms: readonly string[]) {
    this.#terms = new Map(terms.map((term, i) => [term, i]));
    this.#texts = terms.map(() => 0);
    this.#prefixLengths = [...new Set(terms.map(({ length }) => length))].filter((length) => length >= SHORTEST_PREFIX);
  }

  /** Whether the query holds a word at all. */
  get canMatch(): boolean {
    return this.#terms.size > 0;
  }

  add(position: number, text: string): void {
    const counts = new Map<number, number>();
    const count = (term: number | undefined, weight: number): void => {
      if (term !== undefined) counts.set(term, (counts.get(term) ?? 0) + weight);
    };
    let words = 0;
    for (const word of wordsOf(text)) {
      words += 1;
      count(this.#terms.get(word), 1);
      for (const length of this.#prefixLengths) {
        if (length < word.length) count(this.#terms.get(word.slice(0, length)), weightOf(length, word.length));
      }
    }
    this.#count += 1;
    this.#words += words;
    if (counts.size === 0) return;
    for (const term of counts.keys()) this.#texts[term] = (this.#texts[term] ?? 0) + 1;
    this.#matches.push({ position, words, counts });
  }

  /** Positions of the texts that hold a word of the query, best first, those of equal scores in their order. */
  ranked(): number[] {
    const average = this.#words / Math.max(1, this.#count);
    const rarity = this.#texts.map((texts) => Math.log(1 + (this.#count - texts + 0.5) / (texts + 0.5)));
    return this.#matches
      .map(({ position, words, counts }) => {
        const saturation = K * (1 - B + (B * words) / average);
        let score = 0;
        for (const [term, count] of counts) score += (rarity[term] ?? 0) * (D + (count * (K + 1)) / (count + saturation));
        return { position, score };
      })
      .sort((a, b) => b.score - a.score || a.position - b.position)
      .map(({ position }) => position);
  }
}

/** The more a word goes on, the less it counts. */
function weightOf(length: number, wordLength: number): number {
  return (PREFIX_WEIGHT * length) / (length + 0.3 * (wordLength - length));
}
