/** Rate limits: of the entire store and of each scope, over all operations and by kind. */
import { LRUCache } from "lru-cache";
import { AbortError, ClosedError, RateLimitError } from "../model/errors.ts";
import { SEPARATOR, toLabels } from "../model/namespace.ts";
import { shortName } from "../model/short-name.ts";
import { meterOf, type Meter, type Rate, type RateAlgorithm } from "./rate-limit-meter.ts";
import { FairQueue, takeAll, waitFor, type Claim, type Waiter } from "./rate-limit-queue.ts";

/** Kinds of operations with separate rates. */
export type RatedKind = "put" | "delete" | "get" | "search" | "listNamespaces";

/** Rates over all operations and by kind; unlimited where absent. */
type Rates = Readonly<Partial<Record<"all" | RatedKind, Rate | undefined>>>;

/** Options of the rate limiter. */
export interface RateLimitOptions {
  readonly algorithm: RateAlgorithm;
  /** `reject`: excess calls fail at once. `wait`: they wait, within limits. */
  readonly mode: "reject" | "wait";
  /** Rates of the entire store. */
  readonly store?: Rates | undefined;
  /** Rates of each scope. */
  readonly scope?: Rates | undefined;
  /** Number of leading labels of a view's root that identify its scope; all by default. */
  readonly scopeLabels?: number | undefined;
  /** Most scopes whose rates are remembered; the least recently used one is forgotten, and starts again. */
  readonly maxScopes: number;
  readonly maxWaitMs: number;
  readonly maxQueued: number;
}

/** Operations of a call, by kind. */
export type Costs = ReadonlyMap<RatedKind, number>;

type Meters = ReadonlyMap<"all" | RatedKind, Meter>;

/** Lets calls pass, wait or fail, as configured. */
export class RateLimiter {
  readonly #options: RateLimitOptions;
  readonly #now: () => number;
  readonly #store: Meters;
  readonly #scopes: LRUCache<string, Meters>;
  readonly #waiting: FairQueue;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  /** @param now - milliseconds of a monotonic clock */
  constructor(options: RateLimitOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#store = metersOf(options.store, options.algorithm);
    this.#scopes = new LRUCache({ max: options.maxScopes });
    this.#waiting = new FairQueue(options.maxScopes);
  }

