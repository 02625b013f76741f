import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bulkhead } from "../../../src/concurrency/bulkhead.ts";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { GroupCommit } from "../../../src/concurrency/group-commit.ts";

const never = new Promise<never>(() => undefined);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("a wait ends with a timeout when the budget is spent", async () => {
  const deadline = new Deadline(100);
  const waiting = expect(deadline.wait("The search", never, "Nothing was saved.")).rejects.toMatchObject({
    code: "TIMEOUT",
    message: "The search took longer than 100 ms. Nothing was saved.",
  });
  await vi.advanceTimersByTimeAsync(100);
  await waiting;
  expect(deadline.isOver).toBe(true);
  expect(deadline.isAborted).toBe(false);
});

test("a wait ends when the caller aborts, and leaves no timer", async () => {
  const controller = new AbortController();
  const deadline = new Deadline(1_000).abortedBy([controller]);
  const waiting = expect(deadline.within(500).wait("The search", never)).rejects.toMatchObject({ code: "ABORTED", cause: "enough" });
  controller.abort("enough");
  await waiting;
  expect(deadline.remainingMs).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("a shared call continues until all callers have aborted, or to the end if one has no signal", () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const both = new Deadline(1_000).abortedBy([a, b]);
  const one = new Deadline(1_000).abortedBy([a, { signal: null }]);
  a.abort();
  expect([both.isOver, one.isOver]).toEqual([false, false]);
  b.abort();
  expect([both.isOver, one.isOver]).toEqual([true, false]);
});

test("a nested deadline ends no later than its parent, and its error names the one that ended first", async () => {
  const whole = new Deadline(100);
  const [shorter, longer] = [whole.within(40), whole.within(400)];
  const shortEnd = expect(shorter.wait("Qdrant", never)).rejects.toThrow("Qdrant took longer than 40 ms.");
  const longEnd = expect(longer.wait("Qdrant", never)).rejects.toThrow("Qdrant took longer than 100 ms.");
  await vi.advanceTimersByTimeAsync(40);
  await shortEnd;
  expect(longer.isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(60);
  await longEnd;
});

test("a result that is already there counts, even after the deadline", async () => {
  expect(await new Deadline(0).wait("The get", Promise.resolve("here"))).toBe("here");
  await expect(new Deadline(0).wait("The get", never)).rejects.toMatchObject({ code: "TIMEOUT" });
});

test("a completed wait leaves neither a timer nor a listener", async () => {
  const controller = new AbortController();
  const removed = vi.spyOn(controller.signal, "removeEventListener");
  await new Deadline(1_000).abortedBy([controller]).wait("The get", Promise.resolve(1));
  expect(vi.getTimerCount()).toBe(0);
  expect(removed).toHaveBeenCalledTimes(1);
});

test("a caller who stops waiting for a turn leaves the queue, and the next one gets the turn", async () => {
  const bulkhead = new Bulkhead("Qdrant", { maxConcurrent: 1, maxQueued: 2 });
  expect(bulkhead.enter()).toBeNull();
  const controller = new AbortController();
  const left = expect(bulkhead.enter(new Deadline(1_000).abortedBy([controller]))).rejects.toMatchObject({ code: "ABORTED" });
  const next = bulkhead.enter(new Deadline(1_000));
  controller.abort();
  await left;
  expect(bulkhead.waiting).toBe(1);
  bulkhead.leave();
  await next;
  expect([bulkhead.running, bulkhead.waiting]).toEqual([1, 0]);
});

test("an input whose caller stops waiting before its group is not committed", async () => {
  const committed: number[] = [];
  const first = Promise.withResolvers<void>();
  const group = new GroupCommit<number, number>(
    async (inputs) => {
      committed.push(...inputs);
      if (inputs.includes(1)) await first.promise;
      return inputs.map((value) => ({ status: "fulfilled", value }));
    },
    { waitFor: "the test", maxGroup: 10, maxInFlight: 1, maxWaiting: 10 },
  );
  const running = group.add([1]);
  await expect.poll(() => committed).toEqual([1]);
  const controller = new AbortController();
  const [dropped, kept] = [group.add([2], new Deadline(1_000).abortedBy([controller])), group.add([3])];
  controller.abort();
  first.resolve();
  expect(await running).toEqual([{ status: "fulfilled", value: 1 }]);
  expect(await dropped).toMatchObject([{ status: "rejected", reason: { code: "ABORTED" } }]);
  expect(await kept).toEqual([{ status: "fulfilled", value: 3 }]);
  expect(committed).toEqual([1, 3]);
});
