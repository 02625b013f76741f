/** Rate limits with a clock that the test sets. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RateLimitError } from "../../../src/model/errors.ts";
import { meterOf } from "../../../src/resilience/rate-limit-meter.ts";
import { RateLimiter, type Costs, type RatedKind, type RateLimitOptions } from "../../../src/resilience/rate-limit.ts";
import { rejectionOf } from "../../../src/testing/expectations.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const DEFAULTS: RateLimitOptions = { algorithm: "token-bucket", mode: "reject", maxScopes: 100, maxWaitMs: 60_000, maxQueued: 1_000 };

function limiter(options: Partial<RateLimitOptions>): RateLimiter {
  return new RateLimiter({ ...DEFAULTS, ...options });
}

function cost(costs: Partial<Record<RatedKind, number>>): Costs {
  return new Map(Object.entries(costs) as [RatedKind, number][]);
}

const ONE_GET = cost({ get: 1 });

/** Returns how many of several concurrent calls pass. */
async function passing(limits: RateLimiter, calls: number, scope = "", costs = ONE_GET): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: calls }, () => limits.acquire(scope, costs)));
  return outcomes.filter(({ status }) => status === "fulfilled").length;
}

describe("a token bucket", () => {
  test("allows a burst, then an even pace", async () => {
    const limits = limiter({ store: { all: { operations: 10, periodMs: 1_000, burst: 20 } } });
    expect(await passing(limits, 100)).toBe(20);
    vi.advanceTimersByTime(500);
    expect(await passing(limits, 100)).toBe(5);
    vi.advanceTimersByTime(60_000);
    expect(await passing(limits, 100)).toBe(20);
  });

  test("reports when the same call passes, and it passes then and not before", async () => {
    const limits = limiter({ store: { all: { operations: 4, periodMs: 1_000 } } });
    await passing(limits, 4);
    const error = await rejectionOf(limits.acquire("", cost({ put: 2 })));
    expect(error).toMatchObject({ code: "RATE_LIMITED", retryable: true, retryAfterMs: 500 });
    vi.advanceTimersByTime(499);
    expect(await passing(limits, 1, "", cost({ put: 2 }))).toBe(0);
    vi.advanceTimersByTime(1);
    expect(await passing(limits, 1, "", cost({ put: 2 }))).toBe(1);
  });

  test("passes a batch larger than the burst when the bucket is full, and later calls wait for its cost", async () => {
    const limits = limiter({ store: { all: { operations: 10, periodMs: 1_000 } } });
    expect(await passing(limits, 1, "", cost({ put: 50 }))).toBe(1);
    vi.advanceTimersByTime(4_000);
    expect(await passing(limits, 1)).toBe(0);
    vi.advanceTimersByTime(100);
    expect(await passing(limits, 1)).toBe(1);
  });
});

