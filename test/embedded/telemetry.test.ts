import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader, type ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from "@opentelemetry/sdk-trace";
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { ScyllaDBStore, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { METRICS } from "../../src/telemetry/names.ts";
import { HttpReceiver } from "../servers/http-receiver.ts";
import { SwitchedEmbeddings } from "../support/switched-embeddings.ts";

const exporter = new InMemorySpanExporter();
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const manager = new AsyncLocalStorageContextManager();
beforeAll(() => void context.setGlobalContextManager(manager.enable()));
afterAll(() => context.disable());

const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => exporter.reset());
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function storeWith(telemetry: EmbeddedStoreConfig["telemetry"], given: Partial<EmbeddedStoreConfig> = {}) {
  const embeddings = new SwitchedEmbeddings({ dims: 64 });
  const store = await ScyllaDBStore.embedded({
    path: ":memory:",
    index: { dims: 64, embeddings, fields: ["text"] },
    retry: { maxAttempts: 2, initialDelayMs: 1, maxDelayMs: 2 },
    telemetry,
    ...given,
  });
  ends.push(() => store.stop());
  return { store, embeddings };
}

const SECRETS = { namespace: "ns-of-ann", key: "key-of-ann", text: "an unspeakable text", query: "unspeakable question" };
const ROOT = [SECRETS.namespace];

const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
const named = (name: string): ReadableSpan[] => spans().filter((span) => span.name === name);
function only(name: string): ReadableSpan {
  const [span, ...others] = named(name);
  if (span === undefined || others.length > 0) throw new Error(`expected one span ${name}, found: ${spans().map((each) => each.name).join(", ")}`);
  return span;
}
const idOf = (span: ReadableSpan): string => span.spanContext().spanId;

/** Returns the names of the spans below one, in order of their start: "parent > child > grandchild". */
function treeOf(root: ReadableSpan, all = spans()): string[] {
  const below = all.filter((span) => span.parentSpanContext?.spanId === idOf(root)).sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1]);
  return [root.name, ...below.flatMap((span) => treeOf(span, all).map((line) => `${root.name} > ${line}`))];
}

