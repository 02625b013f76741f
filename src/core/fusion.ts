/** Makes one ranking of two: candidates by similarity, and candidates by keywords. */

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
  /** The candidate's score by similarity; null where it is not among the candidates by similarity. */
  readonly semantic: number | null;
  /** The same by keywords. */
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
 * Fuses two rankings, each best first; the result is best first, those of equal scores in the order of their ids. A
 * candidate of one ranking alone counts in the other as much as the last one there: more would be a guess, and 0 would
 * put it behind candidates that both rankings hold for poor.
 */
export function fuse<C extends Candidate>(semantic: readonly C[], keyword: readonly C[], { method, semanticWeight }: Pick<Fusion, "method" | "semanticWeight">): Fused<C>[] {
  const sides = [
    { list: semantic, weight: semanticWeight, normalized: normalize(semantic, method) },
    { list: keyword, weight: 1 - semanticWeight, normalized: normalize(keyword, method) },
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
    return {
      candidate,
      score: Math.max(0, Math.min(1, score)),
      semantic: bySemantic === null ? null : (semantic[bySemantic]?.score ?? null),
      keyword: byKeyword === null ? null : (keyword[byKeyword]?.score ?? null),
      semanticRank: bySemantic === null ? null : bySemantic + 1,
      keywordRank: byKeyword === null ? null : byKeyword + 1,
    };
  });
  return fused.sort((a, b) => b.score - a.score || compareText(a.candidate.id, b.candidate.id));
}

function normalize(list: readonly Candidate[], method: Fusion["method"]): readonly number[] {
  const scores = list.map(({ score }) => score);
  const [low, high] = method === "rank" ? [0, 0] : boundsOf(scores, method);
  return scores.map((score, i) => {
    if (method === "rank") return (RANK_OFFSET + 1) / (RANK_OFFSET + 1 + i);
    return high === low ? 0.5 : Math.max(0, Math.min(1, (score - low) / (high - low)));
  });
}

function boundsOf(scores: readonly number[], method: "distribution" | "range"): readonly [number, number] {
  if (method === "range") return [scores.at(-1) ?? 0, scores[0] ?? 0];
  const mean = scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, scores.length - 1));
  return [mean - DEVIATIONS * deviation, mean + DEVIATIONS * deviation];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
