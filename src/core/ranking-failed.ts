import type { DegradedReason } from "../model/degraded-reason.ts";
import { embeddingFaultOf, WRONG_ANSWER } from "../model/embedding-error.ts";
import { isStoreError, ValidationError } from "../model/errors.ts";

/** The steps of a ranking: embedding the query, and querying the index. */
export type RankingStep = "embedding" | "index";

/** A ranking failed for a reason that is not the caller's; a fallback is possible. */
export class RankingFailed extends Error {
  readonly reason: DegradedReason;
  readonly step: RankingStep;

  constructor(reason: DegradedReason, step: RankingStep, cause: unknown) {
    super(reason, { cause });
    this.reason = reason;
    this.step = step;
  }
}

/** Runs a step of a ranking; failures other than mistakes of the caller or the configuration degrade the search. */
export async function attempt<T>(step: RankingStep, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const fault = embeddingFaultOf(error);
    // A query that the provider rejects is a mistake of the caller, which a fallback would hide.
    const isMistake = error instanceof ValidationError || fault === WRONG_ANSWER || fault === "input";
    if (!isStoreError(error) || isMistake || error.code === "ABORTED") throw error;
    const reason = step === "embedding" ? "embedding-failed" : "vectors-unavailable";
    throw new RankingFailed(error.code === "TIMEOUT" ? "ranking-too-slow" : reason, step, error);
  }
}
