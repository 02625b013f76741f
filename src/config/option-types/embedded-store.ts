// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Codec } from "../../ports/codec.ts";
import type { Logger } from "../../ports/logger.ts";
import type { AlertsOptions } from "./alerts.ts";
import type { AuditOptions } from "./audit.ts";
import type { BreakerOptions } from "./breaker.ts";
import type { BulkheadOptions } from "./bulkhead.ts";
import type { EmbeddingOptions } from "./embedding.ts";
import type { IndexOptions } from "./search-index.ts";
import type { LimitsOptions } from "./limits.ts";
import type { RateLimitOptions } from "./rate-limit.ts";
import type { ReconcileOptions } from "./reconcile.ts";
import type { RetryOptions } from "./retry.ts";
import type { SecretsOptions } from "./secrets.ts";
import type { TelemetryOptions } from "./telemetry.ts";
import type { TtlOptions } from "./ttl.ts";

/** Configuration of a store on one local file. */
export interface EmbeddedStoreConfig {
  /**
   * The file; ":memory:" is a temporary one, removed when the store stops or the process exits.
   *
   * @default "./langgraph-store.db"
   */
  path?: string | undefined;
  /** Semantic search. Left out, searches list and filter. */
  index?: IndexOptions | undefined;
  /** Bounds of single operations. */
  limits?: LimitsOptions | undefined;
  /** Calls to the embedding provider. */
  embedding?: EmbeddingOptions | undefined;
  /** How long items live. */
  ttl?: TtlOptions | undefined;
  /**
   * When vectors cannot be written: "strict" rejects the put (stored, queued), "deferred" resolves it and logs.
   *
   * @default "strict"
   */
  vectorSync?: "strict" | "deferred" | undefined;
  /**
   * When texts cannot be embedded: "fail" saves nothing, "store-unindexed" stores the item and queues its indexing.
   *
   * @default "fail"
   */
  embeddingFailure?: "fail" | "store-unindexed" | undefined;
  /** The reconciler, which finishes what a crash or an outage left. */
  reconcile?: ReconcileOptions | undefined;
  /** Calls to a service (records, vectors, embedding provider) that failed for a passing reason. */
  retry?: RetryOptions | undefined;
  /** Circuit breakers: one each for the records in CQL, for Qdrant and for the embedding provider. */
  breaker?: BreakerOptions | undefined;
  /** Bounds of the calls to each service. */
  bulkhead?: BulkheadOptions | undefined;
  /** Rate limits, counted in each process by itself. Left out, there are none. */
  rateLimit?: RateLimitOptions | undefined;
  /** The audit trail: who wrote what, when, and what became of it; never a value. Left out, there is none. */
  audit?: AuditOptions | undefined;
  /** Encrypts values, or changes them otherwise, before they are stored; aesGcmCodec() is one. */
  codec?: Codec | undefined;
  /** How secret references (env://, file://, aws-sm://, vault://, azure-kv://) are followed. */
  secrets?: SecretsOptions | undefined;
  /**
   * Order of a search without a query, by creation.
   *
   * @default "oldest"
   */
  order?: "oldest" | "newest" | undefined;
  /**
   * Where log lines go; a pino logger fits as it is, and to a console each line goes as one JSON object.
   *
   * @default {}
   */
  logger?: Logger | undefined;
  /**
   * Least level of the lines that the logger is given; "silent" gives it none. The logger may have a level of its own.
   *
   * @default "debug"
   */
  logLevel?: "error" | "debug" | "info" | "warn" | "silent" | undefined;
  /** Traces and metrics by OpenTelemetry, and what counts as slow. */
  telemetry?: TelemetryOptions | undefined;
  /** Alerts from within the process, to PagerDuty, Slack, mail, a webhook or a function. Left out, there are none. */
  alerts?: AlertsOptions | undefined;
}
