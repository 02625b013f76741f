/**
 * The error classes. Every error of the store is a {@link StoreError}, except an invalid namespace, which is LangGraph's
 * `InvalidNamespaceError`. Backends translate driver errors to these classes.
 */
import { isError } from "./realms.ts";

/** Machine-readable codes of errors. Stable across versions. */
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

/** Cause and details of an error. */
export interface StoreErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
}

/** Marks errors of the store, so that {@link isStoreError} also recognizes those of a second copy of the package. */
const BRAND = Symbol.for("langgraph-store-scylladb.error");

/** Base of all errors of the store. */
export class StoreError extends Error {
  /** Machine-readable code. */
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

/** Whether `error` is a {@link StoreError}, also one of another copy of the package. */
export function isStoreError(error: unknown): error is StoreError {
  try {
    return isError(error) && BRAND in error;
  } catch {
    // A proxy whose handler throws.
    return false;
  }
}

/**
 * Invalid input. The message names the path, the kind of the value and the fix. Nothing was written. In a message over 1,000
 * characters the middle is omitted.
 */
export class ValidationError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("VALIDATION", false, withoutMiddle(message), options);
  }
}

// Names in the input are unbounded and appear in messages that reach logs. The path is at the start, the fix at the end.
function withoutMiddle(message: string): string {
  const [most, kept] = [1_000, 450];
  if (message.length <= most) return message;
  return `${message.slice(0, kept)} … ${message.length - 2 * kept} characters omitted … ${message.slice(-kept)}`;
}

/** A mistake in the configuration, found before any connection was opened. */
export class ConfigurationError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("CONFIGURATION", false, message, options);
  }
}

/** A connection to a server could not be opened or was lost. */
export class ConnectionError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions & { readonly retryable?: boolean }) {
    super("CONNECTION", options?.retryable ?? true, message, options);
  }
}

/**
 * Authentication failed: a server rejected the credentials or the client certificate, or its own certificate could not be
 * verified.
 */
export class AuthenticationError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions & { readonly retryable?: boolean }) {
    super("AUTHENTICATION", options?.retryable ?? false, message, options);
  }
}

/** The credentials are valid but lack a right that the operation requires. */
export class PermissionError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("PERMISSION", false, message, options);
  }
}

/** A service cannot serve now: too few replicas, overload, a full queue, an open circuit. */
export class UnavailableError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("UNAVAILABLE", true, message, options);
  }
}

/**
 * A server works, but the requested object is temporarily missing: a lost collection that is being rebuilt. Circuit breakers
 * do not count it.
 */
export class NotReadyError extends UnavailableError {}

/** Message about the index of a process that a reindex in another process has replaced, and that was removed since. */
export const INDEX_REMOVED = "The index that this process uses was removed: restart it with the new index.";

/** The deadline was exceeded. A write that timed out may or may not have been applied. */
export class TimeoutError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("TIMEOUT", true, message, options);
  }
}

/** A server rejected a request; a retry does not help. */
export class QueryError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("QUERY", false, message, options);
  }
}

/** Stored data does not match this version or configuration: a newer schema, another embedding model. */
export class SchemaError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("SCHEMA", false, message, options);
  }
}

/** The embedding provider failed, or returned vectors that do not match the configuration. */
export class EmbeddingError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions & { readonly retryable?: boolean }) {
    super("EMBEDDING", options?.retryable ?? true, message, options);
  }
}

/** The record of a put is stored, but its vectors could not be written. */
export class VectorSyncError extends StoreError {
  /** The record is stored: reads return the new value. */
  readonly stored = true;
  /** The reconciler of this or another process writes the vectors. */
  readonly queued = true;

  constructor(message: string, options?: StoreErrorOptions & { readonly retryable?: boolean }) {
    super("VECTOR_SYNC", options?.retryable ?? true, message, options);
  }
}

/** A rate limit rejected the operation. Nothing was done. */
export class RateLimitError extends StoreError {
  /** Time after which the same call may succeed, milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options: StoreErrorOptions = {}) {
    super("RATE_LIMITED", true, message, { ...options, details: { ...options.details, retryAfterMs } });
    this.retryAfterMs = retryAfterMs;
  }
}

/** The audit trail could not be written, and `audit.policy` is `"block"`. */
export class AuditError extends StoreError {
  /** Whether the operation took effect: its intent is in the trail, and only its outcome is missing. */
  readonly applied: boolean;

  constructor(message: string, applied: boolean, options?: StoreErrorOptions) {
    // An operation that took effect must not be repeated only because its entry is missing.
    super("AUDIT", !applied, message, options);
    this.applied = applied;
  }
}

/** The `codec` could not encode or decode a value; `details.keyId` is the id of the key, if known. */
export class CodecError extends StoreError {
  constructor(message: string, options?: StoreErrorOptions) {
    super("CODEC", false, message, options);
  }
}

/** The caller aborted the operation. A write in progress continues and may or may not be stored. */
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
 * At least one operation of a batch failed. `outcomes[i]` is the outcome of `operations[i]`; fulfilled operations took effect.
 * The first failure is the `cause`.
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

/** Returns the message of any thrown value, for a message or a log line. */
export function messageOf(error: unknown): string {
  try {
    // Any value can be thrown: errors whose message is not a string or whose getter throws, and values without text.
    return isError(error) && typeof error.message === "string" ? error.message : String(error);
  } catch {
    return kindOf(error);
  }
}

/** Returns the kind of a value for an error message: `null`, `array`, `Date`, `function`, …; never the value itself. */
export function kindOf(value: unknown): string {
  try {
    return readKindOf(value);
  } catch {
    // A revoked proxy, or a getter that throws.
    return "a value that cannot be read";
  }
}

function readKindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value !== "object") return Number.isNaN(value) ? "NaN" : typeof value;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const name: unknown = value.constructor?.name;
  return tag === "Object" && typeof name === "string" && name !== "Object" && name !== "" ? name : tag;
}
