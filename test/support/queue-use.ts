/** What waits for a store that is given more calls at once than it can begin: as much as the configuration says, and no more. */
import { expect, onTestFinished, test, vi } from "vitest";
import type { MakeStore } from "./stores.ts";

/** Registers the tests for one kind of store. */
export function queueUse(name: string, makeStore: MakeStore, most: number): void {
  /** Puts and gets at once; the reasons of those that were refused. */
  async function refusedOf(count: number, maxQueued: number): Promise<Error[]> {
    const bounds = { deadlineMs: 60_000 };
    const made = await makeStore({ bulkhead: { maxQueued }, limits: bounds });
    onTestFinished(() => made.dispose());
    const { store } = made;
    const puts = Array.from({ length: count }, (_, n) => store.put(["import"], `${n}`, { n }));
    const gets = Array.from({ length: count }, (_, n) => store.get(["import"], `${n}`));
    const outcomes = await Promise.allSettled([...puts, ...gets]);
    // Afterwards it works as before. What the calls have left to do in the background may wait for a while.
    await vi.waitFor(() => store.put(["import"], "after", {}), { timeout: 30_000 });
    expect(await vi.waitFor(() => store.get(["import"], "after"), { timeout: 30_000 })).not.toBeNull();
    return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
  }

  test(`${name}: bulkhead.maxQueued bounds waiting calls, and the error names it`, async () => {
    const refused = await refusedOf(1_500, 20);
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) {
      expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true, message: expect.stringContaining("bulkhead.maxQueued") as string });
      expect(error.message).not.toMatch(/Infinity|\b0 bytes/);
    }
  }, 120_000);

  test(`${name}: ${most} concurrent puts and gets succeed if bulkhead.maxQueued allows them`, async () => {
    expect(await refusedOf(most, 100_000)).toEqual([]);
  }, 240_000);
}
