/** What a store itself puts out about its work: log lines, metrics, spans and statistics. */
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import type { EmbeddedStoreConfig, Logger, ScyllaDBStore } from "langgraph-store-scylladb";

class CollectedMetrics extends MetricReader {
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

/** Number of pieces of output, and those that contain a text. */
export interface OutputWith {
  readonly logLines: number;
  readonly spans: number;
  readonly metrics: number;
  /** Kinds of output that contain the text. */
  readonly found: readonly string[];
}

/** Collects the output of stores. */
export class OwnOutput {
  readonly #lines: string[] = [];
  readonly #metrics: string[] = [];
  readonly #spans = new InMemorySpanExporter();
  readonly #reader = new CollectedMetrics();
  readonly #tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: this.#spans })] });
  readonly #meterProvider = new MeterProvider({ readers: [this.#reader] });

  /** Options of a store whose output is collected: at the finest level, with every operation reported as slow. */
  get options(): Pick<EmbeddedStoreConfig, "logger" | "logLevel" | "telemetry"> {
    const write = (fields: unknown, message: string): void => void this.#lines.push(JSON.stringify({ fields, message }));
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    return { logger, logLevel: "debug", telemetry: { meterProvider: this.#meterProvider, tracerProvider: this.#tracerProvider, slowOperationMs: 1 } };
  }

  /** Collects metrics and statistics, before the store stops. */
  async collect(store: ScyllaDBStore): Promise<void> {
    const { resourceMetrics } = await this.#reader.collect();
    this.#metrics.push(JSON.stringify(resourceMetrics.scopeMetrics), JSON.stringify(store.stats()), JSON.stringify(await store.health()));
  }

  /** Searches what was collected. */
  with(text: string): OutputWith {
    const spans = this.#spans.getFinishedSpans().map(({ name, attributes, events, status }) => JSON.stringify({ name, attributes, events, status }));
    const kinds = { log: this.#lines, metrics: this.#metrics, spans };
    const found = Object.entries(kinds).flatMap(([kind, pieces]) => (pieces.some((piece) => piece.includes(text)) ? [kind] : []));
    return { logLines: this.#lines.length, spans: spans.length, metrics: this.#metrics.length, found };
  }
}
