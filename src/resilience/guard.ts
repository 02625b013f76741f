/** What stands between the store and a service: bounds, a circuit breaker, a time limit and retries. */
import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  isBrokenCircuitError,
  isTaskCancelledError,
  retry,
  timeout,
  TimeoutStrategy,
  wrap,
  type CircuitBreakerPolicy,
  type IPolicy,
} from "cockatiel";
import { Bulkhead, type BulkheadLimits } from "../concurrency/bulkhead.ts";
import { isStoreError, TimeoutError, UnavailableError } from "../model/errors.ts";
import type { BreakerState, Events, Service } from "../ports/events.ts";

/** How often and how fast a call is tried again. */
interface RetryOptions {
  /** Attempts in all; 1 tries once. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
}

/** When a service that fails is left alone. */
interface BreakerOptions {
  /** Calls that failed in a row, with all their attempts, after which the breaker opens. */
  readonly failures: number;
  /** After so long one call is let through, to see whether the service is back. */
  readonly halfOpenAfterMs: number;
}

/** How calls to one service are guarded. */
export interface GuardOptions {
  readonly service: Service;
  /** The service for messages: "Qdrant". */
  readonly name: string;
  readonly retry: RetryOptions;
  readonly breaker: BreakerOptions;
  readonly bulkhead: BulkheadLimits;
  readonly events: Events;
}

/**
 * Guards the calls to one service. Those that failed for a passing reason are tried again, with growing pauses and
 * jitter, until their time is up; after several failures in a row further calls are refused at once, until a trial call
 * succeeds. Only so many are under way, and only so many wait.
 *
 * Only retryable errors count: a mistake of the caller says nothing about the service.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #again: IPolicy;
  /** By the time that a call may take, milliseconds. */
  readonly #policies = new Map<number, IPolicy>();

  constructor(options: GuardOptions) {
    const { service, name, retry: retries, breaker, bulkhead, events } = options;
    this.#options = options;
    this.#bulkhead = new Bulkhead(name, bulkhead);
    this.#breaker = circuitBreaker(handleWhen((error) => isPassing(error) || isTaskCancelledError(error)), {
      halfOpenAfter: breaker.halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(breaker.failures),
    });
    this.#again = retry(handleWhen(isPassing), {
      maxAttempts: retries.maxAttempts - 1,
      backoff: new ExponentialBackoff({ initialDelay: retries.initialDelayMs, maxDelay: retries.maxDelayMs }),
    });
    this.#breaker.onBreak(() => events.tell({ type: "breaker-opened", service }));
    this.#breaker.onReset(() => events.tell({ type: "breaker-closed", service }));
  }

  /** State of the breaker. */
  get breaker(): BreakerState {
    switch (this.#breaker.state) {
      case CircuitState.Closed:
        return "closed";
      case CircuitState.HalfOpen:
        return "half-open";
      case CircuitState.Open:
      case CircuitState.Isolated:
        return "open";
    }
  }

  /**
   * Runs a call that may be tried again.
   *
   * @param budgetMs - longest time for it, with all its attempts and pauses
   * @throws {TimeoutError} when that is over; what the call does goes on.
   * @throws {UnavailableError} when the breaker is open, or too many calls wait.
   */
  async run<T>(budgetMs: number, call: () => Promise<T>): Promise<T> {
    const { name, service } = this.#options;
    try {
      // The bulkhead outside: what waited while the breaker opened is refused when its turn comes, and does not wait
      // out its time. The breaker outside the retries: a call that fails, however often it is tried, counts once.
      return await this.#bulkhead.run(() => this.#policyFor(budgetMs).execute(call));
    } catch (error) {
      if (isTaskCancelledError(error)) {
        throw new TimeoutError(`${name} did not answer within ${budgetMs} ms.`, { cause: error, details: { service } });
      }
      if (!isBrokenCircuitError(error)) throw error;
      throw new UnavailableError(`${name} failed several times in a row and is left alone for a while.`, {
        cause: error,
        details: { breaker: "open", service },
      });
    }
  }

  #policyFor(budgetMs: number): IPolicy {
    const known = this.#policies.get(budgetMs);
    if (known !== undefined) return known;
    const policy = wrap(this.#breaker, timeout(budgetMs, TimeoutStrategy.Aggressive), this.#again);
    this.#policies.set(budgetMs, policy);
    return policy;
  }
}

function isPassing(error: unknown): boolean {
  return isStoreError(error) && error.retryable;
}
