/** What stands between the store and a service: bounds, a circuit breaker, a time limit and retries. */
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
  /** Whether a failure counts toward the circuit breaker; by default one that may pass, so that trying again may help. */
  readonly isOutage?: ((error: unknown) => boolean) | undefined;
  /** Is told before a call is tried again. */
  readonly observer?: Pick<Observer, "retried"> | undefined;
}

/**
 * Guards the calls to one service. Those that failed for a passing reason are tried again, with growing pauses and
 * jitter, until their time is up; after several failures in a row further calls are refused at once, until a trial call,
 * which is tried once, succeeds. Only so many are under way, and only so many wait.
 *
 * Only outages count, which are retryable errors by default: a mistake of the caller says nothing about the service, and
 * neither does a caller who stops waiting. That the caller's time is spent counts where the service had most of it.
 */
export class Guard {
  readonly #options: GuardOptions;
  readonly #bulkhead: Bulkhead;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #isOutage: (error: unknown) => boolean;
  readonly #backoff: ExponentialBackoff<unknown>;
  /** Whether the last call that the breaker heard of failed. */
  #hasFailed = false;
  readonly #pause: ServicePause;

  constructor(options: GuardOptions) {
    const { service, name, retry: retries, breaker, bulkhead, events } = options;
    this.#options = options;
    this.#isOutage = options.isOutage ?? isPassing;
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

  /** The error with which the service asked for a pause that lasts; null where there is none. */
  get pausedBy(): unknown {
    return this.#pause.reason;
  }

  /** Calls under way, and those that wait for their turn. */
  get calls(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.#bulkhead.running, waiting: this.#bulkhead.waiting };
  }

  /**
   * Runs a call that may be tried again. It rejects as soon as its time is spent or its caller has its answer, and makes
   * room for another.
   *
   * @param budgetMs - longest time for it, with all its attempts and pauses
   * @param call - is given the deadline after which nobody waits for it
   * @param caller - when the caller has its answer; the call is over then too
   * @throws {TimeoutError} when the time is spent.
   * @throws {AbortError} when the caller aborted it.
   * @throws {UnavailableError} when the breaker is open, or too many calls wait.
   */
  async run<T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>, caller?: Deadline): Promise<T> {
    // The bulkhead outside: what waited while the breaker opened is refused when its turn comes, and does not wait out
    // its time. The breaker outside the retries: a call that fails, however often it is tried, counts once.
    const turn = this.#bulkhead.enter(caller);
    if (turn !== null) await turn;
    try {
      caller?.throwIfOver(this.#options.name);
      // While the service is well, which is nearly always, the breaker is not asked.
      return await (this.#breaker.state === CircuitState.Closed ? this.#tryAll(budgetMs, call, caller) : this.#tryOnce(budgetMs, call, caller));
    } finally {
      this.#bulkhead.leave();
    }
  }

  // Not cockatiel's policies for the time limit and the retries: they took 20 microseconds of processor time a call,
  // most of it for an abort signal that nobody listens to, where a read takes 40.
  async #tryAll<T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>, caller: Deadline | undefined): Promise<T> {
    const deadline = soonerOf(budgetMs, caller);
    const startedAt = performance.now();
    let backoff: IBackoff<unknown> | null = null;
    let before: unknown = null;
    for (let attempt = 1; ; attempt += 1) {
      if (this.#pause.isSet) await this.#pause.end(deadline);
      try {
        const answer = await deadline.wait(this.#options.name, call(deadline));
        if (this.#hasFailed) await this.#updateBreaker(() => Promise.resolve());
        this.#hasFailed = false;
        return answer;
      } catch (error) {
        if (isPassing(error)) this.#pause.record(error);
        backoff = this.#backoffAfter(error, attempt, backoff, deadline);
        if (backoff === null) {
          const isCutShort = deadline.isOver && deadline === caller && performance.now() - startedAt < caller.budgetMs * FAIR_SHARE;
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

  /** The pause before the next attempt; null where there is none: what cannot be tried in time fails now, with its own error. */
  #backoffAfter(error: unknown, attempt: number, before: IBackoff<unknown> | null, deadline: Deadline): IBackoff<unknown> | null {
    if (!isPassing(error) || attempt >= this.#options.retry.maxAttempts) return null;
    const backoff = before === null ? this.#backoff.next() : before.next(undefined);
    return Math.max(backoff.duration, retryAfterOf(error)) >= deadline.remainingMs ? null : backoff;
  }

  /** While the breaker is not closed: it refuses, or lets one through, for whose end all who call during it wait. */
  async #tryOnce<T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>, caller: Deadline | undefined): Promise<T> {
    const { name, service } = this.#options;
    try {
      const answer = this.#breaker.execute(() => this.#tryWhileNotClosed(budgetMs, call, caller));
      return await (caller === undefined ? answer : caller.wait(name, answer));
    } catch (error) {
      // The breaker was not to count it, so it says nothing of time; the caller is told what ended its wait.
      if (error instanceof AbortError && caller?.isOver === true) throw caller.over(name);
      if (!isBrokenCircuitError(error)) throw error;
      throw new UnavailableError(`${name} failed several times in a row and is left alone for a while.`, {
        cause: error,
        details: { breaker: "open", service },
      });
    }
  }

  /** The trial call has its own time, and goes on when its caller aborts it: others wait for what it shows. */
  async #tryWhileNotClosed<T>(budgetMs: number, call: (deadline: Deadline) => Promise<T>, caller: Deadline | undefined): Promise<T> {
    const { name } = this.#options;
    const isTrial = this.#breaker.state === CircuitState.HalfOpen;
    const deadline = isTrial ? new Deadline(Math.min(budgetMs, caller?.budgetMs ?? Infinity)) : soonerOf(budgetMs, caller);
    // Not a failure of the service: its caller waited for the trial call of another, and has left.
    if (deadline.isOver) throw new AbortError(`${name} was not called: its caller does not wait any more.`);
    if (this.#pause.isSet) await this.#pause.end(deadline);
    try {
      return await deadline.wait(name, call(deadline));
    } catch (error) {
      if (isPassing(error)) this.#pause.record(error);
      throw error;
    }
  }

  /** The breaker has to hear of every failure; of successes, only of the first after one. */
  async #recordFailure(error: unknown): Promise<void> {
    if (!this.#isOutage(error)) return;
    this.#hasFailed = true;
    await this.#updateBreaker(() => Promise.reject(error)).catch(() => undefined);
  }

  /** Counts an outcome, unless the breaker has opened meanwhile: then only its own trial calls count. */
  async #updateBreaker(outcome: () => Promise<void>): Promise<void> {
    if (this.#breaker.state === CircuitState.Closed) await this.#breaker.execute(outcome);
  }
}

/** Of the caller's time, the share that a service must have had for a caller's spent time to count as its failure. */
const FAIR_SHARE = 0.5;

/** The deadline of a call: its caller's, unless its own budget is spent before. */
function soonerOf(budgetMs: number, caller: Deadline | undefined): Deadline {
  if (caller === undefined) return new Deadline(budgetMs);
  return budgetMs >= caller.remainingMs ? caller : caller.within(budgetMs);
}

/** A spent time budget with why the attempt before was in vain: alone it would hide the reason. */
function withReason(error: unknown, before: unknown): unknown {
  if (before === null || !(error instanceof TimeoutError)) return error;
  return new TimeoutError(`${error.message} The attempt before failed: ${messageOf(before)}`, { cause: before, details: error.details });
}

function isPassing(error: unknown): boolean {
  return isStoreError(error) && error.retryable && !(error instanceof NotReadyError);
}
