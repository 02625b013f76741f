import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { onServers, type TestStore } from "../support/stores.ts";

const spans = new InMemorySpanExporter();
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] });
const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 });
const meterProvider = new MeterProvider({ readers: [reader] });
let made: TestStore;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const index = { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] };
  made = await onServers(inject("servers"))({ index, telemetry: { tracerProvider, meterProvider } });
});
afterAll(async () => {
  await made.dispose();
  await meterProvider.shutdown();
  context.disable();
});

test("calls to CQL and Qdrant have spans, and shared requests are linked with each put", async () => {
  const { store } = made;
  await Promise.all(["1", "2", "3"].map((key) => store.put(["a"], key, { text: `green tea ${key}` })));
  await store.search(["a"], { query: "tea" });
  const all = spans.getFinishedSpans();
  const upsert = all.find(({ attributes }) => attributes["db.operation.name"] === "upsert");
  const { qdrant, cql } = inject("servers");
  expect(upsert?.attributes).toMatchObject({ "db.system.name": "qdrant", "server.port": Number(new URL(qdrant.url).port) });
  const waiting = all.filter(({ name }) => name === "langgraph.store.sync_vectors").map((span) => span.spanContext().spanId);
  expect(waiting).toHaveLength(3);
  const shared = all.filter(({ attributes }) => attributes["db.operation.name"] === "upsert");
  const reached = shared.flatMap(({ parentSpanContext, links }) => [parentSpanContext?.spanId, ...links.map((link) => link.context.spanId)]);
  expect(new Set(reached)).toEqual(new Set(waiting));
  const read = all.find(({ name }) => name === "get items");
  expect(read?.attributes).toMatchObject({ "db.system.name": "cassandra", "server.address": cql.contactPoints[0]?.replace(/:\d+$/, "") });
});

test("metrics report the nodes of the cluster, their connections and the backlog", async () => {
  const { nodes, services } = made.store.stats();
  expect(nodes.length).toBeGreaterThan(0);
  expect(nodes[0]).toMatchObject({ isUp: true });
  expect(nodes[0]?.connections).toBeGreaterThan(0);
  expect(nodes[0]?.capacity).toBeGreaterThan(nodes[0]?.inFlight ?? Infinity);
  expect(services.vectors).toMatchObject({ breaker: "closed", failed: 0, inFlight: 0 });
  await reader.forceFlush();
  const gauges = new Map(metrics.getMetrics().at(-1)?.scopeMetrics.flatMap((scope) => scope.metrics).map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints]));
  expect(gauges.get("langgraph.store.cql.host.up")).toHaveLength(nodes.length);
  expect(gauges.get("langgraph.store.cql.host.up")?.[0]).toMatchObject({ value: 1 });
  expect(gauges.get("langgraph.store.intents.pending")?.[0]?.value).toBeGreaterThan(0);
  expect(gauges.get("langgraph.store.breaker.state")).toHaveLength(3);
});
