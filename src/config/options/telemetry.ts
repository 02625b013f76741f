/** Options of traces, metrics and the log of slow operations. */
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import { z } from "zod";
import { count, must } from "./field-types.ts";

const hasMethod = (name: string) => (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as Record<string, unknown>)[name] === "function";

/** Traces, metrics and the log of slow operations. */
export const telemetry = z
  .strictObject({
    slowOperationMs: count
      .default(100)
      .describe("Duration above which an operation is counted as slow and logged with the time per service, in milliseconds."),
    includeNamespaces: z
      .boolean()
      .default(false)
      .describe("Whether spans contain namespaces in plain text, not only their hashes."),
    includeKeys: z.boolean().default(false).describe("Whether spans contain keys in plain text, not only their hashes."),
    tenantOf: z
      .custom<(namespace: readonly string[]) => string | null | undefined>(
        (value) => typeof value === "function",
        must("be a function that takes a namespace and returns a text or null"),
      )
      .optional()
      .describe("Returns the tenant of a namespace, which labels the duration of operations; off by default."),
    maxTenants: count.default(100).describe('Most distinct tenants in labels; further tenants are labeled "other".'),
    backlogIntervalMs: count
      .default(15_000)
      .describe("Shortest interval between two counts of the recorded intents for metrics, in milliseconds. A process whose metrics are not read does not count."),
    tracerProvider: z
      .custom<TracerProvider>(hasMethod("getTracer"), must("be an OpenTelemetry TracerProvider"))
      .optional()
      .describe("Provider of tracers; by default the one that is registered for the process, if any."),
    meterProvider: z
      .custom<MeterProvider>(hasMethod("getMeter"), must("be an OpenTelemetry MeterProvider"))
      .optional()
      .describe("Provider of meters; by default the one that is registered for the process, if any."),
  })
  .prefault({})
  .describe("Traces and metrics by OpenTelemetry, and the log of slow operations.");
