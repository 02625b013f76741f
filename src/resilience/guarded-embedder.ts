import type { EmbeddingsLike } from "../ports/embedder.ts";
import { toEmbeddingError } from "../model/embedding-error.ts";
import type { Guard } from "./guard.ts";

/** Longest times for calls to the provider, with all their attempts, milliseconds. */
export interface EmbeddingBudgets {
  readonly queryMs: number;
  readonly documentsMs: number;
}

/** An embedding provider behind a guard; its failures become `EmbeddingError`s, so that the guard can tell them apart. */
export function guardEmbeddings(embeddings: EmbeddingsLike, guard: Guard, budgets: EmbeddingBudgets): EmbeddingsLike {
  const guarded = async <T>(budgetMs: number, call: () => Promise<T>): Promise<T> =>
    // Inside, so that the guard sees what can be tried again; outside, for what the guard itself says.
    translated(() => guard.run(budgetMs, () => translated(call)));
  return {
    embedDocuments: (texts) => guarded(budgets.documentsMs, () => embeddings.embedDocuments(texts)),
    embedQuery: (text) => guarded(budgets.queryMs, () => embeddings.embedQuery(text)),
  };
}

async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toEmbeddingError(error);
  }
}