describe("a sliding window", () => {
  test("never exceeds the rate in any period", () => {
    const steps = fc.array(fc.record({ after: fc.integer({ min: 0, max: 400 }), cost: fc.integer({ min: 1, max: 4 }) }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (arrivals) => {
        const meter = meterOf({ operations: 10, periodMs: 1_000 }, "sliding-window");
        const passed: { at: number; cost: number }[] = [];
        let now = 0;
        for (const { after, cost: operations } of arrivals) {
          now += after;
          if (meter.wait(operations, now) > 0) continue;
          meter.take(operations, now);
          passed.push({ at: now, cost: operations });
        }
        for (const { at: start } of passed) {
          const within = passed.filter(({ at }) => at >= start && at < start + 1_000);
          expect(within.reduce((sum, each) => sum + each.cost, 0)).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  test("reports a wait after which the call passes", () => {
    const meter = meterOf({ operations: 3, periodMs: 1_000 }, "sliding-window");
    for (const at of [0, 250, 500]) meter.take(1, at);
    const wait = meter.wait(2, 600);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(850);
    expect(meter.wait(2, 600 + wait)).toBe(0);
  });

  test("keeps the rate if a batch is larger than a period allows", () => {
    const meter = meterOf({ operations: 10, periodMs: 1_000 }, "sliding-window");
    expect(meter.wait(50, 0)).toBe(0);
    meter.take(50, 0);
    expect(meter.wait(1, 4_999)).toBe(1);
    expect(meter.wait(1, 5_000)).toBe(0);
  });
});

describe("rates of scopes and kinds", () => {
  test("are separate for each scope; the store is no scope, and its rate applies to all", async () => {
    const limits = limiter({
      store: { all: { operations: 8, periodMs: 1_000 } },
      scope: { all: { operations: 3, periodMs: 1_000 } },
    });
    expect(await passing(limits, 10, "tenant.a")).toBe(3);
    expect(await passing(limits, 10, "tenant.b")).toBe(3);
    expect(await passing(limits, 10)).toBe(2);
  });

  test("do not count calls that another limit refuses", async () => {
    const limits = limiter({
      store: { all: { operations: 5, periodMs: 1_000 } },
      scope: { put: { operations: 1, periodMs: 1_000 } },
    });
    expect(await passing(limits, 100, "a", cost({ put: 1 }))).toBe(1);
    expect(await passing(limits, 100, "a", ONE_GET)).toBe(4);
  });

  test("are separate for each kind, and a batch needs capacity for each of its kinds", async () => {
    const limits = limiter({ store: { put: { operations: 2, periodMs: 1_000 }, delete: { operations: 1, periodMs: 1_000 } } });
    expect(await passing(limits, 1, "", cost({ put: 1, delete: 2 }))).toBe(1);
    expect(await passing(limits, 1, "", cost({ put: 1, delete: 1 }))).toBe(0);
    expect(await passing(limits, 5, "", cost({ put: 1 }))).toBe(1);
    expect(await passing(limits, 50, "", ONE_GET)).toBe(50);
  });

  test("are shared by a view of a view if leading labels identify the scope", async () => {
    const limits = limiter({ scopeLabels: 2, scope: { all: { operations: 2, periodMs: 1_000 } } });
    expect(await passing(limits, 1, "tenant.a")).toBe(1);
    expect(await passing(limits, 5, "tenant.a.deeper")).toBe(1);
    expect(await passing(limits, 5, "tenant.b")).toBe(2);
  });

  test("are remembered for a bounded number of scopes", async () => {
    const limits = limiter({ maxScopes: 2, scope: { all: { operations: 1, periodMs: 1_000_000 } } });
    for (const scope of ["a", "b", "c"]) expect(await passing(limits, 2, scope)).toBe(1);
    expect(await passing(limits, 2, "c")).toBe(0);
    expect(await passing(limits, 2, "a")).toBe(1);
  });
});

describe("waiting calls", () => {
  const TEN_A_SECOND = { all: { operations: 10, periodMs: 1_000, burst: 1 } };

  /** Calls that record when they passed. */
  function callers(limits: RateLimiter): { passed: string[]; call: (scope: string, costs?: Costs) => Promise<void> } {
    const passed: string[] = [];
    return {
      passed,
      call: (scope, costs = ONE_GET) => limits.acquire(scope, costs).then(() => void passed.push(scope)),
    };
  }

  test("pass at the rate, in order of arrival", async () => {
    const limits = limiter({ mode: "wait", store: TEN_A_SECOND });
    const { passed, call } = callers(limits);
    const all = Promise.all(["1", "2", "3", "4"].map((name) => call(name)));
    await vi.advanceTimersByTimeAsync(0);
    expect(passed).toEqual(["1"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(passed).toEqual(["1", "2", "3"]);
    await vi.advanceTimersByTimeAsync(100);
    await all;
    expect(passed).toEqual(["1", "2", "3", "4"]);
  });

  test("of a flooding scope do not delay another scope: they take turns", async () => {
    const limits = limiter({ mode: "wait", store: TEN_A_SECOND });
    const { passed, call } = callers(limits);
    const flood = Promise.all(Array.from({ length: 50 }, () => call("flood")));
    await vi.advanceTimersByTimeAsync(0);
    const small = Promise.all(Array.from({ length: 3 }, () => call("small")));
    await vi.advanceTimersByTimeAsync(600);
    expect(passed.filter((name) => name === "small")).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(10_000);
    await Promise.all([flood, small]);
  });

  test("take turns by operations: a scope with large batches gets no more than one with single calls", async () => {
    const limits = limiter({ mode: "wait", store: { all: { operations: 10, periodMs: 1_000, burst: 5 } } });
    const served = { batches: 0, singles: 0 };
    const calls = [
      ...Array.from({ length: 40 }, () => limits.acquire("batches", cost({ put: 5 })).then(() => (served.batches += 5))),
      ...Array.from({ length: 200 }, () => limits.acquire("singles", ONE_GET).then(() => (served.singles += 1))),
    ];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(Math.abs(served.batches - served.singles)).toBeLessThanOrEqual(10);
    expect(served.batches + served.singles).toBeGreaterThan(90);
    await vi.advanceTimersByTimeAsync(40_000);
    await Promise.all(calls);
  });

  test("include a large batch in time, for any number of small calls", async () => {
    const limits = limiter({ mode: "wait", store: { all: { operations: 10, periodMs: 1_000 } } });
    await passing(limits, 1, "", cost({ get: 10 }));
    let isThrough = false;
    const big = limits.acquire("big", cost({ put: 10 })).then(() => (isThrough = true));
    for (let i = 0; i < 40 && !isThrough; i += 1) {
      void limits.acquire("small", ONE_GET);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(isThrough).toBe(true);
    await big;
  });

  test("for reads do not queue behind writes of their scope", async () => {
    const limits = limiter({ mode: "wait", scope: { put: { operations: 1, periodMs: 10_000 } } });
    const { passed, call } = callers(limits);
    const puts = [call("a", cost({ put: 1 })), call("a", cost({ put: 1 }))];
    await call("a");
    expect(passed).toEqual(["a", "a"]);
    await vi.advanceTimersByTimeAsync(10_000);
    await Promise.all(puts);
  });

  test("are bounded in time: refused at once if the wait is too long, else at the timeout", async () => {
    const limits = limiter({ mode: "wait", maxWaitMs: 250, store: TEN_A_SECOND });
    const outcomes = Promise.allSettled(["1", "2", "3", "4", "5"].map((scope) => limits.acquire(scope, ONE_GET)));
    await vi.advanceTimersByTimeAsync(250);
    const settled = await outcomes;
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected"]);
    const slow = limiter({ mode: "wait", maxWaitMs: 250, store: { all: { operations: 1, periodMs: 1_000 } } });
    await slow.acquire("", ONE_GET);
    const error = await rejectionOf(slow.acquire("", ONE_GET));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error.message).toContain("rateLimit.maxWaitMs");
    expect(error).toMatchObject({ retryAfterMs: 1_000 });
  });

  test("are bounded in number: the scope that fills the queue loses a place to another", async () => {
    const limits = limiter({ mode: "wait", maxQueued: 4, store: TEN_A_SECOND });
    const flood = Promise.allSettled(Array.from({ length: 6 }, () => limits.acquire("flood", ONE_GET)));
    await vi.advanceTimersByTimeAsync(0);
    const other = limits.acquire("other", ONE_GET);
    await vi.advanceTimersByTimeAsync(1_000);
    await other;
    expect((await flood).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "fulfilled", "rejected", "rejected"]);
  });

  test("lose their turn if aborted, and a stop ends all waits", async () => {
    const limits = limiter({ mode: "wait", store: TEN_A_SECOND });
    await limits.acquire("", ONE_GET);
    let isAbandoned = false;
    const given = rejectionOf(limits.acquire("a", ONE_GET, () => isAbandoned));
    const next = limits.acquire("b", ONE_GET);
    isAbandoned = true;
    await vi.advanceTimersByTimeAsync(100);
    await next;
    expect(await given).toMatchObject({ code: "ABORTED" });
    const last = rejectionOf(limits.acquire("c", ONE_GET));
    limits.stop();
    expect(await last).toMatchObject({ code: "CLOSED" });
    expect(vi.getTimerCount()).toBe(0);
  });
});
