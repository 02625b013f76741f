/** Options of traces, metrics and the log of slow operations. */
import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import { z } from "zod";
import { count, mustBe } from "./field-types.ts";

const hasMethod = (name: string) => (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as Record<string, unknown>)[name] === "function";

/** Traces, metrics and the log of slow operations. */
export const telemetry = z
  .strictObject({
    slowOperationMs: count
      .default(100)
      .describe("An operation that takes longer, in milliseconds, is counted as slow and logged with what it waited for."),
    includeNamespaces: z
      .boolean()
      .default(false)
      .describe("Whether spans hold namespaces as they are, and not only their hash."),
    includeKeys: z.boolean().default(false).describe("Whether spans hold keys as they are, and not only their hash."),
    tenantOf: z
      .custom<(namespace: readonly string[]) => string | null | undefined>(
        (value) => typeof value === "function",
        mustBe("be a function that takes a namespace and returns a text or null"),
      )
      .optional()
      .describe("Names the tenant of a namespace, as a label of the duration of operations; without it there is none."),
    maxTenants: count.default(100).describe('Most tenants that are told apart; all after them are "other".'),
    backlogIntervalMs: count
      .default(15_000)
      .describe("The notes of writes are counted for metrics at most once in so long, in milliseconds; only where metrics are read."),
    tracerProvider: z
      .custom<TracerProvider>(hasMethod("getTracer"), mustBe("be an OpenTelemetry TracerProvider"))
      .optional()
      .describe("Where spans go; by default to the provider that is registered for the process, if any."),
    meterProvider: z
      .custom<MeterProvider>(hasMethod("getMeter"), mustBe("be an OpenTelemetry MeterProvider"))
      .optional()
      .describe("Where metrics go; by default to the provider that is registered for the process, if any."),
  })
  .prefault({})
  .describe("Traces and metrics by OpenTelemetry, and what counts as slow.");

/** The options in force, defaults filled in. */
export type TelemetryConfig = z.output<typeof telemetry>;
