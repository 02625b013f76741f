import { afterEach, expect, test, vi } from "vitest";
import { isProviderOutage, toEmbeddingError } from "../../../src/model/embedding-error.ts";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { UnavailableError, ValidationError } from "../../../src/model/errors.ts";
import type { StoreEvent } from "../../../src/ports/events.ts";
import { Guard, type GuardOptions } from "../../../src/resilience/guard.ts";

const BUDGET_MS = 5_000;
const down = (): Promise<never> => Promise.reject(new UnavailableError("down"));

afterEach(() => {
  vi.useRealTimers();
});

function guardWith(options: Partial<GuardOptions> = {}): { guard: Guard; emitted: StoreEvent[] } {
  const emitted: StoreEvent[] = [];
  const guard = new Guard({
    service: "vectors",
    name: "Qdrant",
    retry: { maxAttempts: 1, initialDelayMs: 1, maxDelayMs: 2 },
    breaker: { failures: 2, halfOpenAfterMs: 30 },
    bulkhead: { maxConcurrent: 10, maxQueued: 10 },
    events: { emit: (event) => void emitted.push(event) },
    ...options,
  });
  return { guard, emitted };
}

test("a transient failure is retried, invalid input is not", async () => {
  const { guard } = guardWith({ retry: { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 2 } });
  let calls = 0;
  const answer = await guard.run(BUDGET_MS, async () => {
    calls += 1;
    if (calls < 3) throw new UnavailableError("not yet");
    return "here";
  });
  expect([answer, calls]).toEqual(["here", 3]);
  let mistakes = 0;
  const mistaken = guard.run(BUDGET_MS, async () => {
    mistakes += 1;
    throw new ValidationError("wrong");
  });
  await expect(mistaken).rejects.toMatchObject({ code: "VALIDATION" });
  expect(mistakes).toBe(1);
});

test("a timeout reports why the previous attempt failed", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const { guard } = guardWith({ retry: { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 2 } });
  let calls = 0;
  const late = guard.run(BUDGET_MS, () => {
    calls += 1;
    return calls === 1 ? down() : new Promise<never>(() => undefined);
  });
  const refused = expect(late).rejects.toMatchObject({ code: "TIMEOUT", message: expect.stringContaining("The attempt before failed: down") as string });
  await vi.advanceTimersByTimeAsync(BUDGET_MS);
  await refused;
});

test("calls are held back for as long as the service asked for, by whichever call, and for a minute at most", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const { guard, emitted } = guardWith();
  const busy = new UnavailableError("busy", { details: { retryAfterMs: 3_600_000 } });
  await expect(guard.run(BUDGET_MS, () => Promise.reject(busy))).rejects.toBe(busy);
  const call = vi.fn(() => Promise.resolve("here"));
  // It exceeds the deadline of this call, which is not made and does not count as a failure.
  for (let i = 0; i < 5; i += 1) {
    await expect(guard.run(BUDGET_MS, call)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      retryable: true,
      message: expect.stringContaining("busy") as string,
    });
  }
  expect(call).not.toHaveBeenCalled();
  const patient = guard.run(120_000, call);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(call).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await patient).toBe("here");
  expect(await guard.run(BUDGET_MS, call)).toBe("here");
  expect(emitted).toEqual([]);
});

test("a call at its deadline is not retried, even if the timer fires before the clock", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const { guard } = guardWith({ retry: { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 2 } });
  let calls = 0;
  const late = guard.run(BUDGET_MS, () => {
    calls += 1;
    return new Promise<never>(() => undefined);
  });
  const refused = expect(late).rejects.toMatchObject({ code: "TIMEOUT" });
  await vi.advanceTimersByTimeAsync(BUDGET_MS);
  await refused;
  expect(calls).toBe(1);
});

test("the circuit opens after consecutive failures, fails fast and closes after a probe, with one event each", async () => {
  const { guard, emitted } = guardWith();
  for (let i = 0; i < 2; i += 1) await expect(guard.run(BUDGET_MS, down)).rejects.toThrow("down");
  expect(guard.breaker).toBe("open");
  let reached = false;
  const refused = guard.run(BUDGET_MS, async () => {
    reached = true;
  });
  await expect(refused).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true, details: { breaker: "open" } });
  expect(reached).toBe(false);
  await expect.poll(() => guard.run(BUDGET_MS, async () => "back").catch(() => "refused")).toBe("back");
  expect(guard.breaker).toBe("closed");
  expect(emitted).toEqual([
    { type: "breaker-opened", service: "vectors" },
    { type: "breaker-closed", service: "vectors" },
  ]);
});

