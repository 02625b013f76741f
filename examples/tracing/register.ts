/**
 * Traces to a collector, Jaeger or Tempo by OTLP over HTTP. Load it before the application:
 *
 *   node --import ./examples/tracing/register.ts your-agent.ts
 *
 * OTEL_EXPORTER_OTLP_ENDPOINT says where they go; http://localhost:4318 by default.
 */
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";

const provider = new TracerProvider({
  // One trace in ten; what the application's own trace was chosen for stays whole.
  sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }),
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
});
trace.setGlobalTracerProvider(provider);
// Without it no span knows which one it belongs to.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
process.once("beforeExit", () => void provider.shutdown());
