/**
 * Lets what waits for rate limits pass in a fair order. Scopes take turns by the operations that they were let through,
 * not by the calls: one that sends batches gets no more than one that sends single operations, and one that floods waits
 * behind itself.
 */
import { LRUCache } from "lru-cache";
import type { Meter } from "./rate-limit-meter.ts";

/** Operations that one meter counts. */
export interface Claim {
  readonly meter: Meter;
  readonly cost: number;
}

/** A call that waits. */
export interface Waiter {
  readonly scope: string;
  /** Calls of one lane stay in their order: those of one scope and the same kinds, so that reads do not wait for writes. */
  readonly lane: string;
  /** Operations of the call. */
  readonly cost: number;
  readonly claims: readonly Claim[];
  /** Whether nobody waits for the call any more. */
  readonly isAbandoned: () => boolean;
  readonly pass: () => void;
  readonly abandon: () => void;
}

interface Queued {
  readonly waiter: Waiter;
  /** Place in the order of fairness: how much its scope had been let through when its turn began. */
  readonly start: number;
}

/** Milliseconds until all claims may pass; 0 when they may now. */
export function waitFor(claims: readonly Claim[], now: number): number {
  return claims.reduce((longest, { meter, cost }) => Math.max(longest, meter.wait(cost, now)), 0);
}

/** Counts all claims. */
export function takeAll(claims: readonly Claim[], now: number): void {
  for (const { meter, cost } of claims) meter.take(cost, now);
}

/** Calls that wait, by lane. */
export class FairQueue {
  readonly #queues = new Map<string, Queued[]>();
  /** Up to where each scope was served; forgotten when nothing waits. */
  readonly #served: LRUCache<string, number>;
  /** Where the call stood that passed last. */
  #clock = 0;
  #size = 0;

  /** @param maxScopes - scopes that are remembered */
  constructor(maxScopes: number) {
    this.#served = new LRUCache({ max: maxScopes });
  }

  /** Calls that wait. */
  get size(): number {
    return this.#size;
  }

  /** Puts a call behind those of its lane. */
  add(waiter: Waiter): void {
    const start = Math.max(this.#clock, this.#served.get(waiter.scope) ?? 0);
    this.#served.set(waiter.scope, start + waiter.cost);
    const queue = this.#queues.get(waiter.lane) ?? [];
    queue.push({ waiter, start });
    this.#queues.set(waiter.lane, queue);
    this.#size += 1;
  }

  /** Takes out a call that stopped waiting. */
  remove(waiter: Waiter): void {
    const queue = this.#queues.get(waiter.lane) ?? [];
    const position = queue.findIndex((queued) => queued.waiter === waiter);
    if (position >= 0) this.#drop(queue, position);
  }

  /** Takes out the last call of the longest lane, if that is of another scope and longer than `lane` would be. */
  displaceFor({ scope, lane }: Pick<Waiter, "scope" | "lane">): Waiter | null {
    let longest: Queued[] = [];
    for (const queue of this.#queues.values()) if (queue.length > longest.length) longest = queue;
    const last = longest.at(-1);
    const own = this.#queues.get(lane)?.length ?? 0;
    if (last === undefined || last.waiter.scope === scope || longest.length <= own + 1) return null;
    this.#drop(longest, longest.length - 1);
    return last.waiter;
  }

  /** Takes out all. */
  drain(): Waiter[] {
    const all = [...this.#queues.values()].flat().map(({ waiter }) => waiter);
    this.#queues.clear();
    this.#rest();
    return all;
  }

  /**
   * Lets pass what may, in order; a meter that one call has to wait for lets no later call pass it.
   *
   * @returns milliseconds until the next may pass; null when nothing waits.
   */
  advance(now: number): number | null {
    let next: number | null;
    do next = this.#advanceOnce(now);
    while (next === 0);
    return next;
  }

  /** @returns 0 when one passed, and the order has to be looked at again. */
  #advanceOnce(now: number): number | null {
    const heads = [...this.#queues.values()].flatMap((queue) => queue[0] ?? []).sort((a, b) => a.start - b.start);
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
    if (queue.length === 0 && dropped !== undefined) this.#queues.delete(dropped.waiter.lane);
    if (this.#size === 0) this.#rest();
  }

  #rest(): void {
    this.#size = 0;
    this.#clock = 0;
    this.#served.clear();
  }
}
