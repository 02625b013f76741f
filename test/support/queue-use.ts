/** The queue of a store with more concurrent calls than it can start is bounded by the configuration. */
import { expect, onTestFinished, test, vi } from "vitest";
import type { MakeStore } from "./stores.ts";

/** Registers the tests for one kind of store. */
export function queueUse(name: string, makeStore: MakeStore, most: number): void {
  /** Makes concurrent puts and gets; returns the errors of rejected ones. */
  async function refusedOf(count: number, maxQueued: number): Promise<Error[]> {
    const bounds = { deadlineMs: 60_000 };
    const made = await makeStore({ bulkhead: { maxQueued }, limits: bounds });
    onTestFinished(() => made.dispose());
    const { store } = made;
    const puts = Array.from({ length: count }, (_, n) => store.put(["import"], `${n}`, { n }));
    const gets = Array.from({ length: count }, (_, n) => store.get(["import"], `${n}`));
    const outcomes = await Promise.allSettled([...puts, ...gets]);
    // Afterwards the store works as before. Background work of the calls can be delayed.
    await vi.waitFor(() => store.put(["import"], "after", {}), { timeout: 120_000 });
    expect(await vi.waitFor(() => store.get(["import"], "after"), { timeout: 120_000 })).not.toBeNull();
    return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
  }

  test(`${name}: bulkhead.maxQueued bounds waiting calls, and the error names it`, async () => {
    const refused = await refusedOf(1_500, 20);
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) {
      expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true, message: expect.stringContaining("bulkhead.maxQueued") as string });
      expect(error.message).not.toMatch(/Infinity|\b0 bytes/);
    }
  });

  test(`${name}: ${most} concurrent puts and gets succeed if bulkhead.maxQueued allows them`, async () => {
    expect(await refusedOf(most, 100_000)).toEqual([]);
  });
}
