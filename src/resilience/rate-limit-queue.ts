/**
 * The queue of calls that wait for rate limits, fair between scopes (weighted fair queueing). Fairness counts operations, not calls:
 * a scope that sends batches gets no more than one that sends single operations, and a scope that floods the queue delays itself.
 */
import { LRUCache } from "lru-cache";
import type { Meter } from "./rate-limit-meter.ts";

/** A number of operations to take from one meter. */
export interface Claim {
  readonly meter: Meter;
  readonly cost: number;
}

/** A waiting call. */
export interface Waiter {
  readonly scope: string;
  /** Calls in a lane pass in their order. A lane has one scope and the same kinds of operations, so reads do not wait for writes. */
  readonly lane: string;
  /** Operations of the call. */
  readonly cost: number;
  readonly claims: readonly Claim[];
  /** Returns whether the caller has aborted the call. */
  readonly isAbandoned: () => boolean;
  readonly pass: () => void;
  readonly abandon: () => void;
}

interface Queued {
  readonly waiter: Waiter;
  /** Virtual start time, by which calls are ordered. */
  readonly start: number;
}

/** Returns the milliseconds until all claims may pass; 0 for now. */
export function waitFor(claims: readonly Claim[], now: number): number {
  return claims.reduce((longest, { meter, cost }) => Math.max(longest, meter.wait(cost, now)), 0);
}

/** Takes all claims. */
export function takeAll(claims: readonly Claim[], now: number): void {
  for (const { meter, cost } of claims) meter.take(cost, now);
}

/** Waiting calls, by lane. */
export class FairQueue {
  readonly #lanes = new Map<string, Queued[]>();
  /** Virtual finish time of each scope; cleared when nothing waits. */
  readonly #finishTimes: LRUCache<string, number>;
  /** Virtual time: the start of the call that passed last. */
  #clock = 0;
  #size = 0;

  /** @param maxScopes - most scopes that are remembered */
  constructor(maxScopes: number) {
    this.#finishTimes = new LRUCache({ max: maxScopes });
  }

  /** Number of waiting calls. */
  get size(): number {
    return this.#size;
  }

  /** Appends a call to its lane. */
  add(waiter: Waiter): void {
    const start = Math.max(this.#clock, this.#finishTimes.get(waiter.scope) ?? 0);
    this.#finishTimes.set(waiter.scope, start + waiter.cost);
    const queue = this.#lanes.get(waiter.lane) ?? [];
    queue.push({ waiter, start });
    this.#lanes.set(waiter.lane, queue);
    this.#size += 1;
  }

  /** Removes a call that stopped waiting. */
  remove(waiter: Waiter): void {
    const queue = this.#lanes.get(waiter.lane) ?? [];
    const position = queue.findIndex((queued) => queued.waiter === waiter);
    if (position >= 0) this.#drop(queue, position);
  }

  /** Removes the last call of the longest lane, if it belongs to another scope and the lane is longer than `lane` would be. */
  displaceFor({ scope, lane }: Pick<Waiter, "scope" | "lane">): Waiter | null {
    let longest: Queued[] = [];
    for (const queue of this.#lanes.values()) if (queue.length > longest.length) longest = queue;
    const last = longest.at(-1);
    const own = this.#lanes.get(lane)?.length ?? 0;
    if (last === undefined || last.waiter.scope === scope || longest.length <= own + 1) return null;
    this.#drop(longest, longest.length - 1);
    return last.waiter;
  }

  /** Removes all calls. */
  drain(): Waiter[] {
    const all = [...this.#lanes.values()].flat().map(({ waiter }) => waiter);
    this.#lanes.clear();
    this.#reset();
    return all;
  }

  /**
   * Lets calls pass in order. A call that waits for a meter blocks later calls that need the same meter.
   *
   * @returns milliseconds until the next call may pass; null when nothing waits
   */
  advance(now: number): number | null {
    let next: number | null;
    do next = this.#advanceOnce(now);
    while (next === 0);
    return next;
  }

  /** @returns 0 when a call passed, and the order has to be computed again */
  #advanceOnce(now: number): number | null {
    const heads = [...this.#lanes.values()].flatMap((queue) => queue[0] ?? []).sort((a, b) => a.start - b.start);
    const awaited = new Set<Meter>();
    let soonest: number | null = null;
    for (const { waiter, start } of heads) {
      if (waiter.isAbandoned()) {
        this.remove(waiter);
        waiter.abandon();
        return this.#size === 0 ? null : 0;
      }
      if (waiter.claims.some(({ meter }) => awaited.has(meter))) continue;
      const wait = waitFor(waiter.claims, now);
      if (wait === 0) {
        this.#clock = Math.max(this.#clock, start);
        this.remove(waiter);
        takeAll(waiter.claims, now);
        waiter.pass();
        return this.#size === 0 ? null : 0;
      }
      for (const { meter, cost } of waiter.claims) if (meter.wait(cost, now) > 0) awaited.add(meter);
      soonest = Math.min(soonest ?? Infinity, wait);
    }
    return soonest;
  }

  #drop(queue: Queued[], position: number): void {
    const [dropped] = queue.splice(position, 1);
    this.#size -= 1;
    if (queue.length === 0 && dropped !== undefined) this.#lanes.delete(dropped.waiter.lane);
    if (this.#size === 0) this.#reset();
  }

  /** Restarts the virtual time when nothing waits. */
  #reset(): void {
    this.#size = 0;
    this.#clock = 0;
    this.#finishTimes.clear();
  }
}
