/** Options of the stores in fault tests: short intervals, so that a run includes many of each event. */
import type { ScyllaDBStoreConfig } from "../../../src/index.ts";
import { PATIENT } from "../../support/patient.ts";
import type { HistoryRules } from "../history/checker.ts";
import type { StoreOptions } from "../history/config.ts";

/** Grace period in milliseconds, after which any process completes the writes of another. */
export const GRACE_MS = 1_000;

const DEADLINE_MS = 5_000;

/** Options for both kinds of store. */
export const STORE_OPTIONS = {
  limits: { deadlineMs: DEADLINE_MS, writeDeadlineMs: DEADLINE_MS },
  retry: { maxAttempts: 2, initialDelayMs: 50, maxDelayMs: 500 },
  breaker: { failures: 3, halfOpenAfterMs: 300 },
  reconcile: { graceMs: GRACE_MS, tickMs: 300, flushMs: 1_000 },
  ttl: { sweepIntervalMinutes: 0.02 },
} satisfies Partial<ScyllaDBStoreConfig>;

/** Timeout of a request to a server in milliseconds. */
export const REQUEST_TIMEOUT_MS = 2_000;

const UNHURRIED_MS = 30_000;

/** Returns the options of a store in a scenario without faults of services: a busy machine, too, answers within the time budgets. */
export function unhurried(store: StoreOptions): StoreOptions {
  const limits = { ...store.options.limits, ...PATIENT, deadlineMs: UNHURRIED_MS, writeDeadlineMs: UNHURRIED_MS };
  if (store.kind === "embedded") return { ...store, options: { ...store.options, limits } };
  const { cql, qdrant } = store.options;
  const requestTimeoutMs = UNHURRIED_MS;
  return { ...store, options: { ...store.options, limits, cql: { ...cql, requestTimeoutMs }, ...(qdrant === undefined ? {} : { qdrant: { ...qdrant, requestTimeoutMs } }) } };
}

/** The rules for histories with these options. */
export const RULES: HistoryRules = {
  deadlineMs: DEADLINE_MS,
  slackMs: 4_000,
  recoveryMs: 10_000,
  refusals: [],
  clockSpreadMs: 2,
  scoresMayLag: true,
  isJudged: true,
};

/** The rules for histories of {@link unhurried} stores. */
export const UNHURRIED_RULES: HistoryRules = { ...RULES, deadlineMs: UNHURRIED_MS };
