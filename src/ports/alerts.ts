/** Alerts about the state of a store. */

/** Conditions of alerts. The runbook, `docs/operations.md`, has a section for each. */
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

/** The condition of an alert. */
export type AlertCondition = (typeof ALERT_CONDITIONS)[number];

/** Severities, highest first. `critical`: act now. `warning`: act today. `degraded`: slower or more expensive than expected. */
export const ALERT_SEVERITIES = ["critical", "warning", "degraded"] as const;

/** The severity of an alert. */
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** Receivers of alerts. */
export const ALERT_SINKS = ["pagerDuty", "slack", "email", "webhook", "callback"] as const;

/** A receiver of alerts. */
export type AlertSinkName = (typeof ALERT_SINKS)[number];

/** One message about an alert; never contains a stored value, a key, a namespace or a secret. */
export interface AlertNotice {
  /** `resolved`: the condition is over, or the store was stopped. */
  readonly status: "firing" | "resolved";
  /** Whether the message repeats that the alert is still firing. */
  readonly isRepeat: boolean;
  /** Id of the alert, the same in all its messages and unique per source; at most 255 characters. */
  readonly id: string;
  readonly condition: AlertCondition;
  /** The affected service, node or operation; null for the entire store. */
  readonly subject: string | null;
  readonly severity: AlertSeverity;
  /** Description of the problem in one sentence. */
  readonly summary: string;
  /** The measured value, in the unit of the condition's option; null for conditions without a value. */
  readonly value: number | null;
  /** The limit that the value passed. */
  readonly limit: number | null;
  /** Name of the process: `alerts.source`, by default the host name. */
  readonly source: string;
  /** Start of the condition, ISO 8601 in UTC. */
  readonly startedAt: string;
  /** End of the condition; null while the alert fires. */
  readonly endedAt: string | null;
  /** Location of the runbook's section. */
  readonly runbook: string;
}
