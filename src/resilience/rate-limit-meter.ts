/**
 * Measures how fast operations come. Written here, as a limit of this store is several meters at once (of the store, of
 * the scope, of each kind) that are all taken or none, with a queue that is fair between scopes:
 * `rate-limiter-flexible` has neither a token bucket nor a sliding window in memory (its windows are fixed, so twice the
 * rate passes where two meet), counts what it refuses, and queues by key, with a queue that is never given back.
 */

/** So many operations in so long. */
export interface Rate {
  readonly operations: number;
  readonly periodMs: number;
  /** Token bucket only: operations that may come at once after a pause; as many as `operations` by default. */
  readonly burst?: number | undefined;
}

/** How a rate is measured. */
export type RateAlgorithm = "token-bucket" | "sliding-window";

/** Counts operations against a rate. Times are milliseconds of one clock that never goes back. */
export interface Meter {
  /**
   * Milliseconds after which `cost` operations may pass; 0 when they may now. More than the rate ever lets through at
   * once may pass when nothing else is counted, and the next then wait the longer.
   */
  wait(cost: number, now: number): number;
  /** Counts operations that pass. */
  take(cost: number, now: number): void;
}

/** Makes the meter of a rate. */
export function meterOf(rate: Rate, algorithm: RateAlgorithm): Meter {
  return algorithm === "token-bucket" ? new TokenBucket(rate) : new SlidingWindow(rate);
}

/** Tokens come at an even pace up to a burst; an operation takes one. */
class TokenBucket implements Meter {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number | null = null;

  constructor({ operations, periodMs, burst = operations }: Rate) {
    this.#perMs = operations / periodMs;
    this.#burst = burst;
    this.#tokens = burst;
  }

  wait(cost: number, now: number): number {
    this.#fill(now);
    const lacking = Math.min(cost, this.#burst) - this.#tokens;
    // A token that lacks a billionth of itself, by rounding, is one.
    return lacking <= 1e-9 ? 0 : lacking / this.#perMs;
  }

  take(cost: number, now: number): void {
    this.#fill(now);
    this.#tokens -= cost;
  }

  #fill(now: number): void {
    if (this.#at !== null) this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
  }
}

/** Slots that a period is counted in: the more, the nearer to a log of every operation. */
const SLOTS = 10;

/** No more operations than the rate says in any period, wherever it begins. */
class SlidingWindow implements Meter {
  readonly #operations: number;
  readonly #slotMs: number;
  /** Operations by the number of their slot, oldest first. */
  readonly #counts = new Map<number, number>();
  #sum = 0;
  /** What was let through although it was more than a period allows keeps the next away for as long as it is worth. */
  #heldUntil = 0;

  constructor({ operations, periodMs }: Rate) {
    this.#operations = operations;
    this.#slotMs = periodMs / SLOTS;
  }

  wait(cost: number, now: number): number {
    this.#forget(now);
    const held = Math.max(0, this.#heldUntil - now);
    let over = this.#sum + Math.min(cost, this.#operations) - this.#operations;
    if (over <= 0) return held;
    for (const [slot, count] of this.#counts) {
      over -= count;
      if (over <= 0) return Math.max(held, this.#endOf(slot) - now);
    }
    return held;
  }

  take(cost: number, now: number): void {
    this.#forget(now);
    const slot = Math.floor(now / this.#slotMs);
    this.#counts.set(slot, (this.#counts.get(slot) ?? 0) + cost);
    this.#sum += cost;
    if (cost > this.#operations) this.#heldUntil = now + (cost / this.#operations) * this.#slotMs * SLOTS;
  }

  /** A slot counts until its last operation is a period old. */
  #endOf(slot: number): number {
    return (slot + 1 + SLOTS) * this.#slotMs;
  }

  #forget(now: number): void {
    for (const [slot, count] of this.#counts) {
      if (this.#endOf(slot) > now) return;
      this.#counts.delete(slot);
      this.#sum -= count;
    }
  }
}
