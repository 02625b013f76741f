/** Ranks a list of verified hits again: by age and importance, by a reranker, and for diversity, in this order. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { TimeSlice } from "../../concurrency/time-slice.ts";
import { isStoreError, messageOf } from "../../model/errors.ts";
import type { ItemId } from "../../model/item.ts";
import { RANKING_BOUNDS } from "../../model/ranking-options.ts";
import { toRankScore } from "../../model/score.ts";
import { decodeValue } from "../../model/value-codec.ts";
import type { VectorIndex } from "../../ports/vector-index.ts";
import type { Explanation, Found, SkippedStep } from "../found.ts";
import { directionOf, diversified } from "./diversity.ts";
import { boostFactor, decayFactor, scaled, type FactorOf } from "./factors.ts";
import { rerankScores, type RerankInput, type ValuedFound } from "./rerank.ts";
import type { RankingSteps } from "./steps.ts";

/** What ranking again depends on. */
export interface RankAgainSource extends Omit<RerankInput, "hits"> {
  readonly steps: RankingSteps;
  readonly vectors: Pick<VectorIndex, "vectorsOf">;
  /** Returns the parts of the mode's score. */
  readonly partsOf: (hit: Found, rank: number) => Pick<Explanation, "semantic" | "keyword" | "fused">;
  readonly deadline: Deadline;
  /** Time from which ages are counted, milliseconds since the epoch. */
  readonly now: number;
}

/** A list that was ranked again. */
export interface RankedAgain {
  readonly found: readonly Found[];
  readonly skipped: readonly SkippedStep[];
}

/** A hit on its way through the steps. */
interface Candidate {
  readonly hit: ValuedFound;
  /** Null if a document compressor omitted the item. */
  score: number | null;
  readonly explanation: { -readonly [Part in keyof Explanation]: Explanation[Part] };
}

/** Share of the remaining time that a step that waits may take; the rest is for what follows, so that the search still ranks. */
const STEP_SHARE = 0.8;

/** Vectors after which a read of vectors ends: about 1 MB of JSON at 1,536 dimensions. */
const VECTORS_A_READ = 64;

/** Ranks hits again, best first; candidates of equal scores keep their order. */
export async function rankAgain(found: readonly Found[], source: RankAgainSource): Promise<RankedAgain> {
  const { steps } = source;
  const skipped: SkippedStep[] = [];
  let candidates = found.map((each, i): Candidate => {
    const hit: ValuedFound = { ...each, value: each.value ?? decodeValue(each.record.value) };
    return { hit, score: hit.score ?? null, explanation: { ...source.partsOf(each, i + 1), decay: null, boost: null, rerank: null, diversity: null } };
  });
  if (steps.decay !== null) candidates = await byFactor(candidates, "decay", decayFactor(steps.decay, source.now), source.deadline);
  if (steps.boost !== null) candidates = await byFactor(candidates, "boost", boostFactor(steps.boost), source.deadline);
  if (steps.rerank !== null && candidates.length > 0) candidates = await byReranker(candidates, source, skipped);
  if (steps.diversity !== null && candidates.length > 1) candidates = await byDiversity(candidates, source, skipped);
  return {
    found: candidates.map(({ hit, score, explanation }) => ({
      ...hit,
      score: score === null ? undefined : toRankScore(score),
      ...(steps.explain ? { explanation } : {}),
    })),
    skipped,
  };
}

async function byFactor(candidates: readonly Candidate[], part: "decay" | "boost", factorOf: FactorOf, deadline: Deadline): Promise<Candidate[]> {
  const factors = new Map<Candidate, number>();
  const slice = new TimeSlice();
  for (const candidate of candidates) {
    // Finding a field in a large value takes time.
    const turn = slice.turn();
    if (turn !== null) await turn;
    deadline.throwIfOver("Ranking");
    factors.set(candidate, factorOf(candidate.hit.record, candidate.hit.value));
  }
  for (const [candidate, factor] of factors) candidate.score = scaled(candidate.score ?? 0, factor);
  const ranked = bestFirst(candidates);
  for (const [i, candidate] of ranked.entries()) candidate.explanation[part] = { factor: factors.get(candidate) ?? 1, rank: i + 1 };
  return ranked;
}

async function byReranker(candidates: Candidate[], source: RankAgainSource, skipped: SkippedStep[]): Promise<Candidate[]> {
  const { steps, deadline } = source;
  if (steps.rerank === null) return candidates;
  const hits = candidates.map(({ hit, score }) => ({ ...hit, score: score ?? undefined }));
  const outcome = await rerankScores(steps.rerank, { ...source, hits }, deadline.part(STEP_SHARE).within(steps.rerankTimeoutMs));
  if ("skipped" in outcome) {
    skipped.push(outcome.skipped);
    return candidates;
  }
  for (const [i, candidate] of candidates.entries()) candidate.score = outcome.scores[i] ?? null;
  const ranked = bestFirst(candidates);
  for (const [i, { score, explanation }] of ranked.entries()) explanation.rerank = score === null ? null : { score, rank: i + 1 };
  return ranked;
}

async function byDiversity(candidates: Candidate[], { steps, vectors, deadline }: RankAgainSource, skipped: SkippedStep[]): Promise<Candidate[]> {
  // Candidates without a score follow, and those beyond the largest pool, whose vectors would take too much memory.
  const scored = candidates.filter(({ score }) => score !== null).slice(0, RANKING_BOUNDS.maxPool);
  const compared = new Set(scored);
  const rest = candidates.filter((candidate) => !compared.has(candidate));
  if (steps.diversity === null || scored.length < 2) return candidates;
  try {
    const part = deadline.part(STEP_SHARE);
    const directions = await part.wait("Reading the stored vectors", directionsOf(scored, vectors, part));
    const order = await diversified(scored.map(({ score }) => score ?? 0), directions, steps.diversity.lambda, part);
    const ranked = order.flatMap((i) => scored[i] ?? []);
    for (const [i, { explanation }] of ranked.entries()) explanation.diversity = { rank: i + 1 };
    return [...ranked, ...rest];
  } catch (error) {
    if (!isStoreError(error) || error.code === "ABORTED") throw error;
    skipped.push({ step: "diversity", reason: error.code === "TIMEOUT" ? "timeout" : "failed", cause: messageOf(error) });
    return candidates;
  }
}

/** Reads the directions of the vectors of candidates, some vectors at a time: an item may have hundreds. */
async function directionsOf(candidates: readonly Candidate[], vectors: RankAgainSource["vectors"], deadline: Deadline): Promise<(Float64Array | null)[]> {
  const directions: (Float64Array | null)[] = [];
  for (let next = 0; next < candidates.length; ) {
    const ids: ItemId[] = [];
    for (let count = 0; next < candidates.length && (ids.length === 0 || count < VECTORS_A_READ); next += 1) {
      const { record } = (candidates[next] as Candidate).hit;
      ids.push({ namespace: record.namespace, key: record.key });
      count += record.vectorCount;
    }
    deadline.throwIfOver("Reading the stored vectors");
    for (const own of await vectors.vectorsOf(ids, deadline)) directions.push(own === null ? null : directionOf(own));
  }
  return directions;
}

/** Sorts stably; candidates without a score are last. */
function bestFirst(candidates: readonly Candidate[]): Candidate[] {
  return [...candidates].sort((a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity) || 0);
}

