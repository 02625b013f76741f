/** The pause that a service asks for with a failure (`retry-after`), which all calls to it respect. */
import type { Deadline } from "../concurrency/deadline.ts";
import { isStoreError, messageOf, UnavailableError } from "../model/errors.ts";

/** Longest pause of calls other than the failed one, regardless of what the service asks for, milliseconds. */
const MAX_PAUSE_MS = 60_000;

/** Largest share of a pause that is added to it. */
const JITTER = 0.1;

/** A pause between calls to one service. */
export class ServicePause {
  readonly #name: string;
  /** By `performance.now()`. */
  #until = 0;
  /** The error with which the service asked; null where no pause is set. */
  #reason: unknown = null;

  /** @param name - of the service, for messages */
  constructor(name: string) {
    this.#name = name;
  }

  /** Whether a pause was recorded, and no call has waited until its end yet. */
  get isSet(): boolean {
    return this.#until > 0;
  }

  /** The error with which the service asked for the current pause; null without one. */
  get reason(): unknown {
    return this.#until > performance.now() ? this.#reason : null;
  }

  /** Records the pause that an error asks for. */
  record(error: unknown): void {
    const ms = Math.min(retryAfterOf(error), MAX_PAUSE_MS);
    const until = performance.now() + ms;
    if (ms === 0 || until <= this.#until) return;
    this.#until = until;
    this.#reason = error;
  }

  /**
   * Waits until the pause is over.
   *
   * @throws {UnavailableError} at once when the deadline comes before the end.
   */
  async waitOut(deadline: Deadline): Promise<void> {
    for (;;) {
      const ms = Math.ceil(this.#until - performance.now());
      if (ms <= 0) break;
      if (deadline.isOver) throw deadline.over(this.#name);
      if (ms >= deadline.remainingMs) throw this.#error(ms);
      // With jitter, so that calls do not continue all at once.
      await deadline.pause(ms + Math.random() * Math.min(ms * JITTER, deadline.remainingMs - ms));
      if (deadline.isOver) throw deadline.over(this.#name);
    }
    this.#until = 0;
    this.#reason = null;
  }

  /** Without the reason as its cause, which comes from another caller's call and may quote its content. */
  #error(ms: number): UnavailableError {
    const details = isStoreError(this.#reason) ? this.#reason.details : {};
    return new UnavailableError(`${this.#name} asked to wait ${ms} ms more before the next call: ${messageOf(this.#reason)}`, {
      details: { ...details, retryAfterMs: ms },
    });
  }
}

/** Returns the pause before the next call that a service requests with an error, milliseconds; 0 for none. */
export function retryAfterOf(error: unknown): number {
  const ms = isStoreError(error) ? error.details["retryAfterMs"] : undefined;
  return typeof ms === "number" ? ms : 0;
}