describe("traces", () => {
  test("contain puts and searches of a graph node below the application's span, with all their calls", async () => {
    const { store } = await storeWith({ tracerProvider });
    const State = Annotation.Root({ found: Annotation<number> });
    const graph = new StateGraph(State)
      .addNode("remember", async (_: typeof State.State, config: LangGraphRunnableConfig) => {
        await config.store?.put(ROOT, SECRETS.key, { text: SECRETS.text });
        return { found: (await config.store?.search(ROOT, { query: SECRETS.query }))?.length ?? 0 };
      })
      .addEdge(START, "remember")
      .addEdge("remember", END)
      .compile({ store });
    const request = tracerProvider.getTracer("application").startSpan("request");
    const { found } = await context.with(trace.setSpan(context.active(), request), () => graph.invoke({ found: 0 }));
    request.end();
    expect(found).toBe(1);
    const put = spans().find(({ name, attributes }) => name === "langgraph.store.put" || attributes["langgraph.store.operation"] === "put");
    const search = spans().find(({ attributes }) => attributes["langgraph.store.operation"] === "search");
    if (put === undefined || search === undefined) throw new Error("no spans of the operations");
    const all = treeOf(request as unknown as ReadableSpan);
    expect(all.filter((line) => line.includes(put.name)).map((line) => line.slice(line.indexOf(put.name)))).toEqual(
      expect.arrayContaining([
        put.name,
        `${put.name} > add outbox`,
        `${put.name} > get items`,
        `${put.name} > langgraph.store.embed > embeddings`,
        `${put.name} > put items`,
        `${put.name} > langgraph.store.sync_vectors > upsert points`,
      ]),
    );
    expect(all.filter((line) => line.includes(search.name)).map((line) => line.slice(line.indexOf(search.name)))).toEqual(
      expect.arrayContaining([`${search.name} > langgraph.store.embed > embeddings`, `${search.name} > query points`, `${search.name} > get items`]),
    );
    expect(search.attributes).toMatchObject({ "langgraph.store.search.mode": "semantic", "langgraph.store.search.results": 1, "langgraph.store.outcome": "ok" });
    const upsert = only("upsert points");
    expect(upsert.kind).toBe(SpanKind.CLIENT);
    expect(upsert.attributes).toMatchObject({ "db.system.name": "sqlite", "db.operation.name": "upsert", "db.collection.name": "points" });
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    const written = JSON.stringify(spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })));
    for (const secret of Object.values(SECRETS)) expect(written).not.toContain(secret);
    expect(written).toContain("langgraph.store.key.hash");
  });

  test("contain a shared request as one span, linked with each put", async () => {
    const { store } = await storeWith({ tracerProvider });
    await Promise.all(["a", "b", "c"].map((key) => store.put(["n"], key, { text: `text ${key}` })));
    const puts = named("langgraph.store.put");
    expect(puts).toHaveLength(3);
    const call = only("embeddings");
    expect(call.attributes).toMatchObject({ "gen_ai.operation.name": "embeddings", "gen_ai.request.model": "SwitchedEmbeddings" });
    expect(call.attributes).toMatchObject({ "langgraph.store.embedding.texts": 3, "langgraph.store.group": "embeddings", "langgraph.store.group.size": 3 });
    const embeds = named("langgraph.store.embed");
    expect(new Set(call.links.map((link) => link.context.spanId))).toEqual(new Set(embeds.map(idOf)));
    expect(new Set(embeds.map((span) => span.parentSpanContext?.spanId))).toEqual(new Set(puts.map(idOf)));
    const recorded = only("add outbox");
    expect(new Set(recorded.links.map((link) => link.context.spanId))).toEqual(new Set(puts.map(idOf)));
    // In the other direction: from each put that is not its parent.
    const others = puts.filter((put) => idOf(put) !== recorded.parentSpanContext?.spanId);
    for (const put of others) expect(put.links.map((link) => link.context.spanId)).toContain(idOf(recorded));
  });

  test("contain the reason of a degraded search, retries as events, and errors with code but without text", async () => {
    const { store, embeddings } = await storeWith({ tracerProvider });
    await store.put(ROOT, SECRETS.key, { text: SECRETS.text });
    exporter.reset();
    embeddings.down = true;
    await store.search(ROOT, { query: SECRETS.query });
    const search = only("langgraph.store.search");
    expect(search.attributes).toMatchObject({ "langgraph.store.outcome": "degraded", "langgraph.store.search.reason": "embedding-failed", "langgraph.store.search.mode": "keyword" });
    expect(search.events.map(({ name }) => name)).toEqual(["langgraph.store.degraded"]);
    expect(treeOf(search).filter((line) => line.includes("fallback"))).toContain("langgraph.store.search > langgraph.store.fallback > list items");
    const call = only("embeddings");
    expect(call.events.map(({ name, attributes }) => [name, attributes?.["langgraph.store.retry.attempt"]])).toEqual([["langgraph.store.retry", 1]]);
    expect(call.status).toEqual({ code: SpanStatusCode.ERROR, message: "EMBEDDING" });
    await expect(store.put(ROOT, SECRETS.key, { text: "another" })).rejects.toThrow();
    const put = only("langgraph.store.put");
    expect(put.status.code).toBe(SpanStatusCode.ERROR);
    expect(put.attributes).toMatchObject({ "error.type": "EMBEDDING", "langgraph.store.error.name": "EmbeddingError" });
    expect(JSON.stringify(spans().map(({ attributes, events }) => [attributes, events]))).not.toContain("the provider is down");
  });

  test("contain namespaces and keys only if enabled; background work has its own traces, also after a first request", async () => {
    const request = tracerProvider.getTracer("application").startSpan("request");
    const made = context.with(trace.setSpan(context.active(), request), () =>
      storeWith({ tracerProvider, includeNamespaces: true, includeKeys: true }, { reconcile: { graceMs: 1, tickMs: 10 } }),
    );
    const { store } = await made;
    await store.get(["a", "b"], "k");
    expect(only("langgraph.store.get").attributes).toMatchObject({ "langgraph.store.namespace": ["a", "b"], "langgraph.store.key": "k" });
    await store.sweep();
    expect(only("langgraph.store.sweep").parentSpanContext).toBeUndefined();
    const ofRequest = spans().filter((span) => span.spanContext().traceId === request.spanContext().traceId);
    expect(ofRequest).toEqual([]);
  });

  test("reach a collector over OTLP as the trees of a put and of a degraded search", async () => {
    const collector = await new HttpReceiver().listen();
    const otlp = new OTLPTraceExporter({ url: `${collector.url}/v1/traces` });
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter: otlp })] });
    const { store, embeddings } = await storeWith({ tracerProvider: provider });
    await store.put(["n"], "k", { text: "green tea" });
    embeddings.down = true;
    await store.search(["n"], { query: "tea" });
    await provider.forceFlush();
    await provider.shutdown();
    await collector[Symbol.asyncDispose]();
    const received = collector.bodies.flatMap(spansOf);
    const parent = (span: OtlpSpan): string => received.find(({ spanId }) => spanId === span.parentSpanId)?.name ?? "";
    const edges = received.map((span) => `${parent(span)} > ${span.name}`);
    expect(edges).toEqual(
      expect.arrayContaining([
        " > langgraph.store.put",
        "langgraph.store.put > put items",
        "langgraph.store.sync_vectors > upsert points",
        " > langgraph.store.search",
        "langgraph.store.search > langgraph.store.embed",
        "langgraph.store.search > langgraph.store.fallback",
      ]),
    );
    expect(collector.requests[0]?.path).toBe("/v1/traces");
  });
});

