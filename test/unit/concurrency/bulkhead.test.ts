import { expect, test } from "vitest";
import { Bulkhead } from "../../../src/concurrency/bulkhead.ts";

interface Task {
  readonly end: () => void;
  readonly done: Promise<void>;
}

/** Starts tasks that run until they are ended. */
function start(bulkhead: Bulkhead, count: number): Task[] {
  return Array.from({ length: count }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { end: resolve, done: bulkhead.run(() => promise) };
  });
}

test("the second bound limits new tasks at once, and admits as many waiting ones as it allows when a task ends", async () => {
  let atOnce = 4;
  const bulkhead = new Bulkhead("searches", { maxConcurrent: 8, maxQueued: 100 }, "limits.maxQueuedSearches", () => atOnce);
  const tasks = start(bulkhead, 12);
  expect([bulkhead.running, bulkhead.waiting]).toEqual([4, 8]);

  atOnce = 1;
  for (const { end, done } of tasks.slice(0, 3)) {
    end();
    await done;
  }
  expect([bulkhead.running, bulkhead.waiting]).toEqual([1, 8]);

  atOnce = Infinity;
  tasks[3]?.end();
  await tasks[3]?.done;
  expect([bulkhead.running, bulkhead.waiting]).toEqual([8, 0]);

  for (const { end } of tasks) end();
  await Promise.all(tasks.map(({ done }) => done));
  expect(bulkhead.running).toBe(0);
});
