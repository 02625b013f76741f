import { EmbeddingError, isStoreError, messageOf, type ErrorDetails } from "./errors.ts";
import { describeFailure, isOutageFault, isRetryableFault, providerFailureOf, type ProviderFault } from "./provider-failure.ts";

/** In the details of an error: the provider answered, but not with what was configured. */
export const WRONG_ANSWER = "wrong-answer";

/**
 * What `details.fault` of an `EmbeddingError` says. `suspect-input`: the provider failed for one text, for an unknown
 * reason, and accepted another after that; the same call may succeed later.
 */
export type EmbeddingFault = ProviderFault | typeof WRONG_ANSWER | "suspect-input";

/** Start of the message of every failure of an embedding provider. */
export const PROVIDER_FAILED = "The embedding provider failed: ";

/**
 * What an embedding provider threw, in the store's terms: classified in `details.fault`, `details.status` and
 * `details.retryAfterMs`. Its own message is only in `cause`: it may quote the text that was embedded, and messages of
 * the store's errors reach logs and events.
 */
export function toEmbeddingError(error: unknown): EmbeddingError {
  if (error instanceof EmbeddingError) return error;
  // Errors of the store itself: no answer in time, too many calls wait, the circuit is open.
  if (isStoreError(error)) {
    return new EmbeddingError(`${PROVIDER_FAILED}${messageOf(error)}`, {
      cause: error,
      retryable: error.retryable,
      details: { fault: error.retryable ? "unavailable" : "unknown", ...error.details },
    });
  }
  const { fault, status, retryAfterMs } = providerFailureOf(error);
  const details: ErrorDetails = {
    fault,
    ...(status === null ? {} : { status }),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  };
  return new EmbeddingError(`${PROVIDER_FAILED}${describeFailure(error)}.`, { cause: error, retryable: isRetryableFault(fault), details });
}

/** Whether a failure says something about the provider, and nothing about one text. */
export function isProviderFailure(error: EmbeddingError): boolean {
  const fault = embeddingFaultOf(error);
  return fault !== null && fault !== WRONG_ANSWER && fault !== "suspect-input" && (isOutageFault(fault) || isRetryableFault(fault));
}

/** The fault of an `EmbeddingError`; null for any other error. */
export function embeddingFaultOf(error: unknown): EmbeddingFault | null {
  if (!isStoreError(error) || error.code !== "EMBEDDING") return null;
  return (error.details["fault"] as EmbeddingFault | undefined) ?? "unknown";
}

/** Whether an error counts toward the circuit breaker of the embedding provider. */
export function isProviderOutage(error: unknown): boolean {
  const fault = embeddingFaultOf(error);
  if (fault === null) return isStoreError(error) && error.retryable;
  return fault !== WRONG_ANSWER && fault !== "suspect-input" && isOutageFault(fault);
}