  /**
   * Resolves when all operations of a call may run.
   *
   * @param root - path of the root of the view; "" for the entire store, which is no scope
   * @param isAbandoned - returns whether the caller has aborted the call
   * @throws {RateLimitError} when the rate is exceeded and the call may not wait, or has waited for too long.
   */
  async acquire(root: string, costs: Costs, isAbandoned: () => boolean = () => false): Promise<void> {
    const scope = this.#scopeOf(root);
    const claims = this.#claims(scope, costs);
    const now = this.#now();
    const wait = waitFor(claims, now);
    if (wait === 0 && this.#waiting.size === 0) return takeAll(claims, now);
    const { mode, maxWaitMs, maxQueued } = this.#options;
    if (mode === "reject") throw tooMany("", wait);
    if (wait > maxWaitMs) throw tooLong(wait, maxWaitMs);
    const lane = `${[...costs.keys()].sort().join(",")} ${scope}`;
    if (this.#waiting.size >= maxQueued) this.#displaceWaiter({ scope, lane }, wait);
    await this.#waitInQueue({ scope, lane, cost: totalOf(costs), claims, isAbandoned });
  }

  /**
   * Returns the error with which {@link acquire} would reject at once; null when the operations may run or wait. Counts nothing: for
   * callers that check before they do work that a refusal would waste.
   */
  refusalOf(root: string, costs: Costs): RateLimitError | null {
    const wait = waitFor(this.#claims(this.#scopeOf(root), costs), this.#now());
    const { mode, maxWaitMs } = this.#options;
    if (mode === "reject") return wait === 0 && this.#waiting.size === 0 ? null : tooMany("", wait);
    return wait > maxWaitMs ? tooLong(wait, maxWaitMs) : null;
  }

  /** Rejects all waiting calls. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const waiter of this.#waiting.drain()) waiter.abandon();
  }

  #scopeOf(root: string): string {
    const { scopeLabels } = this.#options;
    return shortName(scopeLabels === undefined ? root : toLabels(root).slice(0, scopeLabels).join(SEPARATOR));
  }

  #claims(scope: string, costs: Costs): Claim[] {
    const all = totalOf(costs);
    return [this.#store, this.#metersOf(scope)].flatMap((meters) =>
      [...meters].flatMap(([kind, meter]): Claim[] => {
        const cost = kind === "all" ? all : (costs.get(kind) ?? 0);
        return cost === 0 ? [] : [{ meter, cost }];
      }),
    );
  }

  #metersOf(scope: string): Meters {
    if (scope === "") return new Map();
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    const meters = metersOf(this.#options.scope, this.#options.algorithm);
    this.#scopes.set(scope, meters);
    return meters;
  }

  /** Frees a place in a full queue, so that one scope cannot exclude the others. */
  #displaceWaiter(arrival: Pick<Waiter, "scope" | "lane">, wait: number): void {
    const displaced = this.#waiting.displaceFor(arrival);
    if (displaced === null) throw tooMany(` The queue is full: ${this.#waiting.size} calls are waiting (rateLimit.maxQueued).`, wait);
    displaced.abandon();
  }

  #waitInQueue(call: Omit<Waiter, "pass" | "abandon">): Promise<void> {
    return new Promise((resolve, reject) => {
      const { maxWaitMs } = this.#options;
      const expiry = setTimeout(() => {
        this.#waiting.remove(waiter);
        reject(tooMany(` The call has waited for ${maxWaitMs} ms (rateLimit.maxWaitMs).`, waitFor(call.claims, this.#now())));
        this.#advance();
      }, maxWaitMs);
      const waiter: Waiter = {
        ...call,
        pass: () => {
          clearTimeout(expiry);
          resolve();
        },
        abandon: () => {
          clearTimeout(expiry);
          reject(this.#whyAbandoned(call));
        },
      };
      this.#waiting.add(waiter);
      this.#advance();
    });
  }

  #whyAbandoned({ isAbandoned, claims }: Pick<Waiter, "isAbandoned" | "claims">): Error {
    if (this.#isStopped) return new ClosedError("The store was stopped while the call waited for a rate limit. Nothing was done.");
    if (isAbandoned()) return new AbortError("The call was aborted while it waited for a rate limit. Nothing was done.");
    return tooMany(" Its place in the queue was given to another scope with fewer waiting calls.", waitFor(claims, this.#now()));
  }

  #advance(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const next = this.#waiting.advance(this.#now());
    this.#timer = next === null ? null : setTimeout(() => this.#advance(), Math.ceil(next));
  }
}

function totalOf(costs: Costs): number {
  return [...costs.values()].reduce((sum, each) => sum + each, 0);
}

function metersOf(rates: Rates | undefined, algorithm: RateAlgorithm): Meters {
  const meters = new Map<"all" | RatedKind, Meter>();
  for (const kind of ["all", "put", "delete", "get", "search", "listNamespaces"] as const) {
    const rate = rates?.[kind];
    if (rate !== undefined) meters.set(kind, meterOf(rate, algorithm));
  }
  return meters;
}

function tooLong(wait: number, maxWaitMs: number): RateLimitError {
  return tooMany(` The call would wait longer than ${maxWaitMs} ms (rateLimit.maxWaitMs).`, wait);
}

function tooMany(why: string, wait: number): RateLimitError {
  const retryAfterMs = Math.max(1, Math.ceil(wait));
  return new RateLimitError(
    `The rate limit is exceeded.${why} Nothing was done; try again after ${retryAfterMs} ms.`,
    retryAfterMs,
  );
}
