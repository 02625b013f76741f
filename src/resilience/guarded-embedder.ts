import type { Deadline } from "../concurrency/deadline.ts";
import { isProviderFailure, toEmbeddingError } from "../model/embedding-error.ts";
import { EmbeddingError } from "../model/errors.ts";
import type { EmbeddingProvider, EmbeddingsLike } from "../ports/embedder.ts";
import { DividedEmbeddings } from "./divided-embeddings.ts";
import { explainTimeouts, retriedSince, type RetriedAttempt } from "./client-retries.ts";
import type { Guard } from "./guard.ts";

/** Longest times for calls to the provider, with all their attempts, milliseconds. */
export interface EmbeddingBudgets {
  readonly queryMs: number;
  readonly documentsMs: number;
}

/**
 * An embedding provider behind a guard; its failures become `EmbeddingError`s, so that the guard can tell them apart. A
 * call that failed is divided inside the guard: what one text caused does not count as a failure of the provider.
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
    // Inside, so that the guard sees what can be tried again; outside, for what the guard itself says.
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
