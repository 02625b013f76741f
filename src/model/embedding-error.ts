import { EmbeddingError, isStoreError, messageOf, type ErrorDetails } from "./errors.ts";
import { describeFailure, isOutageFault, isRetryableFault, providerFailureOf, type ProviderFault } from "./provider-failure.ts";

/** Fault of an answer that does not match the configuration. */
export const WRONG_ANSWER = "wrong-answer";

/**
 * Values of `details.fault` of an `EmbeddingError`. `suspect-input`: the provider failed for one text for an unknown reason or with a
 * status of 500 or above, and accepted another text; the same call may succeed later. A `refused` text whose provider accepts other
 * texts is `input`.
 */
export type EmbeddingFault = ProviderFault | typeof WRONG_ANSWER | "suspect-input";

/** Start of the message of every failure of an embedding provider. */
export const PROVIDER_FAILED = "The embedding provider failed: ";

/**
 * Converts an error of an embedding provider, classified in `details.fault`, `details.status` and `details.retryAfterMs`. The
 * provider's message is only in `cause`, because it may quote the embedded text and messages of the store reach logs and
 * events.
 */
export function toEmbeddingError(error: unknown): EmbeddingError {
  if (isStoreError(error)) {
    if (error instanceof EmbeddingError) return error;
    // Errors of the store itself: a timeout, a full queue, an open circuit.
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

/** Whether a failure concerns the provider, not a single text. */
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
