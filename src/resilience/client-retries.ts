/**
 * LangChain's embeddings retry failed calls by themselves (six times by default), which hides the failures. This module observes the
 * failed attempts, so that the error of an exceeded deadline contains the provider's last failure.
 */
import type { Deadline } from "../concurrency/deadline.ts";
import { toEmbeddingError } from "../model/embedding-error.ts";
import { EmbeddingError, kindOf } from "../model/errors.ts";

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

/** Share of the deadline for a client that retries; the rest is for reporting its last failure. */
const CLIENT_SHARE = 0.95;

/** Most clients that are followed from wrapper to wrapped client. */
const MAX_CLIENTS = 8;

/** By client. A client that serves several stores is observed once. */
const observed = new WeakMap<object, Attempts>();

/** A client that retries failed calls. */
export interface RetryingClient {
  /** Its class. */
  readonly name: string;
  readonly maxRetries: number;
}

/** Returns the client that calls the provider if it retries failed calls; null if it does not, or this is unknown. */
export function retryingClientOf(embeddings: unknown): RetryingClient | null {
  // Not a wrapper, which does not use its own retries.
  const client = clientsOf(embeddings).at(-1);
  const caller = callerOf(client);
  return caller === null ? null : { name: kindOf(client), maxRetries: caller.maxRetries };
}

/** Makes a call to a provider within a deadline. */
type ExplainedCall = <T>(deadline: Deadline, call: () => Promise<T>) => Promise<T>;

/**
 * Observes a client that retries. A call that is still being retried shortly before the deadline rejects with the provider's last
 * failure; the client itself continues.
 */
export function explainTimeouts(embeddings: unknown): ExplainedCall {
  const observable = callersOf(embeddings).filter((caller) => !Object.isFrozen(caller));
  if (observable.length === 0) return (_deadline, call) => call();
  for (const caller of observable) if (!observed.has(caller)) observe(caller);
  return (deadline, call) => {
    const startedAt = performance.now();
    const own = deadline.part(CLIENT_SHARE);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        const last = lastAttemptOf(embeddings);
        if (last !== null && last.at >= startedAt) reject(retriedTooLong(last.error, own.budgetMs));
      };
      own.onOver(end);
      void call().then(resolve, reject).finally(() => own.offOver(end));
    });
  };
}

/** Returns the last failed attempt of a client that retries, at `since` or later; null without one. */
export function retriedSince(embeddings: unknown, since: number): RetriedAttempt | null {
  const last = lastAttemptOf(embeddings);
  return last === null || last.at < since ? null : { error: retriedTooLong(last.error), at: last.at };
}

function lastAttemptOf(embeddings: unknown): Attempts["last"] {
  let newest: Attempts["last"] = null;
  for (const caller of callersOf(embeddings)) {
    const last = observed.get(caller)?.last ?? null;
    if (last !== null && last.at >= (newest?.at ?? 0)) newest = last;
  }
  return newest;
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

function observe(caller: RetryingCaller): void {
  const attempts: Attempts = { last: null };
  const handle = caller.onFailedAttempt;
  caller.onFailedAttempt = (error) => {
    attempts.last = { error, at: performance.now() };
    return handle.call(caller, error);
  };
  observed.set(caller, attempts);
}

/** The client, and those that it wraps as LangChain's `CacheBackedEmbeddings` does, outermost first. */
function clientsOf(embeddings: unknown): object[] {
  const clients: object[] = [];
  let client = embeddings;
  while (typeof client === "object" && client !== null && !clients.includes(client) && clients.length < MAX_CLIENTS) {
    clients.push(client);
    client = "underlyingEmbeddings" in client ? client.underlyingEmbeddings : null;
  }
  return clients;
}

function callersOf(embeddings: unknown): RetryingCaller[] {
  return clientsOf(embeddings).map(callerOf).filter((caller) => caller !== null);
}

function callerOf(embeddings: unknown): RetryingCaller | null {
  if (typeof embeddings !== "object" || embeddings === null || !("caller" in embeddings)) return null;
  const { caller } = embeddings;
  if (typeof caller !== "object" || caller === null) return null;
  const { maxRetries, onFailedAttempt } = caller as Partial<RetryingCaller>;
  const isRetrying = typeof maxRetries === "number" && maxRetries > 0 && typeof onFailedAttempt === "function";
  return isRetrying ? (caller as RetryingCaller) : null;
}
