/**
 * LangChain's embeddings retry failed calls by themselves (six times by default), and meanwhile nobody sees why. This
 * observes the failed attempts, so that a call that took too long carries the provider's last failure.
 */
import type { Deadline } from "../concurrency/deadline.ts";
import { toEmbeddingError } from "../model/embedding-error.ts";
import { EmbeddingError } from "../model/errors.ts";

/** The part of LangChain's `AsyncCaller` that retries. */
interface RetryingCaller {
  readonly maxRetries: number;
  onFailedAttempt: (error: unknown) => unknown;
}

/** The last failed attempt of a client; null while there is none. */
interface Attempts {
  last: { readonly error: unknown; /** By `performance.now()`. */ readonly at: number } | null;
}

/** An attempt that failed. */
export interface RetriedAttempt {
  readonly error: EmbeddingError;
  /** By `performance.now()`. */
  readonly at: number;
}

const NO_CALLER = {};

/** A client that retries by itself has this share of the time; the rest is left for its caller to learn why it failed. */
const CLIENT_SHARE = 0.95;

/** Of each client, which may serve several stores and is observed once. */
const observed = new WeakMap<object, Attempts>();

/** How many times the client retries a failed call by itself; 0 where it does not, or nothing says so. */
export function clientRetriesOf(embeddings: unknown): number {
  return callerOf(embeddings)?.maxRetries ?? 0;
}

/** Makes a call to a provider within a deadline. */
type ExplainedCall = <T>(deadline: Deadline, call: () => Promise<T>) => Promise<T>;

/**
 * Observes a client that retries by itself. A call that it still retries shortly before the deadline rejects with the
 * provider's last failure; what the client does goes on.
 */
export function explainTimeouts(embeddings: unknown): ExplainedCall {
  const caller = callerOf(embeddings);
  if (caller === null) return (_deadline, call) => call();
  const attempts = observed.get(caller) ?? observe(caller);
  return (deadline, call) => {
    const startedAt = performance.now();
    const own = deadline.part(CLIENT_SHARE);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        const { last } = attempts;
        if (last !== null && last.at >= startedAt) reject(retriedTooLong(last.error, own.budgetMs));
      };
      own.onOver(end);
      void call().then(resolve, reject).finally(() => own.offOver(end));
    });
  };
}

/** The last attempt that failed and that a client retried by itself, at `since` or later; null where there is none. */
export function retriedSince(embeddings: unknown, since: number): RetriedAttempt | null {
  const last = observed.get(callerOf(embeddings) ?? NO_CALLER)?.last ?? null;
  return last === null || last.at < since ? null : { error: retriedTooLong(last.error), at: last.at };
}

function retriedTooLong(reason: unknown, ms: number | null = null): EmbeddingError {
  const { message, retryable, details } = toEmbeddingError(reason);
  const time = ms === null ? "" : ` for ${ms} ms`;
  return new EmbeddingError(`${message} (retried by its own client${time}: create it with maxRetries: 0)`, {
    cause: reason,
    retryable,
    details,
  });
}

function observe(caller: RetryingCaller): Attempts {
  const attempts: Attempts = { last: null };
  const handle = caller.onFailedAttempt;
  caller.onFailedAttempt = (error) => {
    attempts.last = { error, at: performance.now() };
    return handle.call(caller, error);
  };
  observed.set(caller, attempts);
  return attempts;
}

function callerOf(embeddings: unknown): RetryingCaller | null {
  if (typeof embeddings !== "object" || embeddings === null || !("caller" in embeddings)) return null;
  const { caller } = embeddings;
  if (typeof caller !== "object" || caller === null || Object.isFrozen(caller)) return null;
  const { maxRetries, onFailedAttempt } = caller as Partial<RetryingCaller>;
  const isRetrying = typeof maxRetries === "number" && maxRetries > 0 && typeof onFailedAttempt === "function";
  return isRetrying ? (caller as RetryingCaller) : null;
}