interface OtlpSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** Spans of an OTLP request in JSON. */
function spansOf(body: unknown): OtlpSpan[] {
  const { resourceSpans } = body as { readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: OtlpSpan[] }[] }[] };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
}

/** An in-memory metric reader. */
function metricsReader() {
  const inMemory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: inMemory, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  ends.push(() => meterProvider.shutdown());
  const read = async (): Promise<Map<string, Point[]>> => {
    await reader.forceFlush();
    const last: ResourceMetrics | undefined = inMemory.getMetrics().at(-1);
    const metrics = last?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    return new Map(metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints as unknown as Point[]]));
  };
  return { meterProvider, read };
}

interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number | { readonly count: number; readonly sum: number; readonly buckets: { readonly boundaries: readonly number[] } };
}

describe("metrics", () => {
  test("count operations without namespace or key, and stats() agrees", async () => {
    const { meterProvider, read } = metricsReader();
    const { store, embeddings } = await storeWith(
      { meterProvider, tenantOf: ([first]) => first, maxTenants: 1, slowOperationMs: 60_000 },
      { rateLimit: { store: { delete: { operations: 1, periodMs: 60_000 } } } },
    );
    for (const key of ["1", "2"]) await store.put(["acme"], key, { text: "green tea" });
    await store.get(["globex"], SECRETS.key);
    await store.search(["acme"], { query: "tea" });
    embeddings.down = true;
    await store.search(["acme"], { query: SECRETS.query });
    await store.delete(["acme"], "1");
    await expect(store.delete(["acme"], "2")).rejects.toThrow();
    const metrics = await read();
    const points = (name: string): readonly Point[] => metrics.get(name) ?? [];
    const value = (name: string, attributes: object = {}): Point["value"] | undefined =>
      points(name).find((point) => Object.entries(attributes).every(([label, each]) => point.attributes[label] === each))?.value;
    expect(value("langgraph.store.operation.duration", { "langgraph.store.operation": "put" })).toMatchObject({ count: 2, buckets: { boundaries: METRICS.operationDuration.buckets } });
    expect(value("langgraph.store.operation.duration", { "langgraph.store.operation": "search", "langgraph.store.outcome": "degraded" })).toMatchObject({ count: 1 });
    expect(value("langgraph.store.operation.duration", { "error.type": "RATE_LIMITED" })).toMatchObject({ count: 1 });
    expect(new Set(points("langgraph.store.operation.duration").map((point) => point.attributes["langgraph.store.tenant"]))).toEqual(new Set(["acme", "other"]));
    expect(value("langgraph.store.embedding.texts", { "langgraph.store.embedding.source": "cache" })).toBe(1);
    expect(value("langgraph.store.search.degraded", { "langgraph.store.search.reason": "embedding-failed" })).toBe(1);
    expect(value("langgraph.store.rate_limited")).toBe(1);
    expect(value("langgraph.store.retries", { "langgraph.store.service": "embeddings" })).toBe(1);
    expect(value("langgraph.store.vector_sync.duration", { "langgraph.store.sync.path": "write" })).toMatchObject({ count: 2 });
    expect(value("langgraph.store.value.size")).toMatchObject({ count: 2 });
    // By meaning, and by keywords while the provider is down.
    expect(value("db.client.operation.duration", { "db.operation.name": "query", "db.collection.name": "points" })).toMatchObject({ count: 2 });
    expect(value("langgraph.store.breaker.state", { "langgraph.store.service": "embeddings" })).toBe(0);
    expect(value("langgraph.store.intents.pending")).toBeGreaterThan(0);
    expect(value("langgraph.store.vectors.complete")).toBe(1);
    expect(value("langgraph.store.events", { "langgraph.store.event.type": "search-degraded" })).toBe(1);
    expect(value("langgraph.store.operations.in_flight")).toBe(0);
    for (const name of metrics.keys()) expect(Object.values(METRICS).map((metric) => metric.name as string)).toContain(name);
    const written = JSON.stringify([...metrics]);
    for (const secret of [...Object.values(SECRETS), "globex"]) expect(written).not.toContain(secret);

    const stats = store.stats();
    expect(stats.operations).toMatchObject({ put: { count: 2, failed: 0 }, delete: { count: 2, refused: 1, rateLimited: 1 }, search: { count: 2 }, get: { count: 1 } });
    expect(stats.operations.put.latencyMs?.p99).toBeGreaterThanOrEqual(stats.operations.put.latencyMs?.p50 ?? Infinity);
    expect(stats.search).toEqual({ degraded: { "embedding-failed": 1 }, staleHits: 0 });
    expect(stats.embedding).toMatchObject({ texts: 4, cacheHits: 1, hitRate: 0.25 });
    expect(stats.services.embeddings).toMatchObject({ failed: 1, retries: 1, breaker: "closed", inFlight: 0 });
    expect(stats.vectorSync.write.items).toBe(2);
    expect(stats.events).toMatchObject({ "search-degraded": 1 });
  });

  test("continue over a reload, which can set another provider", async () => {
    const [first, second] = [metricsReader(), metricsReader()];
    const { store } = await storeWith({ meterProvider: first.meterProvider }, { index: undefined });
    await store.put(["a"], "1", { text: "x" });
    await store.reload({ path: ":memory:", telemetry: { meterProvider: second.meterProvider } });
    await store.put(["a"], "2", { text: "x" });
    const puts = async ({ read }: ReturnType<typeof metricsReader>): Promise<unknown> => (await read()).get("langgraph.store.operation.duration")?.[0]?.value;
    expect(await puts(first)).toMatchObject({ count: 1 });
    expect(await puts(second)).toMatchObject({ count: 1 });
    expect((await second.read()).get("langgraph.store.intents.pending")).toHaveLength(1);
    expect(store.stats().operations.put.count).toBe(2);
  });

  test("are unaffected by a tenantOf that throws", async () => {
    const { meterProvider, read } = metricsReader();
    const { store } = await storeWith({ meterProvider, tenantOf: () => { throw new Error("no tenant"); } });
    await store.put(["a"], "1", { text: "x" });
    expect((await read()).get("langgraph.store.operation.duration")?.[0]?.attributes).toMatchObject({ "langgraph.store.tenant": "none" });
  });
});

