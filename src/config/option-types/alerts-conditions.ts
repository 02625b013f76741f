// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** Conditions that fire alerts. */
export interface AlertsConditionsOptions {
  /** A circuit breaker is open, or was open within the last minute. */
  breakerOpen?: AlertsConditionsBreakerOpenOptions | undefined;
  /** Requests to the CQL database wait for a free slot. */
  poolExhausted?: AlertsConditionsPoolExhaustedOptions | undefined;
  /** A CQL node is unreachable. */
  nodeUnreachable?: AlertsConditionsNodeUnreachableOptions | undefined;
  /** Operations fail. Invalid input, aborts and rate limits do not count. */
  errorRate?: AlertsConditionsErrorRateOptions | undefined;
  /** Vectors of stored items could not be written and are queued. */
  vectorSyncFailing?: AlertsConditionsVectorSyncFailingOptions | undefined;
  /** The 99th percentile of the latency of one kind of operation is high. */
  latencyP99?: AlertsConditionsLatencyP99Options | undefined;
  /** Many operations take longer than `telemetry.slowOperationMs`. */
  slowOperations?: AlertsConditionsSlowOperationsOptions | undefined;
  /** The hit rate of the embedding cache is low. */
  embeddingCache?: AlertsConditionsEmbeddingCacheOptions | undefined;
  /** The reconciler is behind: recorded intents are overdue. */
  backlogBehind?: AlertsConditionsBacklogBehindOptions | undefined;
  /** Intents are dead-lettered: their writes fail for a reason that a retry does not change. */
  deadIntents?: AlertsConditionsDeadIntentsOptions | undefined;
  /** The Qdrant collection was lost and its rebuild is not complete. */
  vectorsLost?: AlertsConditionsVectorsLostOptions | undefined;
  /** Searches with a query are ranked by keywords instead of similarity. */
  searchDegraded?: AlertsConditionsSearchDegradedOptions | undefined;
  /** A secret cannot be refreshed; the last valid value stays in use. */
  secretRefreshFailing?: AlertsConditionsSecretRefreshFailingOptions | undefined;
  /** The audit trail cannot be written. */
  auditFailing?: AlertsConditionsAuditFailingOptions | undefined;
}

/** A circuit breaker is open, or was open within the last minute. */
export interface AlertsConditionsBreakerOpenOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
}

/** Requests to the CQL database wait for a free slot. */
export interface AlertsConditionsPoolExhaustedOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 10000
   */
  forMs?: number | undefined;
  /**
   * Share of the request slots in use above which the alert fires.
   *
   * @default 0.9
   */
  above?: number | undefined;
}

/** A CQL node is unreachable. */
export interface AlertsConditionsNodeUnreachableOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 30000
   */
  forMs?: number | undefined;
}

/** Operations fail. Invalid input, aborts and rate limits do not count. */
export interface AlertsConditionsErrorRateOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Share of failed operations above which the alert fires.
   *
   * @default 0.01
   */
  above?: number | undefined;
  /**
   * Length of the sliding window, in milliseconds.
   *
   * @default 300000
   */
  windowMs?: number | undefined;
  /**
   * Fewest operations in the window; with fewer, the condition is not evaluated.
   *
   * @default 100
   */
  minCount?: number | undefined;
}

/** Vectors of stored items could not be written and are queued. */
export interface AlertsConditionsVectorSyncFailingOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Failures in the window above which the alert fires.
   *
   * @default 0
   */
  above?: number | undefined;
  /**
   * Length of the sliding window, in milliseconds.
   *
   * @default 300000
   */
  windowMs?: number | undefined;
}

/** The 99th percentile of the latency of one kind of operation is high. */
export interface AlertsConditionsLatencyP99Options {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 60000
   */
  forMs?: number | undefined;
  /**
   * 99th percentile of the latency above which the alert fires, in milliseconds.
   *
   * @default 1000
   */
  aboveMs?: number | undefined;
}

/** Many operations take longer than `telemetry.slowOperationMs`. */
export interface AlertsConditionsSlowOperationsOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "degraded"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Share of slow operations above which the alert fires.
   *
   * @default 0.05
   */
  above?: number | undefined;
  /**
   * Length of the sliding window, in milliseconds.
   *
   * @default 300000
   */
  windowMs?: number | undefined;
  /**
   * Fewest operations in the window; with fewer, the condition is not evaluated.
   *
   * @default 100
   */
  minCount?: number | undefined;
}

/** The hit rate of the embedding cache is low. */
export interface AlertsConditionsEmbeddingCacheOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "degraded"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Hit rate of the embedding cache below which the alert fires.
   *
   * @default 0.5
   */
  below?: number | undefined;
  /**
   * Length of the sliding window, in milliseconds.
   *
   * @default 900000
   */
  windowMs?: number | undefined;
  /**
   * Fewest texts in the window; with fewer, the condition is not evaluated.
   *
   * @default 1000
   */
  minCount?: number | undefined;
}

/** The reconciler is behind: recorded intents are overdue. */
export interface AlertsConditionsBacklogBehindOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Age of the oldest due intent above which the alert fires, in milliseconds.
   *
   * @default 120000
   */
  aboveMs?: number | undefined;
}

/** Intents are dead-lettered: their writes fail for a reason that a retry does not change. */
export interface AlertsConditionsDeadIntentsOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Dead-lettered intents above which the alert fires.
   *
   * @default 0
   */
  above?: number | undefined;
}

/** The Qdrant collection was lost and its rebuild is not complete. */
export interface AlertsConditionsVectorsLostOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
}

/** Searches with a query are ranked by keywords instead of similarity. */
export interface AlertsConditionsSearchDegradedOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "degraded"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 60000
   */
  forMs?: number | undefined;
}

/** A secret cannot be refreshed; the last valid value stays in use. */
export interface AlertsConditionsSecretRefreshFailingOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Length of the sliding window, in milliseconds.
   *
   * @default 900000
   */
  windowMs?: number | undefined;
}

/** The audit trail cannot be written. */
export interface AlertsConditionsAuditFailingOptions {
  /**
   * Whether the condition is evaluated.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * Severity of the alert; selects its routes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * Time that the condition must hold before the alert fires, in milliseconds.
   *
   * @default 0
   */
  forMs?: number | undefined;
}