test("a half-open probe is attempted once, because concurrent callers wait for it", async () => {
  const { guard } = guardWith({ retry: { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 2 }, breaker: { failures: 1, halfOpenAfterMs: 30 } });
  let attempts = 0;
  const counted = (): Promise<never> => {
    attempts += 1;
    return down();
  };
  await expect(guard.run(BUDGET_MS, counted)).rejects.toThrow("down");
  expect(attempts).toBe(3);
  await expect.poll(() => guard.run(BUDGET_MS, counted).catch((error: Error) => error.message)).toBe("down");
  expect(attempts).toBe(4);
});

test("invalid input does not open the circuit", async () => {
  const { guard } = guardWith();
  for (let i = 0; i < 5; i += 1) {
    await expect(guard.run(BUDGET_MS, () => Promise.reject(new ValidationError("wrong")))).rejects.toThrow("wrong");
  }
  expect(guard.breaker).toBe("closed");
});

test("a call without an answer times out and counts as a failure", async () => {
  const { guard, emitted } = guardWith({ breaker: { failures: 1, halfOpenAfterMs: 60_000 } });
  const never = new Promise<never>(() => undefined);
  await expect(guard.run(20, () => never)).rejects.toMatchObject({ code: "TIMEOUT", retryable: true });
  expect(emitted).toEqual([{ type: "breaker-opened", service: "vectors" }]);
});

test("running and queued calls are bounded, and queued calls are not sent after the circuit opens", async () => {
  const { guard } = guardWith({
    bulkhead: { maxConcurrent: 1, maxQueued: 1 },
    breaker: { failures: 1, halfOpenAfterMs: 60_000 },
  });
  const { promise, reject } = Promise.withResolvers<never>();
  const running = guard.run(BUDGET_MS, () => promise);
  let sent = 0;
  const waiting = guard.run(BUDGET_MS, async () => {
    sent += 1;
  });
  await expect(guard.run(BUDGET_MS, async () => undefined)).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: expect.stringContaining("Nothing of this call was done") as string,
  });
  reject(new UnavailableError("down"));
  await expect(running).rejects.toThrow("down");
  await expect(waiting).rejects.toMatchObject({ details: { breaker: "open" } });
  expect(sent).toBe(0);
});

test("a success resets the count of failures, and a failure after the circuit opened does not count", async () => {
  const { guard, emitted } = guardWith({ breaker: { failures: 2, halfOpenAfterMs: 60_000 } });
  for (let i = 0; i < 3; i += 1) {
    await expect(guard.run(BUDGET_MS, down)).rejects.toThrow("down");
    await guard.run(BUDGET_MS, async () => "well");
  }
  expect(guard.breaker).toBe("closed");
  const late = Promise.withResolvers<never>();
  const waiting = [guard.run(BUDGET_MS, () => late.promise), guard.run(BUDGET_MS, () => late.promise)];
  for (let i = 0; i < 2; i += 1) await expect(guard.run(BUDGET_MS, down)).rejects.toThrow("down");
  late.reject(new UnavailableError("late"));
  for (const call of waiting) await expect(call).rejects.toThrow("late");
  expect(emitted).toEqual([{ type: "breaker-opened", service: "vectors" }]);
});

test("a retry beyond the deadline is not awaited: the call fails with its own error", async () => {
  const { guard } = guardWith({ retry: { maxAttempts: 3, initialDelayMs: 60_000, maxDelayMs: 60_000 } });
  await expect(guard.run(200, down)).rejects.toMatchObject({ code: "UNAVAILABLE", message: "down" });
});

test("queued calls run in order of arrival", async () => {
  const { guard } = guardWith({ bulkhead: { maxConcurrent: 1, maxQueued: 10 } });
  const order: number[] = [];
  await Promise.all([1, 2, 3, 4].map((n) => guard.run(BUDGET_MS, async () => void order.push(n))));
  expect(order).toEqual([1, 2, 3, 4]);
});

test("a 4xx of the provider does not count for the circuit, except 401, 403 and 429", async () => {
  const statuses = { 400: "closed", 404: "closed", 408: "closed", 413: "closed", 422: "closed", 401: "open", 403: "open", 429: "open", 503: "open" };
  for (const [status, breaker] of Object.entries(statuses)) {
    const { guard } = guardWith({ isOutage: isProviderOutage });
    const failing = (): Promise<never> => Promise.reject(toEmbeddingError({ status: Number(status) }));
    for (let i = 0; i < 2; i += 1) await expect(guard.run(BUDGET_MS, failing)).rejects.toMatchObject({ code: "EMBEDDING" });
    expect([status, guard.breaker]).toEqual([status, breaker]);
  }
});

