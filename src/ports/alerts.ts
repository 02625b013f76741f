/** Alerts: what is wrong with a store for longer than a moment, for whoever is on call. */

/** What an alert can be about. The names are those of the sections of the runbook, `docs/operations.md`. */
export const ALERT_CONDITIONS = [
  "breaker-open",
  "pool-exhausted",
  "node-unreachable",
  "error-rate",
  "vector-sync-failing",
  "latency-p99",
  "slow-operations",
  "embedding-cache",
  "backlog-behind",
  "dead-intents",
  "vectors-lost",
  "search-degraded",
  "secret-refresh-failing",
  "audit-failing",
] as const;

/** What an alert is about. */
export type AlertCondition = (typeof ALERT_CONDITIONS)[number];

/** How bad it is, the worst first. `critical`: wake somebody. `warning`: look today. `degraded`: slower or dearer than it should be. */
export const ALERT_SEVERITIES = ["critical", "warning", "degraded"] as const;

/** How bad it is. */
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** Places to which alerts go. */
export const ALERT_SINKS = ["pagerDuty", "slack", "email", "webhook", "callback"] as const;

/** A place to which alerts go. */
export type AlertSinkName = (typeof ALERT_SINKS)[number];

/** One message about an alert; never holds a stored value, a key, a namespace or a secret. */
export interface AlertNotice {
  /** `resolved`: it is over, or nobody watches it any more. */
  readonly status: "firing" | "resolved";
  /** Whether the same was said before, and is still so. */
  readonly isRepeat: boolean;
  /** The same for all messages about one alert, at most 255 characters; another source has another. */
  readonly id: string;
  readonly condition: AlertCondition;
  /** The service, node or operation that it is about; null where it is about the store. */
  readonly subject: string | null;
  readonly severity: AlertSeverity;
  /** What is wrong, in a sentence. */
  readonly summary: string;
  /** What was measured, in the unit of the condition's option; null where nothing is measured. */
  readonly value: number | null;
  /** The limit that it passed. */
  readonly limit: number | null;
  /** Which process: the host's name unless `alerts.source` says otherwise. */
  readonly source: string;
  /** When it began, ISO 8601 in UTC. */
  readonly startedAt: string;
  /** When it was over; null while it fires. */
  readonly endedAt: string | null;
  /** Where it is written what to do. */
  readonly runbook: string;
}
