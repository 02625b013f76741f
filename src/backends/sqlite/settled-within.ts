import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `work` is fulfilled or rejected, but no longer than `ms` milliseconds. */
export async function settledWithin(ms: number, work: Promise<unknown>): Promise<void> {
  const deadline = new AbortController();
  const settled = Promise.allSettled([work]).then(() => deadline.abort());
  // The sleep rejects when `work` is settled before its end.
  await Promise.allSettled([sleep(ms, null, { signal: deadline.signal })]);
  if (deadline.signal.aborted) await settled;
}
