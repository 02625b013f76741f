/** Retries and a circuit breaker around the calls to one service. */
import {
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  isBrokenCircuitError,
  retry,
  wrap,
  type IPolicy,
} from "cockatiel";
import { isStoreError, UnavailableError } from "../model/errors.ts";
import type { Logger } from "../ports/logger.ts";

/** How often and how fast a call is tried again. */
export interface RetryOptions {
  /** Attempts in all; 1 tries once. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
}

/** When a service that fails is left alone. */
export interface BreakerOptions {
  /** Calls that failed in a row, with all their attempts, after which the breaker opens. */
  readonly failures: number;
  /** After so long one call is let through, to see whether the service is back. */
  readonly halfOpenAfterMs: number;
}

/**
 * Guards the calls to one service: those that failed for a passing reason are tried again, with growing pauses and
 * jitter; after several failures in a row further calls are refused at once, until a trial call succeeds.
 *
 * Only retryable errors count: a mistake of the caller says nothing about the service.
 */
export class Guard {
  readonly #name: string;
  readonly #withRetries: IPolicy;

  /** @param name - the service, for messages: "Qdrant" */
  constructor(name: string, retries: RetryOptions, breaker: BreakerOptions, logger: Logger) {
    this.#name = name;
    const passing = handleWhen((error) => isStoreError(error) && error.retryable);
    const whenFailing = circuitBreaker(passing, {
      halfOpenAfter: breaker.halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(breaker.failures),
    });
    const again = retry(passing, {
      maxAttempts: retries.maxAttempts - 1,
      backoff: new ExponentialBackoff({ initialDelay: retries.initialDelayMs, maxDelay: retries.maxDelayMs }),
    });
    // The breaker outside: a call that fails for its own sake, however often it is tried, counts once.
    this.#withRetries = wrap(whenFailing, again);
    whenFailing.onBreak(() => logger.warn({ service: name }, `${name} keeps failing: it is left alone for a while`));
    whenFailing.onReset(() => logger.info({ service: name }, `${name} is back`));
  }

  /** Runs a call that may be tried again. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#withRetries.execute(call);
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new UnavailableError(`${this.#name} failed several times in a row and is left alone for a while.`, {
        cause: error,
        details: { breaker: "open", service: this.#name },
      });
    }
  }
}
