import { setTimeout as delay } from "node:timers/promises";

/** How long a wait may last and how often it looks, both in milliseconds. */
export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Asks until the answer is true, and at most until the deadline.
 *
 * @param what the awaited state in words, for the error
 * @param probe says whether the state is reached; what it throws ends the wait at once
 * @throws Error "waited N s for …" when the deadline (30 s unless told) passes first
 */
export async function waitUntil(
  what: string,
  probe: () => boolean | Promise<boolean>,
  options: WaitOptions = {},
): Promise<void> {
  const { timeoutMs = 30_000, everyMs = 50 } = options;
  const deadline = performance.now() + timeoutMs;
  while (!(await probe())) {
    if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await delay(everyMs);
  }
}
