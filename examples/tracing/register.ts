/**
 * Sends traces to a collector, Jaeger or Tempo with OTLP over HTTP. Load it before your application:
 *
 *   node --import ./examples/tracing/register.ts your-agent.ts
 *
 * OTEL_EXPORTER_OTLP_ENDPOINT is the address; http://localhost:4318 by default.
 */
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";

const provider = new TracerProvider({
  // Samples one trace in ten. A child span follows the decision of its parent, so traces stay complete.
  sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }),
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
});
trace.setGlobalTracerProvider(provider);
// Without a context manager, spans have no parent.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
process.once("beforeExit", () => void provider.shutdown());
