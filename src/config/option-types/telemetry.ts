// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { MeterProvider } from "@opentelemetry/api";
import type { TracerProvider } from "@opentelemetry/api";

/** Traces and metrics by OpenTelemetry, and what counts as slow. */
export interface TelemetryOptions {
  /**
   * An operation that takes longer, in milliseconds, is counted as slow and logged with what it waited for.
   *
   * @default 100
   */
  slowOperationMs?: number | undefined;
  /**
   * Whether spans hold namespaces as they are, and not only their hash.
   *
   * @default false
   */
  includeNamespaces?: boolean | undefined;
  /**
   * Whether spans hold keys as they are, and not only their hash.
   *
   * @default false
   */
  includeKeys?: boolean | undefined;
  /** Names the tenant of a namespace, as a label of the duration of operations; without it there is none. */
  tenantOf?: ((namespace: readonly string[]) => string | null | undefined) | undefined;
  /**
   * Most tenants that are told apart; all after them are "other".
   *
   * @default 100
   */
  maxTenants?: number | undefined;
  /**
   * The notes of writes are counted for metrics at most once in so long, in milliseconds; only where metrics are read.
   *
   * @default 15000
   */
  backlogIntervalMs?: number | undefined;
  /** Where spans go; by default to the provider that is registered for the process, if any. */
  tracerProvider?: TracerProvider | undefined;
  /** Where metrics go; by default to the provider that is registered for the process, if any. */
  meterProvider?: MeterProvider | undefined;
}