test("an aborted call rejects at once, frees its slot, is not retried and does not count as a failure", async () => {
  const { guard, emitted } = guardWith({
    retry: { maxAttempts: 5, initialDelayMs: 60_000, maxDelayMs: 60_000 },
    breaker: { failures: 1, halfOpenAfterMs: 60_000 },
    bulkhead: { maxConcurrent: 1, maxQueued: 10 },
  });
  const controller = new AbortController();
  const caller = new Deadline(BUDGET_MS).abortedBy([controller]);
  let calls = 0;
  const hung = guard.run(BUDGET_MS, () => {
    calls += 1;
    return new Promise<never>(() => undefined);
  }, caller);
  const waiting = guard.run(BUDGET_MS, async () => "never sent", caller);
  const next = guard.run(BUDGET_MS, async () => "next");
  expect(guard.calls).toEqual({ inFlight: 1, waiting: 2 });
  controller.abort();
  await expect(hung).rejects.toMatchObject({ code: "ABORTED" });
  await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
  expect(await next).toBe("next");
  expect(guard.calls).toEqual({ inFlight: 0, waiting: 0 });
  expect([calls, guard.breaker, emitted]).toEqual([1, "closed", []]);
});

test("an abort ends the pause before the next attempt", async () => {
  const { guard } = guardWith({ retry: { maxAttempts: 5, initialDelayMs: 4_000, maxDelayMs: 4_000 } });
  const controller = new AbortController();
  let calls = 0;
  const failing = guard.run(BUDGET_MS, () => {
    calls += 1;
    return down();
  }, new Deadline(BUDGET_MS).abortedBy([controller]));
  await expect.poll(() => calls).toBe(1);
  controller.abort();
  await expect(failing).rejects.toMatchObject({ code: "ABORTED" });
  expect([calls, guard.breaker]).toEqual([1, "closed"]);
});

test("a caller's timeout counts as a failure only if the service had most of the time", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  const { guard } = guardWith({ breaker: { failures: 1, halfOpenAfterMs: 60_000 } });
  const hang = () => new Promise<never>(() => undefined);
  const late = new Deadline(100);
  await vi.advanceTimersByTimeAsync(80);
  const last = expect(guard.run(BUDGET_MS, hang, late)).rejects.toMatchObject({ code: "TIMEOUT" });
  await vi.advanceTimersByTimeAsync(20);
  await last;
  expect(guard.breaker).toBe("closed");
  const only = expect(guard.run(BUDGET_MS, hang, new Deadline(100))).rejects.toMatchObject({ code: "TIMEOUT" });
  await vi.advanceTimersByTimeAsync(100);
  await only;
  expect(guard.breaker).toBe("open");
});

test("a half-open probe continues after its caller aborts, because others wait for it", async () => {
  const { guard } = guardWith({ breaker: { failures: 1, halfOpenAfterMs: 10 } });
  await expect(guard.run(BUDGET_MS, down)).rejects.toThrow("down");
  const probe = Promise.withResolvers<string>();
  const controller = new AbortController();
  let isProbing = false;
  const probing = (): Promise<string> =>
    guard.run(BUDGET_MS, () => {
      isProbing = true;
      return probe.promise;
    }, new Deadline(BUDGET_MS).abortedBy([controller]));
  let probed: Promise<string> | null = null;
  while (!isProbing) {
    probed = probing();
    await Promise.race([probed.catch(() => undefined), new Promise(setImmediate)]);
  }
  const other = guard.run(BUDGET_MS, async () => "other");
  controller.abort();
  await expect(probed).rejects.toMatchObject({ code: "ABORTED" });
  expect(guard.breaker).toBe("half-open");
  probe.resolve("back");
  expect(await other).toBe("other");
  expect(guard.breaker).toBe("closed");
});

test("a caller that times out while waiting for a half-open probe gets a timeout, not an abort", async () => {
  const { guard, emitted } = guardWith({ breaker: { failures: 1, halfOpenAfterMs: 1 } });
  await expect(guard.run(BUDGET_MS, down)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  const passes = (ms: number): void => {
    // Without a turn of the event loop, so that no timer fires before the waiting calls.
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  passes(5);
  const probe = Promise.withResolvers<string>();
  const probing = guard.run(BUDGET_MS, () => probe.promise);
  const waiting = guard.run(BUDGET_MS, async () => "never called", new Deadline(20));
  const outcome = waiting.then(() => null, (error: unknown) => error);
  await Promise.resolve();
  passes(30);
  probe.resolve("back");
  expect(await probing).toBe("back");
  expect(await outcome).toMatchObject({ code: "TIMEOUT" });
  expect(emitted.map(({ type }) => type)).toEqual(["breaker-opened", "breaker-closed"]);
});
