import type { Deadline } from "../concurrency/deadline.ts";
import { isProviderFailure, toEmbeddingError } from "../model/embedding-error.ts";
import { EmbeddingError } from "../model/errors.ts";
import type { EmbeddingProvider, EmbeddingsLike } from "../ports/embedder.ts";
import { DividedEmbeddings } from "./divided-embeddings.ts";
import { explainTimeouts, retriedSince, type RetriedAttempt } from "./client-retries.ts";
import type { Guard } from "./guard.ts";

/** Time budgets of calls to the provider, with all attempts, milliseconds. */
export interface EmbeddingBudgets {
  readonly queryMs: number;
  readonly documentsMs: number;
}

/**
 * Returns the provider with its calls run through a guard. Failures become `EmbeddingError`s, by which the guard distinguishes
 * outages from rejected texts. A failed call is divided inside the guard, so that a failure caused by one text does not count as
 * an outage.
 */
export function guardEmbeddings(embeddings: EmbeddingsLike, guard: Guard, budgets: EmbeddingBudgets): EmbeddingProvider {
  const provider = new DividedEmbeddings(embeddings);
  const explained = explainTimeouts(embeddings);
  let last: RetriedAttempt | null = null;
  const recorded = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await translated(call);
    } catch (error) {
      if (error instanceof EmbeddingError && isProviderFailure(error)) last = { error, at: performance.now() };
      throw error;
    }
  };
  const guarded = async <T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>): Promise<T> =>
    // Translated inside, so that the guard recognizes retryable errors; and outside, for errors of the guard itself.
    translated(() => guard.run(budgetMs, (deadline) => recorded(() => explained(deadline, () => call(deadline)))));
  return {
    embedDocuments: (texts) => guarded(budgets.documentsMs, (deadline) => provider.embedDocuments(texts, deadline)),
    embedQuery: (text) => guarded(budgets.queryMs, () => provider.embedQuery(text)),
    failureSince(since) {
      if (guard.pausedBy instanceof EmbeddingError) return guard.pausedBy;
      const retried = retriedSince(embeddings, since);
      const isNewer = retried !== null && retried.at > (last?.at ?? 0) && isProviderFailure(retried.error);
      const failure = isNewer ? retried : last;
      return failure === null || failure.at < since ? null : failure.error;
    },
  };
}

async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toEmbeddingError(error);
  }
}
