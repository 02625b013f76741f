/**
 * The error family. Every error that the store raises by itself is a {@link StoreError}, except a bad namespace, which
 * is LangGraph's own `InvalidNamespaceError`. Driver errors are translated to these at the edge of their backend.
 */

/** What went wrong, for programs. Stable across versions. */
export type StoreErrorCode =
  | "VALIDATION"
  | "CONFIGURATION"
  | "CONNECTION"
  | "AUTHENTICATION"
  | "PERMISSION"
  | "UNAVAILABLE"
  | "TIMEOUT"
  | "QUERY"
  | "SCHEMA"
  | "EMBEDDING"
  | "VECTOR_SYNC"
  | "RATE_LIMITED"
  | "AUDIT"
  | "CODEC"
  | "BATCH"
  | "ABORTED"
  | "CLOSED";

/** Facts about an error that are safe to log: never a stored value, a secret or a vector. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** What an error may carry besides its message. */
export interface StoreErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
}

/** Marks errors of this family, so that {@link isStoreError} also knows those of a second copy of the package. */
const BRAND = Symbol.for("langgraph-store-scylladb.error");

/** Base of all errors of the store. */
export class StoreError extends Error {
  /** What went wrong, for programs. */
  readonly code: StoreErrorCode;
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;
  /** Facts that are safe to log. */
  readonly details: ErrorDetails;
  readonly [BRAND] = true;

  constructor(code: StoreErrorCode, retryable: boolean, message: string, options: StoreErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryable;
    this.details = options.details ?? {};
  }
}

/** Tells whether `error` is of the store's family, whichever copy of the package made it. */
export function isStoreError(error: unknown): error is StoreError {
  return error instanceof Error && BRAND in error;
}

/**
 * Input that can never be served: names the path, the kind of value found there and the fix. Nothing was written. Of a message
 * over 1,000 characters the middle is left out.
 */
export class ValidationError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("VALIDATION", false, withoutMiddle(message), options);
  }
}

// Names that callers give have no bound, and stand in messages that go to logs. The path is in front, the fix at the end.
function withoutMiddle(message: string): string {
  const [most, kept] = [1_000, 450];
  if (message.length <= most) return message;
  return `${message.slice(0, kept)} … ${message.length - 2 * kept} characters left out … ${message.slice(-kept)}`;
}

/** A mistake in the configuration, found before any connection was made. */
export class ConfigurationError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("CONFIGURATION", false, message, options);
  }
}

/** No connection to a server could be made, or it was lost. */
export class ConnectionError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions & { readonly retryable?: boolean }) {
    super("CONNECTION", options?.retryable ?? true, message, options);
  }
}

/**
 * One side did not accept who the other says it is: a server refused the credentials or the client certificate, or its
 * own certificate could not be verified.
 */
export class AuthenticationError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions & { readonly retryable?: boolean }) {
    super("AUTHENTICATION", options?.retryable ?? false, message, options);
  }
}

/** The credentials are right but lack a right that the operation needs. */
export class PermissionError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("PERMISSION", false, message, options);
  }
}

/** A server answered that it cannot serve now: too few replicas, overload, a queue that is full. */
export class UnavailableError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("UNAVAILABLE", true, message, options);
  }
}

/**
 * A server is well, but what was asked of it is not there for the moment: a collection that was lost and comes back. It
 * says nothing against the server, so no circuit breaker counts it.
 */
export class NotReadyError extends UnavailableError {}

/** An answer did not come in time. A write that timed out may or may not have been applied. */
export class TimeoutError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("TIMEOUT", true, message, options);
  }
}

/** A server refused a request that it understood; trying again does not help. */
export class QueryError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("QUERY", false, message, options);
  }
}

/** What is stored does not fit this code or this configuration: a newer schema, another embedding model. */
export class SchemaError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("SCHEMA", false, message, options);
  }
}

/** The embedding provider failed or answered with vectors that do not fit the configuration. */
export class EmbeddingError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions & { readonly retryable?: boolean }) {
    super("EMBEDDING", options?.retryable ?? true, message, options);
  }
}

/** The record of a put is stored, but its vectors could not be brought in step with it. */
export class VectorSyncError extends StoreError {
  /** The record itself is safe: reading it gives the new value. */
  readonly stored = true;
  /** The reconciler finishes the job, in this process or another. */
  readonly queued = true;

  constructor(message: string, options?: StoreErrorOptions & { readonly retryable?: boolean }) {
    super("VECTOR_SYNC", options?.retryable ?? true, message, options);
  }
}

/** More was asked for than a rate limit lets through. Nothing was done. */
export class RateLimitError extends StoreError {
  /** After so long, in milliseconds, the same call may pass. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options: StoreErrorOptions = {}) {
    super("RATE_LIMITED", true, message, { ...options, details: { ...options.details, retryAfterMs } });
    this.retryAfterMs = retryAfterMs;
  }
}

/** The audit trail could not be written, and `audit.policy` is `"block"`. */
export class AuditError extends StoreError {
  /** Whether the operation took effect all the same: its intent is in the trail, and only its outcome is missing. */
  readonly applied: boolean;

  constructor(message: string, applied: boolean, options?: StoreErrorOptions) {
    // What took effect shall not be done again for the sake of its line.
    super("AUDIT", !applied, message, options);
    this.applied = applied;
  }
}

/** A stored value could not be encoded or decoded by the `codec`; `details.keyId` names the key where there is one. */
export class CodecError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("CODEC", false, message, options);
  }
}

/** The caller's signal ended the wait. A write that had begun by then goes on, and may or may not be stored. */
export class AbortError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("ABORTED", false, message, options);
  }
}

/** The store was stopped. */
export class ClosedError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("CLOSED", false, message, options);
  }
}

/**
 * At least one operation of a batch failed. `outcomes[i]` is what became of `operations[i]`: an operation that is
 * fulfilled here has had its effect. The first failure is the `cause`.
 */
export class BatchError extends StoreError {
  readonly outcomes: readonly PromiseSettledResult<unknown>[];

  constructor(outcomes: readonly PromiseSettledResult<unknown>[]) {
    const failed = outcomes.flatMap((outcome, position) =>
      outcome.status === "rejected" ? [{ position, reason: outcome.reason as unknown }] : [],
    );
    const first = failed[0];
    const text = messageOf(first?.reason);
    super(
      "BATCH",
      failed.every(({ reason }) => isStoreError(reason) && reason.retryable),
      `${failed.length} of ${outcomes.length} operations failed${failed.length < outcomes.length ? "; the others took effect" : ""}. ` +
        `First failure, at position ${first?.position}: ${text}`,
      { cause: first?.reason, details: { failed: failed.length, operations: outcomes.length } },
    );
    this.outcomes = outcomes;
  }
}

/** What an error says, for a message or a log line; whatever was thrown. */
export function messageOf(error: unknown): string {
  try {
    // Anything can be thrown: errors with a message of another kind, or with a getter that throws, and what has no text.
    return error instanceof Error && typeof error.message === "string" ? error.message : String(error);
  } catch {
    return kindOfThrown(error);
  }
}

function kindOfThrown(thrown: unknown): string {
  try {
    return kindOf(thrown);
  } catch {
    // A proxy that was revoked.
    return "a value that cannot be read";
  }
}

/** Names the kind of a value for an error message: `null`, `array`, `Date`, `function`, …; never the value itself. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value !== "object") return Number.isNaN(value) ? "NaN" : typeof value;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const name: unknown = value.constructor?.name;
  return tag === "Object" && typeof name === "string" && name !== "Object" && name !== "" ? name : tag;
}
