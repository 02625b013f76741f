/** Fuses two rankings: candidates by similarity, and candidates by keywords. */

import type { Fusion } from "../model/search-mode.ts";

/** A candidate of one ranking. */
export interface Candidate {
  /** Identifies the candidate in both rankings. */
  readonly id: string;
  readonly score: number;
}

/** A candidate of the fused ranking. */
export interface Fused<C extends Candidate> {
  readonly candidate: C;
  /** From 0 to 1. */
  readonly score: number;
  /** Score by similarity; null for a candidate that is only in the other ranking. */
  readonly semantic: number | null;
  /** Score by keywords; null likewise. */
  readonly keyword: number | null;
  /** Positions in the rankings, from 1; null likewise. */
  readonly semanticRank: number | null;
  readonly keywordRank: number | null;
}

/** Standard deviations on either side of the mean that cover the scores of a list. */
const DEVIATIONS = 3;

/** Constant of reciprocal rank fusion, as its authors chose it. */
const RANK_OFFSET = 60;

/**
 * Fuses two rankings, each best first. The result is best first; equal scores are ordered by id. A candidate that is missing in one
 * ranking gets the score of the last candidate there: more would be a guess, and 0 would place it behind candidates that are poor
 * in both rankings. Where `keyword` holds every match, a candidate that is missing there matches nothing and has the score 0.
 */
export function fuse<C extends Candidate>(
  semantic: readonly C[],
  keyword: readonly C[],
  { method, semanticWeight, isEveryMatch = false }: Pick<Fusion, "method" | "semanticWeight"> & { readonly isEveryMatch?: boolean },
): Fused<C>[] {
  const matches = new Set(keyword.map(({ id }) => id));
  const others = isEveryMatch ? semantic.filter(({ id }) => !matches.has(id)).map((candidate) => ({ ...candidate, score: 0 })) : [];
  const scored = [...keyword, ...others];
  const sides = [
    { list: semantic, weight: semanticWeight, normalized: normalize(semantic, method) },
    { list: scored, weight: 1 - semanticWeight, normalized: normalize(scored, method, keyword.length) },
  ] as const;
  const positions = sides.map(({ list }) => new Map(list.map(({ id }, i) => [id, i])));
  const candidates = new Map([...keyword, ...semantic].map((candidate) => [candidate.id, candidate]));
  const fused = [...candidates.values()].map((candidate): Fused<C> => {
    let score = 0;
    const [bySemantic = null, byKeyword = null] = sides.map(({ list, weight, normalized }, side) => {
      const position = positions[side]?.get(candidate.id) ?? null;
      score += weight * (normalized[position ?? list.length - 1] ?? 0);
      return position;
    });
    const isMatch = byKeyword !== null && byKeyword < keyword.length;
    return {
      candidate,
      score: Math.max(0, Math.min(1, score)),
      semantic: bySemantic === null ? null : (semantic[bySemantic]?.score ?? null),
      keyword: isMatch ? (keyword[byKeyword]?.score ?? null) : null,
      semanticRank: bySemantic === null ? null : bySemantic + 1,
      keywordRank: isMatch ? byKeyword + 1 : null,
    };
  });
  return fused.sort((a, b) => b.score - a.score || compareText(a.candidate.id, b.candidate.id));
}

/** Returns scores from 0 to 1. Candidates from position `ranked` on match nothing: by rank they score 0; without any match, all score 0. */
function normalize(list: readonly Candidate[], method: Fusion["method"], ranked = list.length): readonly number[] {
  const scores = list.map(({ score }) => score);
  const [low, high] = method === "rank" ? [0, 0] : boundsOf(scores, method);
  return scores.map((score, i) => {
    if (ranked === 0) return 0;
    if (method === "rank") return i < ranked ? (RANK_OFFSET + 1) / (RANK_OFFSET + 1 + i) : 0;
    return high === low ? 0.5 : Math.max(0, Math.min(1, (score - low) / (high - low)));
  });
}

function boundsOf(scores: readonly number[], method: "distribution" | "range"): readonly [number, number] {
  const [highest = 0, lowest = highest] = [scores[0], scores.at(-1)];
  // The mean of equal scores is not always equal to them.
  if (method === "range" || highest === lowest) return [lowest, highest];
  const mean = scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, scores.length - 1));
  return [mean - DEVIATIONS * deviation, mean + DEVIATIONS * deviation];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
