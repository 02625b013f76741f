import type { Deadline } from "../concurrency/deadline.ts";
import { toEmbeddingError } from "../model/embedding-error.ts";
import type { EmbeddingProvider, EmbeddingsLike } from "../ports/embedder.ts";
import { DividedEmbeddings } from "./divided-embeddings.ts";
import { explainTimeouts } from "./client-retries.ts";
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
  const guarded = async <T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>): Promise<T> =>
    // Inside, so that the guard sees what can be tried again; outside, for what the guard itself says.
    translated(() => guard.run(budgetMs, (deadline) => translated(() => explained(deadline, () => call(deadline)))));
  return {
    embedDocuments: (texts) => guarded(budgets.documentsMs, (deadline) => provider.embedDocuments(texts, deadline)),
    embedQuery: (text) => guarded(budgets.queryMs, () => provider.embedQuery(text)),
  };
}

async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toEmbeddingError(error);
  }
}
