/** The steps of a ranking on top of a mode: the options of a call and its view before those of the configuration. */
import type { SkippedStep } from "../found.ts";
import { DEFAULT_POOL, DEFAULT_RERANK_TIMEOUT_MS, type Boost, type Decay, type Diversity, type RankingRequest, type Reranker } from "../../model/ranking-options.ts";

/** What is done to a list of verified hits. */
export interface RankingSteps {
  readonly decay: Readonly<Required<Decay>> | null;
  readonly boost: Readonly<Boost> | null;
  readonly diversity: Readonly<Diversity> | null;
  readonly rerank: Reranker | null;
  readonly rerankTimeoutMs: number;
  readonly pool: number;
  readonly explain: boolean;
}

/** Returns the steps of a search; null where there are none. */
export function rankingSteps(configured: RankingRequest | null, own: RankingRequest | null): RankingSteps | null {
  if (configured === null && own === null) return null;
  const { decay, boost, diversity, rerank, rerankTimeoutMs, pool, explain }: RankingRequest = { ...configured, ...own };
  return {
    decay: decay ? { halfLifeDays: decay.halfLifeDays, field: decay.field ?? "updatedAt" } : null,
    boost: boost || null,
    diversity: diversity || null,
    rerank: rerank || null,
    rerankTimeoutMs: rerankTimeoutMs ?? DEFAULT_RERANK_TIMEOUT_MS,
    pool: pool ?? DEFAULT_POOL,
    explain: explain ?? false,
  };
}

/** Whether any step may change the order. */
export function changesOrder({ decay, boost, diversity, rerank }: RankingSteps): boolean {
  return decay !== null || boost !== null || diversity !== null || rerank !== null;
}

/** Returns the steps as skipped, for results without scores: the steps need the scores and vectors of the index. */
export function unscoredSteps(steps: RankingSteps | null): SkippedStep[] {
  const names = ["decay", "boost", "rerank", "diversity"] as const;
  return names.flatMap((step) => (steps === null || steps[step] === null ? [] : [{ step, reason: "unscored", cause: null } as const]));
}

/** Returns what identifies the resulting list, for cursors; a reranker only by its presence. Null if no step changes the order. */
export function factsOfSteps(steps: RankingSteps | null): unknown {
  if (steps === null || !changesOrder(steps)) return null;
  const { decay, boost, diversity, rerank, pool } = steps;
  return [
    decay && [decay.halfLifeDays, decay.field],
    boost && [boost.field, boost.weight],
    diversity && diversity.lambda,
    rerank !== null,
    pool,
  ];
}
