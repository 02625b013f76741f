// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** What makes an alert. */
export interface AlertsConditionsOptions {
  /** A circuit breaker is open, or was within the last minute. */
  breakerOpen?: AlertsConditionsBreakerOpenOptions | undefined;
  /** Requests to the CQL database have to wait for others. */
  poolExhausted?: AlertsConditionsPoolExhaustedOptions | undefined;
  /** A CQL node cannot be reached. */
  nodeUnreachable?: AlertsConditionsNodeUnreachableOptions | undefined;
  /** Operations fail; mistakes of the caller, aborts and rate limits do not count. */
  errorRate?: AlertsConditionsErrorRateOptions | undefined;
  /** Items are stored without their vectors, for the time being. */
  vectorSyncFailing?: AlertsConditionsVectorSyncFailingOptions | undefined;
  /** Operations of a kind are slow at their 99th percentile. */
  latencyP99?: AlertsConditionsLatencyP99Options | undefined;
  /** Many operations take longer than what counts as slow, 100 ms by default. */
  slowOperations?: AlertsConditionsSlowOperationsOptions | undefined;
  /** The embedding cache helps little. */
  embeddingCache?: AlertsConditionsEmbeddingCacheOptions | undefined;
  /** Writes that did not end wait longer to be finished than they should. */
  backlogBehind?: AlertsConditionsBacklogBehindOptions | undefined;
  /** Writes cannot be finished, however often it is tried. */
  deadIntents?: AlertsConditionsDeadIntentsOptions | undefined;
  /** The collection was lost, and is not filled in again yet. */
  vectorsLost?: AlertsConditionsVectorsLostOptions | undefined;
  /** Searches with a query are ranked by keywords instead of similarity. */
  searchDegraded?: AlertsConditionsSearchDegradedOptions | undefined;
  /** A secret cannot be renewed; its last good text is used. */
  secretRefreshFailing?: AlertsConditionsSecretRefreshFailingOptions | undefined;
  /** The audit trail cannot be written. */
  auditFailing?: AlertsConditionsAuditFailingOptions | undefined;
}

/** A circuit breaker is open, or was within the last minute. */
export interface AlertsConditionsBreakerOpenOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
}

/** Requests to the CQL database have to wait for others. */
export interface AlertsConditionsPoolExhaustedOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 10000
   */
  forMs?: number | undefined;
  /**
   * Share of the places for requests that are in use.
   *
   * @default 0.9
   */
  above?: number | undefined;
}

/** A CQL node cannot be reached. */
export interface AlertsConditionsNodeUnreachableOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 30000
   */
  forMs?: number | undefined;
}

/** Operations fail; mistakes of the caller, aborts and rate limits do not count. */
export interface AlertsConditionsErrorRateOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Share of the operations that fail.
   *
   * @default 0.01
   */
  above?: number | undefined;
  /**
   * What happened in so many milliseconds counts.
   *
   * @default 300000
   */
  windowMs?: number | undefined;
  /**
   * Fewer operations in the window say nothing.
   *
   * @default 100
   */
  minCount?: number | undefined;
}

/** Items are stored without their vectors, for the time being. */
export interface AlertsConditionsVectorSyncFailingOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Failures in the window that are borne.
   *
   * @default 0
   */
  above?: number | undefined;
  /**
   * What happened in so many milliseconds counts.
   *
   * @default 300000
   */
  windowMs?: number | undefined;
}

/** Operations of a kind are slow at their 99th percentile. */
export interface AlertsConditionsLatencyP99Options {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 60000
   */
  forMs?: number | undefined;
  /**
   * Milliseconds that 99 of 100 calls stay below.
   *
   * @default 1000
   */
  aboveMs?: number | undefined;
}

/** Many operations take longer than what counts as slow, 100 ms by default. */
export interface AlertsConditionsSlowOperationsOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "degraded"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Share of the operations that are slow.
   *
   * @default 0.05
   */
  above?: number | undefined;
  /**
   * What happened in so many milliseconds counts.
   *
   * @default 300000
   */
  windowMs?: number | undefined;
  /**
   * Fewer operations in the window say nothing.
   *
   * @default 100
   */
  minCount?: number | undefined;
}

/** The embedding cache helps little. */
export interface AlertsConditionsEmbeddingCacheOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "degraded"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Share of the texts whose vectors are in the cache.
   *
   * @default 0.5
   */
  below?: number | undefined;
  /**
   * What happened in so many milliseconds counts.
   *
   * @default 900000
   */
  windowMs?: number | undefined;
  /**
   * Fewer texts in the window say nothing.
   *
   * @default 1000
   */
  minCount?: number | undefined;
}

/** Writes that did not end wait longer to be finished than they should. */
export interface AlertsConditionsBacklogBehindOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Milliseconds that a write may be due.
   *
   * @default 120000
   */
  aboveMs?: number | undefined;
}

/** Writes cannot be finished, however often it is tried. */
export interface AlertsConditionsDeadIntentsOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * Dead writes that are borne.
   *
   * @default 0
   */
  above?: number | undefined;
}

/** The collection was lost, and is not filled in again yet. */
export interface AlertsConditionsVectorsLostOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
}

/** Searches with a query are ranked by keywords instead of similarity. */
export interface AlertsConditionsSearchDegradedOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "degraded"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 60000
   */
  forMs?: number | undefined;
}

/** A secret cannot be renewed; its last good text is used. */
export interface AlertsConditionsSecretRefreshFailingOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "warning"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
  /**
   * What happened in so many milliseconds counts.
   *
   * @default 900000
   */
  windowMs?: number | undefined;
}

/** The audit trail cannot be written. */
export interface AlertsConditionsAuditFailingOptions {
  /**
   * Whether it is looked at.
   *
   * @default true
   */
  enabled?: boolean | undefined;
  /**
   * How bad it is; says where the alert goes.
   *
   * @default "critical"
   */
  severity?: "critical" | "warning" | "degraded" | undefined;
  /**
   * It has to last so long, in milliseconds, before it is told.
   *
   * @default 0
   */
  forMs?: number | undefined;
}
