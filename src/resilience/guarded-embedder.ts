import type { EmbeddingsLike } from "../ports/embedder.ts";
import { toEmbeddingError } from "../model/embedding-error.ts";
import type { Guard } from "./guard.ts";

/** An embedding provider behind a guard; its failures become `EmbeddingError`s, so that the guard can tell them apart. */
export function guardEmbeddings(embeddings: EmbeddingsLike, guard: Guard): EmbeddingsLike {
  const guarded = async <T>(call: () => Promise<T>): Promise<T> =>
    // Inside, so that the guard sees what can be tried again; outside, for what the guard itself says.
    translated(() => guard.run(() => translated(call)));
  return {
    embedDocuments: (texts) => guarded(() => embeddings.embedDocuments(texts)),
    embedQuery: (text) => guarded(() => embeddings.embedQuery(text)),
  };
}

async function translated<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toEmbeddingError(error);
  }
}
