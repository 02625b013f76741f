/** Resilience of calls to a service: bulkhead, circuit breaker, timeout and retries. */
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
import { Deadline } from "../concurrency/deadline.ts";
import { AbortError, isStoreError, messageOf, NotReadyError, TimeoutError, UnavailableError } from "../model/errors.ts";
import type { BreakerState, Events, Service } from "../ports/events.ts";
import type { Observer } from "../ports/telemetry.ts";
import { retryAfterOf, ServicePause } from "./service-pause.ts";

/** Retries of a call. */
interface RetryOptions {
  /** Attempts including the first one; 1 disables retries. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
}

/** When the circuit of a failing service opens. */
interface BreakerOptions {
  /** Consecutive failed calls, each with all its attempts, after which the breaker opens. */
  readonly failures: number;
  /** Time until a half-open probe checks whether the service is available again. */
  readonly halfOpenAfterMs: number;
}

/** Options of a guard. */
export interface GuardOptions {
  readonly service: Service;
  /** Name of the service in messages: "Qdrant". */
  readonly name: string;
  readonly retry: RetryOptions;
  readonly breaker: BreakerOptions;
  readonly bulkhead: BulkheadLimits;
  readonly events: Events;
  /** Returns whether a failure counts toward the circuit breaker; by default transient failures do. */
  readonly isOutage?: ((error: unknown) => boolean) | undefined;
  /** Notified before each retry. */
  readonly observer?: Pick<Observer, "retried"> | undefined;
}

/**
 * Guards the calls to one service. Transient failures are retried with exponential backoff and jitter until the deadline. After
 * several consecutive failures the circuit opens: calls fail at once until a half-open probe, which is not retried, succeeds. The
 * bulkhead limits the calls in flight and the calls that wait.
 *
 * Only outages count as failures, by default all retryable errors: neither a mistake of the caller nor an abort is a failure of the
 * service. An exceeded deadline of the caller counts if the service had most of its time.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #isOutage: (error: unknown) => boolean;
  readonly #backoff: ExponentialBackoff<unknown>;
  /** Whether the last call that the breaker recorded failed. */
  #hasFailed = false;
  readonly #pause: ServicePause;

