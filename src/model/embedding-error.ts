import { EmbeddingError, isStoreError, messageOf } from "./errors.ts";

/** What an embedding provider threw, in the store's terms. */
export function toEmbeddingError(error: unknown): EmbeddingError {
  if (error instanceof EmbeddingError) return error;
  return new EmbeddingError(`The embedding provider failed: ${messageOf(error)}`, {
    cause: error,
    retryable: isStoreError(error) ? error.retryable : !isRefusal(error),
  });
}

/** Whether the provider refused the request itself, by an HTTP status that trying again does not change. */
function isRefusal(error: unknown): boolean {
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
  return typeof status === "number" && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
