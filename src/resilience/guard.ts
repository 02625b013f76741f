/** What stands between the store and a service: bounds, a circuit breaker, a time limit and retries. */
import { setTimeout as pause } from "node:timers/promises";
import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  isBrokenCircuitError,
  type CircuitBreakerPolicy,
  type IBackoff,
} from "cockatiel";
import { Bulkhead, type BulkheadLimits } from "../concurrency/bulkhead.ts";
import { Deadline, withinDeadline } from "../concurrency/deadline.ts";
import { isStoreError, NotReadyError, UnavailableError } from "../model/errors.ts";
import type { BreakerState, Events, Service } from "../ports/events.ts";
import type { Observer } from "../ports/telemetry.ts";

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
  /** Is told before a call is tried again. */
  readonly observer?: Pick<Observer, "retried"> | undefined;
}

/**
 * Guards the calls to one service. Those that failed for a passing reason are tried again, with growing pauses and
 * jitter, until their time is up; after several failures in a row further calls are refused at once, until a trial call,
 * which is tried once, succeeds. Only so many are under way, and only so many wait.
 *
 * Only retryable errors count: a mistake of the caller says nothing about the service.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #backoff: ExponentialBackoff<unknown>;
  /** Whether the last call that the breaker heard of failed. */
  #hasFailed = false;

  constructor(options: GuardOptions) {
    const { service, name, retry: retries, breaker, bulkhead, events } = options;
    this.#options = options;
    this.#bulkhead = new Bulkhead(name, bulkhead);
    this.#breaker = circuitBreaker(handleWhen(isPassing), {
      halfOpenAfter: breaker.halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(breaker.failures),
    });
    this.#backoff = new ExponentialBackoff({ initialDelay: retries.initialDelayMs, maxDelay: retries.maxDelayMs });
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

  /** Calls under way, and those that wait for their turn. */
  get calls(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.#bulkhead.running, waiting: this.#bulkhead.waiting };
  }

  /**
   * Runs a call that may be tried again.
   *
   * @param budgetMs - longest time for it, with all its attempts and pauses
   * @throws {TimeoutError} when that is over; what the call does goes on.
   * @throws {UnavailableError} when the breaker is open, or too many calls wait.
   */
  async run<T>(budgetMs: number, call: () => Promise<T>): Promise<T> {
    // The bulkhead outside: what waited while the breaker opened is refused when its turn comes, and does not wait out
    // its time. The breaker outside the retries: a call that fails, however often it is tried, counts once.
    const turn = this.#bulkhead.enter();
    if (turn !== null) await turn;
    try {
      // While the service is well, which is nearly always, the breaker is not asked.
      return await (this.#breaker.state === CircuitState.Closed ? this.#tryAll(budgetMs, call) : this.#tryOnce(budgetMs, call));
    } finally {
      this.#bulkhead.leave();
    }
  }

  // Not cockatiel's policies for the time limit and the retries: they took 20 microseconds of processor time a call,
  // most of it for an abort signal that nobody listens to, where a read takes 40.
  async #tryAll<T>(budgetMs: number, call: () => Promise<T>): Promise<T> {
    const deadline = new Deadline(budgetMs);
    let backoff: IBackoff<unknown> | null = null;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await deadline.wait(this.#options.name, call());
        if (this.#hasFailed) await this.#tellBreaker(() => Promise.resolve());
        this.#hasFailed = false;
        return answer;
      } catch (error) {
        backoff = this.#backoffAfter(error, attempt, backoff, deadline);
        if (backoff === null) {
          await this.#noteFailure(error);
          throw error;
        }
        this.#options.observer?.retried(this.#options.service, attempt, backoff.duration, error);
        await pause(backoff.duration);
      }
    }
  }

  /** The pause before the next attempt; null where there is none: what cannot be tried in time fails now, with its own error. */
  #backoffAfter(error: unknown, attempt: number, before: IBackoff<unknown> | null, deadline: Deadline): IBackoff<unknown> | null {
    if (!isPassing(error) || attempt >= this.#options.retry.maxAttempts) return null;
    const backoff = before === null ? this.#backoff.next() : before.next(undefined);
    return backoff.duration >= deadline.remainingMs ? null : backoff;
  }

  /** While the breaker is not closed: it refuses, or lets one through, for whose end all who call during it wait. */
  async #tryOnce<T>(budgetMs: number, call: () => Promise<T>): Promise<T> {
    const { name, service } = this.#options;
    try {
      return await this.#breaker.execute(() => withinDeadline(name, budgetMs, call()));
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new UnavailableError(`${name} failed several times in a row and is left alone for a while.`, {
        cause: error,
        details: { breaker: "open", service },
      });
    }
  }

  /** The breaker has to hear of every failure; of successes, only of the first after one. */
  async #noteFailure(error: unknown): Promise<void> {
    if (!isPassing(error)) return;
    this.#hasFailed = true;
    await this.#tellBreaker(() => Promise.reject(error)).catch(() => undefined);
  }

  /** Counts an outcome, unless the breaker has opened meanwhile: then only its own trial calls count. */
  async #tellBreaker(outcome: () => Promise<void>): Promise<void> {
    if (this.#breaker.state === CircuitState.Closed) await this.#breaker.execute(outcome);
  }
}

function isPassing(error: unknown): boolean {
  return isStoreError(error) && error.retryable && !(error instanceof NotReadyError);
}
