/** Options of the stores that faults are tried on: short times, so that a run sees many of everything. */
import type { ScyllaDBStoreConfig } from "../../../src/index.ts";
import type { HistoryRules } from "../history/checker.ts";

/** Any process sees to the writes of another after so long, milliseconds. */
export const GRACE_MS = 1_000;

const DEADLINE_MS = 5_000;

/** Options that both kinds of store take. */
export const STORE_OPTIONS = {
  limits: { deadlineMs: DEADLINE_MS, writeDeadlineMs: DEADLINE_MS },
  retry: { maxAttempts: 2, initialDelayMs: 50, maxDelayMs: 500 },
  breaker: { failures: 3, halfOpenAfterMs: 300 },
  reconcile: { graceMs: GRACE_MS, tickMs: 300, flushMs: 1_000 },
  ttl: { sweepIntervalMinutes: 0.02 },
} satisfies Partial<ScyllaDBStoreConfig>;

/** Longest wait for one answer of a server, milliseconds. */
export const REQUEST_TIMEOUT_MS = 2_000;

/** What histories on these options are judged by. */
export const RULES: HistoryRules = {
  deadlineMs: DEADLINE_MS,
  slackMs: 4_000,
  recoveryMs: 10_000,
  refusals: [],
  clockSpreadMs: 2,
  scoresMayLag: true,
  isJudged: true,
};
