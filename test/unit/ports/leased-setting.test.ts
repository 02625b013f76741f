import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { TimeoutError } from "../../../src/model/errors.ts";
import { LeasedSetting, outlastLease } from "../../../src/ports/leased-setting.ts";

const LEASE_MS = 1_000;

/** A setting whose reads can be delayed or fail. */
function stored(text: string | null) {
  const state = { text, reads: 0, fromQuorum: 0, failure: null as Error | null, gate: Promise.resolve() };
  const failures: unknown[] = [];
  async function answer(): Promise<string | null> {
    state.reads += 1;
    const text = state.text;
    await state.gate;
    if (state.failure !== null) throw state.failure;
    return text;
  }
  const setting = new LeasedSetting<{ readonly text: string | null }>({
    settings: {
      async read() {
        state.fromQuorum += 1;
        return answer();
      },
      readFromAny: answer,
    },
    name: "layout",
    leaseMs: LEASE_MS,
    parse: (stored) => ({ text: stored }),
    onFailure: (error) => failures.push(error),
  });
  return { state, setting, failures };
}

describe("a leased setting", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("has no value before the first read, and the same object while the text stays the same", async () => {
    const { state, setting } = stored("a");
    expect(setting.fresh).toBeNull();
    const first = await setting.start();
    expect(first).toEqual({ text: "a" });
    await vi.advanceTimersByTimeAsync(5 * LEASE_MS);
    expect(setting.fresh).toBe(first);
    state.text = "b";
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect(setting.fresh).toEqual({ text: "b" });
    setting.stop();
  });

  test("is refreshed in the background without a gap, about twice a lease", async () => {
    const { state, setting } = stored("a");
    await setting.start();
    for (let ms = 0; ms < 10 * LEASE_MS; ms += 50) {
      await vi.advanceTimersByTimeAsync(50);
      expect(setting.fresh).not.toBeNull();
    }
    expect(state.reads).toBeGreaterThan(10);
    expect(state.reads).toBeLessThan(30);
    setting.stop();
  });

  test("is read from a quorum at the start and on request only, so that it can be refreshed while a quorum is down", async () => {
    const { state, setting } = stored("a");
    await setting.start();
    await vi.advanceTimersByTimeAsync(10 * LEASE_MS);
    expect(state.fromQuorum).toBe(1);
    expect(state.reads).toBeGreaterThan(10);
    await setting.read();
    expect(state.fromQuorum).toBe(2);
    setting.stop();
    await vi.advanceTimersByTimeAsync(2 * LEASE_MS);
    await setting.current();
    expect(state.fromQuorum).toBe(2);
  });

  test("is not used longer than the lease after its read began, even if the read took long", async () => {
    const { state, setting } = stored("a");
    const { promise, resolve } = Promise.withResolvers<void>();
    state.gate = promise;
    const reading = setting.current();
    await vi.advanceTimersByTimeAsync(0.9 * LEASE_MS);
    resolve();
    await reading;
    expect(setting.fresh).toEqual({ text: "a" });
    await vi.advanceTimersByTimeAsync(0.1 * LEASE_MS);
    expect(setting.fresh).toBeNull();
  });

  test("a failed refresh keeps the value until the lease ends; afterwards calls read, and recover", async () => {
    const { state, setting, failures } = stored("a");
    await setting.start();
    state.failure = new Error("down");
    await vi.advanceTimersByTimeAsync(0.95 * LEASE_MS);
    expect(failures.length).toBeGreaterThan(0);
    expect(setting.fresh).toEqual({ text: "a" });
    await vi.advanceTimersByTimeAsync(0.1 * LEASE_MS);
    expect(setting.fresh).toBeNull();
    await expect(setting.current()).rejects.toThrow("down");
    state.failure = null;
    expect(await setting.current()).toEqual({ text: "a" });
    setting.stop();
  });

  test("after a change and one lease no process uses the previous value", async () => {
    const { state, setting } = stored("a");
    await setting.start();
    await vi.advanceTimersByTimeAsync(0.39 * LEASE_MS);
    // The refreshes stop to work at the worst time: shortly before the next one.
    state.failure = new Error("down");
    state.text = "b";
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect(setting.fresh).toBeNull();
    setting.stop();
  });

  test("concurrent calls after the lease share one read, and each keeps its own deadline", async () => {
    const { state, setting } = stored("a");
    const { promise, resolve } = Promise.withResolvers<void>();
    state.gate = promise;
    const impatient = setting.current(new Deadline(10));
    const patient = setting.current(new Deadline(500));
    const failed = expect(impatient).rejects.toThrow(TimeoutError);
    await vi.advanceTimersByTimeAsync(20);
    await failed;
    resolve();
    expect(await patient).toEqual({ text: "a" });
    expect(state.reads).toBe(1);
  });

  test("a read on request does not return what an earlier read in flight has seen", async () => {
    const { state, setting } = stored("a");
    const { promise, resolve } = Promise.withResolvers<void>();
    state.gate = promise;
    const early = setting.current();
    state.text = "b";
    const late = setting.read();
    resolve();
    expect(await early).toEqual({ text: "a" });
    expect(await late).toEqual({ text: "b" });
  });

  test("the lease ends by the wall clock after a suspension in which the monotonic clock stood still", async () => {
    const { setting } = stored("a");
    await setting.start();
    vi.setSystemTime(Date.now() + 2 * LEASE_MS);
    expect(setting.fresh).toBeNull();
    setting.stop();
  });

  test("stops its refreshes", async () => {
    const { state, setting } = stored("a");
    await setting.start();
    setting.stop();
    await vi.advanceTimersByTimeAsync(10 * LEASE_MS);
    expect(state.reads).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the end of all leases", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("is awaited only after all replicas have the value: others could still hand out the one before", async () => {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    let isOver = false;
    const waiting = outlastLease({ settings: { readFromAll: () => promise }, name: "layout", leaseMs: LEASE_MS }).then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(3 * LEASE_MS);
    resolve("b");
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(0.1 * LEASE_MS);
    await waiting;
  });

  test("cannot be known while a replica is down", async () => {
    const settings = { readFromAll: () => Promise.reject(new Error("a replica is down")) };
    await expect(outlastLease({ settings, name: "layout", leaseMs: LEASE_MS })).rejects.toThrow("a replica is down");
  });
});
