/**
 * `npm run bench:telemetry`: measures gets of a local file by 100 clients, with and without an SDK, in alternating processes.
 *
 *     npm run bench:telemetry            all configurations, 5 times each
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { context, metrics, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace";
import { ScyllaDBStore } from "langgraph-store-scylladb";

const WAYS = ["no SDK", "metrics", "metrics, 1 trace in 100", "metrics, all traces"] as const;
const CLIENTS = 100;
const GETS = 20_000;
const ROUNDS = 10;
const TIMES = 5;

/** Registers the providers of a configuration. */
function register(way: string): void {
  if (way === "no SDK") return;
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
    exportIntervalMillis: 3_600_000,
  });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  if (way === "metrics") return;
  const nowhere: SpanExporter = { export: (_, done) => done({ code: 0 }), shutdown: () => Promise.resolve() };
  const ratio = way === "metrics, all traces" ? 1 : 0.01;
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  trace.setGlobalTracerProvider(new TracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor({ exporter: nowhere })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

/** Returns microseconds per get in the best round, because other load on the machine only slows rounds down. */
async function measure(): Promise<number> {
  const store = await ScyllaDBStore.embedded({ path: ":memory:" });
  for (let i = 0; i < CLIENTS; i += 1) await store.put(["bench"], String(i), { text: `text ${i}` });
  const client = async (first: number): Promise<void> => {
    for (let i = 0; i < GETS / CLIENTS; i += 1) await store.get(["bench"], String((first + i) % CLIENTS));
  };
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i)));
    best = Math.min(best, ((performance.now() - startedAt) * 1_000) / GETS);
  }
  await store.stop();
  return best;
}

const [, , way] = process.argv;
if (way === undefined) {
  const taken = new Map<string, number[]>(WAYS.map((each) => [each, []]));
  for (let time = 0; time < TIMES; time += 1) {
    for (const each of WAYS) {
      const answer = execFileSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), each], { encoding: "utf8" });
      taken.get(each)?.push(Number(answer));
    }
  }
  for (const [each, times] of taken) {
    const sorted = times.toSorted((a, b) => a - b);
    const [least = NaN, median = NaN, most = NaN] = [sorted[0], sorted[TIMES >> 1], sorted.at(-1)];
    console.log(`${each.padEnd(26)} ${median.toFixed(1)} µs per get (${least.toFixed(1)}–${most.toFixed(1)})`);
  }
} else {
  register(way);
  console.log(await measure());
  process.exit();
}
