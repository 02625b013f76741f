import { setTimeout as delay } from "node:timers/promises";

/** How long a wait may last and how often it looks, both in milliseconds. */
export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /**
   * Returns a value that changes while what is awaited makes progress. Each change starts the timeout again, up to ten
   * timeouts, so that a busy machine, which makes slow progress, is not taken for a fault, which makes none.
   */
  readonly progress?: () => unknown;
}

const LONGEST_WAIT = 10;

/**
 * Asks until the answer is true, and at most until the deadline.
 *
 * @param what the awaited state in words, for the error
 * @param probe says whether the state is reached; what it throws ends the wait at once
 * @throws Error "waited N s for …" when the deadline (default 120 s) passes without progress
 */
export async function waitUntil(
  what: string,
  probe: () => boolean | Promise<boolean>,
  options: WaitOptions = {},
): Promise<void> {
  const { timeoutMs = 120_000, everyMs = 50, progress } = options;
  const startedAt = performance.now();
  let state = progress?.();
  let changedAt = startedAt;
  while (!(await probe())) {
    const now = performance.now();
    const current = progress?.();
    if (current !== state) [state, changedAt] = [current, now];
    if (now - changedAt >= timeoutMs || now - startedAt >= LONGEST_WAIT * timeoutMs) {
      throw new Error(`waited ${Math.round(now - startedAt) / 1000} s for ${what}`);
    }
    await delay(everyMs);
  }
}
