/**
 * Meters of operation rates. A limit of this store takes from several meters atomically (of the store, of the scope, of each kind),
 * with a queue that is fair between scopes. `rate-limiter-flexible` does not fit: it has neither a token bucket nor a sliding window
 * in memory (its windows are fixed, so twice the rate passes at their boundary), it counts refused operations, and it never
 * releases the queues of its keys.
 */

/** A number of operations per period. */
export interface Rate {
  readonly operations: number;
  readonly periodMs: number;
  /** Token bucket only: most operations at once after a pause; equal to `operations` by default. */
  readonly burst?: number | undefined;
}

/** How a rate is measured. */
export type RateAlgorithm = "token-bucket" | "sliding-window";

/** Measures operations against a rate. Times are milliseconds of a monotonic clock. */
export interface Meter {
  /**
   * Returns the milliseconds after which `cost` operations may pass; 0 for now. A cost beyond the rate's maximum may pass when nothing
   * else is counted; later operations then wait longer.
   */
  wait(cost: number, now: number): number;
  /** Counts operations. */
  take(cost: number, now: number): void;
}

/** Creates the meter of a rate. */
export function meterOf(rate: Rate, algorithm: RateAlgorithm): Meter {
  return algorithm === "token-bucket" ? new TokenBucket(rate) : new SlidingWindow(rate);
}

/** Tokens are added at an even pace up to the burst; an operation takes one. */
class TokenBucket implements Meter {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number | null = null;

  constructor({ operations, periodMs, burst = operations }: Rate) {
    this.#perMs = operations / periodMs;
    this.#burst = burst;
    this.#tokens = burst;
  }

  wait(cost: number, now: number): number {
    this.#fill(now);
    const lacking = Math.min(cost, this.#burst) - this.#tokens;
    // Tolerates rounding errors of a billionth of a token.
    return lacking <= 1e-9 ? 0 : lacking / this.#perMs;
  }

  take(cost: number, now: number): void {
    this.#fill(now);
    this.#tokens -= cost;
  }

  #fill(now: number): void {
    if (this.#filledAt !== null) this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
  }
}

/** Slots per period: more slots are more exact. */
const SLOTS = 10;

/** Allows at most the rate in any period, whenever it starts. */
class SlidingWindow implements Meter {
  readonly #operations: number;
  readonly #slotMs: number;
  /** Operations by the number of their slot, oldest first. */
  readonly #counts = new Map<number, number>();
  #sum = 0;
  /** After a cost beyond the rate of one period: when the next operation may pass. */
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

  /** Returns when the last operation of a slot is one period old. */
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
