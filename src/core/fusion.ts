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
  const keywordAt = new Map<string, number>();
  for (const [i, { id }] of keyword.entries()) keywordAt.set(id, i);
  let others = 0;
  if (isEveryMatch) for (const { id } of semantic) if (!keywordAt.has(id)) others += 1;
  const bySemantic = normalize(semantic, method);
  const byKeyword = normalize(keyword, method, others);
  // Candidates that match nothing have the last, lowest score, too.
  const [lastSemantic, lastKeyword] = [bySemantic.at(-1) ?? 0, byKeyword.at(-1) ?? 0];
  const scoreOf = (one: number, other: number): number => Math.max(0, Math.min(1, semanticWeight * one + (1 - semanticWeight) * other));
  const fused: Fused<C>[] = [];
  for (const [i, candidate] of semantic.entries()) {
    const at = keywordAt.get(candidate.id);
    fused.push({
      candidate,
      score: scoreOf(bySemantic[i] as number, at === undefined ? lastKeyword : (byKeyword[at] as number)),
      semantic: candidate.score,
      keyword: at === undefined ? null : (keyword[at] as C).score,
      semanticRank: i + 1,
      keywordRank: at === undefined ? null : at + 1,
    });
    keywordAt.delete(candidate.id);
  }
  for (const at of keywordAt.values()) {
    const candidate = keyword[at] as C;
    const score = scoreOf(lastSemantic, byKeyword[at] as number);
    fused.push({ candidate, score, semantic: null, keyword: candidate.score, semanticRank: null, keywordRank: at + 1 });
  }
  return fused.sort((a, b) => b.score - a.score || compareText(a.candidate.id, b.candidate.id));
}

/** Returns scores from 0 to 1. After the list follow `others`, which match nothing: by rank they are 0, as are all where none is ranked. */
function normalize(list: readonly Candidate[], method: Fusion["method"], others = 0): readonly number[] {
  const scores = list.map(({ score }) => score);
  for (let i = 0; i < others; i += 1) scores.push(0);
  if (list.length === 0) return scores;
  if (method === "rank") return scores.map((_, i) => (i < list.length ? (RANK_OFFSET + 1) / (RANK_OFFSET + 1 + i) : 0));
  const [low, high] = boundsOf(scores, method);
  return scores.map((score) => (high === low ? 0.5 : Math.max(0, Math.min(1, (score - low) / (high - low)))));
}

function boundsOf(scores: readonly number[], method: "distribution" | "range"): readonly [number, number] {
  const [highest = 0, lowest = highest] = [scores[0], scores.at(-1)];
  // The mean of equal scores is not always equal to them.
  if (method === "range" || highest === lowest) return [lowest, highest];
  let sum = 0;
  for (const score of scores) sum += score;
  const mean = sum / scores.length;
  let squares = 0;
  for (const score of scores) squares += (score - mean) ** 2;
  const deviation = Math.sqrt(squares / Math.max(1, scores.length - 1));
  return [mean - DEVIATIONS * deviation, mean + DEVIATIONS * deviation];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