describe("slow operations", () => {
  test("are logged with their waits at intervals, with their trace id", async () => {
    const lines: Record<string, unknown>[] = [];
    const keep = (fields: object, msg: string): void => void lines.push({ ...fields, msg });
    const logger = { debug() {}, info() {}, warn: keep, error: keep };
    const { store, embeddings } = await storeWith({ tracerProvider, slowOperationMs: 20 }, { logger });
    embeddings.delayMs = 50;
    await store.put(ROOT, SECRETS.key, { text: SECRETS.text });
    await store.put(ROOT, SECRETS.key, { text: `${SECRETS.text} again` });
    const slow = lines.filter(({ msg }) => msg === "an operation was slow");
    expect(slow).toHaveLength(1);
    const [put] = named("langgraph.store.put");
    expect(slow[0]).toMatchObject({
      operation: "put",
      outcome: "ok",
      suppressed: 0,
      operationId: put?.attributes["langgraph.store.operation.id"],
      traceId: put?.spanContext().traceId,
    });
    expect(slow[0]?.["embeddingMs"]).toBeGreaterThanOrEqual(45);
    expect(slow[0]?.["recordsMs"]).toBeLessThan(slow[0]?.["durationMs"] as number);
    expect(JSON.stringify(lines)).not.toContain(SECRETS.key);
    expect(store.stats().operations.put.slow).toBe(2);
  });
});
