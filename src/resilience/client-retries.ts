/**
 * LangChain's embeddings retry failed calls by themselves (six times by default), which hides the failures. This module observes the
 * failed attempts, so that the error of an exceeded deadline contains the provider's last failure.
 */
import type { Deadline } from "../concurrency/deadline.ts";
import { toEmbeddingError } from "../model/embedding-error.ts";
import { EmbeddingError } from "../model/errors.ts";

/** The part of LangChain's `AsyncCaller` that retries. */
interface RetryingCaller {
  readonly maxRetries: number;
  onFailedAttempt: (error: unknown) => unknown;
}

/** The last failed attempt of a client; null without one. */
interface Attempts {
  last: { readonly error: unknown; /** By `performance.now()`. */ readonly at: number } | null;
}

/** A failed attempt that the client retried. */
export interface RetriedAttempt {
  readonly error: EmbeddingError;
  /** By `performance.now()`. */
  readonly at: number;
}

const NO_CALLER = {};

/** Share of the deadline for a client that retries; the rest is for reporting its last failure. */
const CLIENT_SHARE = 0.95;

/** By client. A client that serves several stores is observed once. */
const observed = new WeakMap<object, Attempts>();

/** Returns how many times the client retries a failed call; 0 if it does not, or this is unknown. */
export function clientRetriesOf(embeddings: unknown): number {
  return callerOf(embeddings)?.maxRetries ?? 0;
}

/** Makes a call to a provider within a deadline. */
type ExplainedCall = <T>(deadline: Deadline, call: () => Promise<T>) => Promise<T>;

/**
 * Observes a client that retries. A call that is still being retried shortly before the deadline rejects with the provider's last
 * failure; the client itself continues.
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

/** Returns the last failed attempt of a client that retries, at `since` or later; null without one. */
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
