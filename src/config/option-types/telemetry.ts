// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { MeterProvider } from "@opentelemetry/api";
import type { TracerProvider } from "@opentelemetry/api";

/** Traces and metrics by OpenTelemetry, and the log of slow operations. */
export interface TelemetryOptions {
  /**
   * Duration above which an operation is counted as slow and logged with the time per service, in milliseconds.
   *
   * @default 100
   */
  slowOperationMs?: number | undefined;
  /**
   * Whether spans contain namespaces in plain text, not only their hashes.
   *
   * @default false
   */
  includeNamespaces?: boolean | undefined;
  /**
   * Whether spans contain keys in plain text, not only their hashes.
   *
   * @default false
   */
  includeKeys?: boolean | undefined;
  /** Returns the tenant of a namespace, which labels the duration of operations; off by default. */
  tenantOf?: ((namespace: readonly string[]) => string | null | undefined) | undefined;
  /**
   * Most distinct tenants in labels; further tenants are labeled "other".
   *
   * @default 100
   */
  maxTenants?: number | undefined;
  /**
   * Shortest interval between two counts of the recorded intents for metrics, in milliseconds. A process whose metrics are not read does not count.
   *
   * @default 15000
   */
  backlogIntervalMs?: number | undefined;
  /** Provider of tracers; by default the one that is registered for the process, if any. */
  tracerProvider?: TracerProvider | undefined;
  /** Provider of meters; by default the one that is registered for the process, if any. */
  meterProvider?: MeterProvider | undefined;
}
