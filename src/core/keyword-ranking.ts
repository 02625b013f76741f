/**
 * Ranks records by the words of a query, for searches that no index can rank. Work and memory are bounded whatever the
 * query and the texts hold, and the event loop is yielded to between candidates.
 */
import { TimeSlice } from "../concurrency/time-slice.ts";
import { idf } from "../model/idf.ts";
import type { Analyzer } from "./keywords/analyzer.ts";
import { termWeight } from "./keywords/weights.ts";

/** Bounds of one ranking, which is marked as truncated when one is reached. */
const BOUNDS = {
  /** Characters of one text that are read. */
  textChars: 32_768,
  /** Characters of all texts that are read. */
  totalChars: 8_388_608,
} as const;

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
  analyzer: Analyzer,
  count: number,
  textOf: (position: number) => string,
  query: string,
  checkpoint: () => void = () => undefined,
): Promise<KeywordRanking> {
  const { terms, truncated: isQueryCut } = analyzer.query(query);
  const scores = new CandidateScores(analyzer, terms);
  let truncated = isQueryCut;
  let left: number = BOUNDS.totalChars;
  const slice = new TimeSlice();
  const pause = async (): Promise<void> => {
    const turn = slice.turn();
    if (turn === null) return;
    await turn;
    checkpoint();
  };
  for (let position = 0; position < count && terms.length > 0; position += 1) {
    if (left <= 0) {
      truncated = true;
      break;
    }
    const text = textOf(position);
    const read = Math.min(text.length, BOUNDS.textChars, left);
    truncated ||= read < text.length;
    left -= read;
    // Decoding a large value takes as long as an entire slice.
    await pause();
    scores.add(position, text.slice(0, read));
    await pause();
  }
  return { positions: scores.ranked(), truncated };
}

/** A candidate that holds a word of the query. */
interface Match {
  readonly position: number;
  /** Weight of each term of the query in it, by the position of the term in the query. */
  readonly weights: readonly (readonly [number, number])[];
}

/** Counts the terms of the query in the text of each candidate, which is not kept. */
class CandidateScores {
  readonly #analyzer: Analyzer;
  readonly #terms: readonly number[];
  readonly #matches: Match[] = [];
  /** Texts that hold each term of the query. */
  readonly #texts: number[];
  #count = 0;

  constructor(analyzer: Analyzer, terms: readonly number[]) {
    this.#analyzer = analyzer;
    this.#terms = terms;
    this.#texts = terms.map(() => 0);
  }

  add(position: number, text: string): void {
    this.#count += 1;
    const { counts, length } = this.#analyzer.count([text]);
    const weights: (readonly [number, number])[] = [];
    for (const [i, term] of this.#terms.entries()) {
      const count = counts.get(term);
      if (count === undefined) continue;
      this.#texts[i] = (this.#texts[i] ?? 0) + 1;
      weights.push([i, termWeight(count, length)]);
    }
    if (weights.length > 0) this.#matches.push({ position, weights });
  }

  /** Positions of the texts that hold a word of the query, best first, those of equal scores in their order. */
  ranked(): number[] {
    const rarity = this.#texts.map((texts) => idf(this.#count, texts));
    return this.#matches
      .map(({ position, weights }) => {
        let score = 0;
        for (const [term, weight] of weights) score += (rarity[term] ?? 0) * weight;
        return { position, score };
      })
      .sort((a, b) => b.score - a.score || a.position - b.position)
      .map(({ position }) => position);
  }
}
