// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Codec } from "../../ports/codec.ts";
import type { Logger } from "../../ports/logger.ts";
import type { AlertsOptions } from "./alerts.ts";
import type { AuditOptions } from "./audit.ts";
import type { BreakerOptions } from "./breaker.ts";
import type { BulkheadOptions } from "./bulkhead.ts";
import type { EmbeddedOptions } from "./embedded.ts";
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
   * Path of the file. ":memory:" is a temporary file, which is deleted when the store stops or the process exits. If no temporary file can be created, the data is kept in memory.
   *
   * @default "./langgraph-store.db"
   */
  path?: string | undefined;
  /** The local file of an embedded store. */
  embedded?: EmbeddedOptions | undefined;
  /** The index for searches with a query. Without it, searches only list and filter items. */
  index?: IndexOptions | undefined;
  /** Bounds of single operations. */
  limits?: LimitsOptions | undefined;
  /** Calls to the embedding provider. */
  embedding?: EmbeddingOptions | undefined;
  /** Times to live of items. */
  ttl?: TtlOptions | undefined;
  /**
   * When vectors cannot be written: "strict" rejects the put, "deferred" resolves it and logs. Both store the record and queue the vectors.
   *
   * @default "strict"
   */
  vectorSync?: "strict" | "deferred" | undefined;
  /**
   * When texts cannot be embedded: "fail" rejects the put and stores nothing, "store-unindexed" stores the item and queues its indexing.
   *
   * @default "fail"
   */
  embeddingFailure?: "fail" | "store-unindexed" | undefined;
  /** The reconciler, which completes writes after a crash or an outage. */
  reconcile?: ReconcileOptions | undefined;
  /** Retries of calls to a service (records, vectors, embedding provider) after transient failures. */
  retry?: RetryOptions | undefined;
  /** Circuit breakers for the records in CQL, for Qdrant and for the embedding provider. */
  breaker?: BreakerOptions | undefined;
  /** Bounds of concurrent and queued calls to each service. */
  bulkhead?: BulkheadOptions | undefined;
  /** Rate limits, counted per process. Off by default. */
  rateLimit?: RateLimitOptions | undefined;
  /** The audit trail: who wrote what, when, with which outcome; never a value. Off by default. */
  audit?: AuditOptions | undefined;
  /** Encodes values before they are stored, for example to encrypt them; aesGcmCodec() returns one. */
  codec?: Codec | undefined;
  /** How secret references (env://, file://, aws-sm://, vault://, azure-kv://) are resolved. */
  secrets?: SecretsOptions | undefined;
  /**
   * Order of the results of a search without a query: oldest or newest creation first.
   *
   * @default "oldest"
   */
  order?: "oldest" | "newest" | undefined;
  /**
   * Logger of the store: a pino logger, or the console, which receives each line as one JSON object. Silent by default.
   *
   * @default {}
   */
  logger?: Logger | undefined;
  /**
   * Lowest level that is passed to the logger; "silent" passes nothing. The logger may apply its own level.
   *
   * @default "debug"
   */
  logLevel?: "error" | "debug" | "info" | "warn" | "silent" | undefined;
  /** Traces and metrics by OpenTelemetry, and the log of slow operations. */
  telemetry?: TelemetryOptions | undefined;
  /** Alerts to PagerDuty, Slack, mail, a webhook or a function, sent by the process itself. Off by default. */
  alerts?: AlertsOptions | undefined;
}