  constructor(options: GuardOptions) {
    const { service, name, retry: retries, breaker, bulkhead, events } = options;
    this.#options = options;
    this.#isOutage = options.isOutage ?? isTransient;
    this.#bulkhead = new Bulkhead(name, bulkhead);
    this.#pause = new ServicePause(name);
    this.#breaker = circuitBreaker(handleWhen(this.#isOutage), {
      halfOpenAfter: breaker.halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(breaker.failures),
    });
    this.#backoff = new ExponentialBackoff({ initialDelay: retries.initialDelayMs, maxDelay: retries.maxDelayMs });
    this.#breaker.onBreak(() => events.emit({ type: "breaker-opened", service }));
    this.#breaker.onReset(() => events.emit({ type: "breaker-closed", service }));
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

  /** The error with which the service requested the current pause; null without one. */
  get pausedBy(): unknown {
    return this.#pause.reason;
  }

  /** Calls in flight, and calls that wait. */
  get calls(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.#bulkhead.running, waiting: this.#bulkhead.waiting };
  }

  /**
   * Runs a call, which may be retried. Rejects as soon as a deadline is exceeded, and then frees its slot in the bulkhead.
   *
   * @param budgetMs - longest time of the call, with all attempts and pauses
   * @param call - receives its deadline: the budget or that of the caller, whichever is sooner
   * @param callerDeadline - deadline of the caller
   * @throws {TimeoutError} when the deadline is exceeded.
   * @throws {AbortError} when the caller aborted the call.
   * @throws {UnavailableError} when the circuit is open, or too many calls wait.
   */
  async run<T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>, callerDeadline?: Deadline): Promise<T> {
    // The bulkhead is outermost: calls that waited while the breaker opened fail when their turn comes, not at their deadline. The
    // breaker is outside the retries: a failed call counts once, however many attempts it made.
    const turn = this.#bulkhead.enter(callerDeadline);
    if (turn !== null) await turn;
    try {
      callerDeadline?.throwIfOver(this.#options.name);
      // While the circuit is closed, which is nearly always, calls bypass the breaker.
      return await (this.#breaker.state === CircuitState.Closed ? this.#callWithRetries(budgetMs, call, callerDeadline) : this.#callThroughBreaker(budgetMs, call, callerDeadline));
    } finally {
      this.#bulkhead.leave();
    }
  }

  // Timeout and retries do not use cockatiel's policies: these took 20 microseconds of processor time per call, mostly for an
  // unused abort signal, while a read takes 40.
  async #callWithRetries<T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>, callerDeadline: Deadline | undefined): Promise<T> {
    const deadline = soonerOf(budgetMs, callerDeadline);
    const startedAt = performance.now();
    let backoff: IBackoff<unknown> | null = null;
    let before: unknown = null;
    for (let attempt = 1; ; attempt += 1) {
      if (this.#pause.isSet) await this.#pause.waitOut(deadline);
      try {
        const answer = await deadline.wait(this.#options.name, call(deadline));
        if (this.#hasFailed) await this.#updateBreaker(() => Promise.resolve());
        this.#hasFailed = false;
        return answer;
      } catch (error) {
        if (isTransient(error)) this.#pause.record(error);
        backoff = this.#backoffAfter(error, attempt, backoff, deadline);
        if (backoff === null) {
          const isCutShort = deadline.isOver && deadline === callerDeadline && performance.now() - startedAt < callerDeadline.budgetMs * FAIR_SHARE;
          if (!isCutShort) await this.#recordFailure(error);
          throw withReason(error, before);
        }
        before = error;
        const pauseMs = Math.max(backoff.duration, retryAfterOf(error));
        this.#options.observer?.retried(this.#options.service, attempt, pauseMs, error);
        await deadline.pause(pauseMs);
        if (deadline.isOver) throw withReason(deadline.over(this.#options.name), error);
      }
    }
  }

  /** Returns the pause before the next attempt; null for none: a call that cannot be retried before its deadline fails now. */
  #backoffAfter(error: unknown, attempt: number, before: IBackoff<unknown> | null, deadline: Deadline): IBackoff<unknown> | null {
    if (!isTransient(error) || attempt >= this.#options.retry.maxAttempts) return null;
    const backoff = before === null ? this.#backoff.next() : before.next(undefined);
    return Math.max(backoff.duration, retryAfterOf(error)) >= deadline.remainingMs ? null : backoff;
  }

  /** Runs a call while the circuit is not closed: it fails at once, or it is the probe, whose outcome concurrent calls wait for. */
  async #callThroughBreaker<T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>, callerDeadline: Deadline | undefined): Promise<T> {
    const { name, service } = this.#options;
    try {
      const answer = this.#breaker.execute(() => this.#attemptInBreaker(budgetMs, call, callerDeadline));
      return await (callerDeadline === undefined ? answer : callerDeadline.wait(name, answer));
    } catch (error) {
      // The AbortError only keeps the breaker from counting; the caller gets the reason why its deadline is over.
      if (error instanceof AbortError && callerDeadline?.isOver === true) throw callerDeadline.over(name);
      if (!isBrokenCircuitError(error)) throw error;
      throw new UnavailableError(`${name} failed several times in a row: the circuit is open, and calls fail at once until a probe succeeds. Try again later.`, {
        cause: error,
        details: { breaker: "open", service },
      });
    }
  }

  /** Makes one attempt. A probe has a deadline of its own, and continues when its caller aborts: other calls wait for its outcome. */
  async #attemptInBreaker<T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>, callerDeadline: Deadline | undefined): Promise<T> {
    const { name } = this.#options;
    const isProbe = this.#breaker.state === CircuitState.HalfOpen;
    const deadline = isProbe ? new Deadline(Math.min(budgetMs, callerDeadline?.budgetMs ?? Infinity)) : soonerOf(budgetMs, callerDeadline);
    // Not a failure of the service: the caller waited for the probe of another call until its own deadline.
    if (deadline.isOver) throw new AbortError(`${name} was not called: the deadline of the caller was exceeded before.`);
    if (this.#pause.isSet) await this.#pause.waitOut(deadline);
    try {
      return await deadline.wait(name, call(deadline));
    } catch (error) {
      if (isTransient(error)) this.#pause.record(error);
      throw error;
    }
  }

  /** Reports a failure to the breaker, which needs every failure, but only the first success after one. */
  async #recordFailure(error: unknown): Promise<void> {
    if (!this.#isOutage(error)) return;
    this.#hasFailed = true;
    await this.#updateBreaker(() => Promise.reject(error)).catch(() => undefined);
  }

  /** Reports an outcome to the breaker, unless it is open: then only probes count. */
  async #updateBreaker(outcome: () => Promise<void>): Promise<void> {
    if (this.#breaker.state === CircuitState.Closed) await this.#breaker.execute(outcome);
  }
}

/** Share of the caller's deadline that a service must have had for an exceeded deadline to count as its failure. */
const FAIR_SHARE = 0.5;

/** Returns the deadline of a call: that of the caller, or the budget if it is sooner. */
function soonerOf(budgetMs: number, callerDeadline: Deadline | undefined): Deadline {
  if (callerDeadline === undefined) return new Deadline(budgetMs);
  return budgetMs >= callerDeadline.remainingMs ? callerDeadline : callerDeadline.within(budgetMs);
}

/** Adds the reason why the attempt before failed to a timeout, which would hide it. */
function withReason(error: unknown, before: unknown): unknown {
  if (before === null || !(error instanceof TimeoutError)) return error;
  return new TimeoutError(`${error.message} The attempt before failed: ${messageOf(before)}`, { cause: before, details: error.details });
}

function isTransient(error: unknown): boolean {
  return isStoreError(error) && error.retryable && !(error instanceof NotReadyError);
}
