import type { DegradedReason } from "../model/degraded-reason.ts";
import { embeddingFaultOf, WRONG_ANSWER } from "../model/embedding-error.ts";
import { isStoreError, ValidationError } from "../model/errors.ts";

/** What a ranking needs: the embedding provider, and the index. */
export type RankingStep = "embedding" | "index";

/** A ranking failed for a reason that is not the caller's; other rankings are still possible. */
export class RankingFailed extends Error {
  readonly reason: DegradedReason;
  readonly step: RankingStep;

  constructor(reason: DegradedReason, step: RankingStep, cause: unknown) {
    super(reason, { cause });
    this.reason = reason;
    this.step = step;
  }
}

/** Runs a step of a ranking; a failure that is not the caller's or the configuration's makes the search degrade. */
export async function attempt<T>(step: RankingStep, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const fault = embeddingFaultOf(error);
    // A query that the provider rejects fails for itself: it says nothing of the provider, and keywords would only hide it.
    const isMistake = error instanceof ValidationError || fault === WRONG_ANSWER || fault === "input";
    if (!isStoreError(error) || isMistake || error.code === "ABORTED") throw error;
    const reason = step === "embedding" ? "embedding-failed" : "vectors-unavailable";
    throw new RankingFailed(error.code === "TIMEOUT" ? "ranking-too-slow" : reason, step, error);
  }
}
