/**
 * Serves metrics to Prometheus: registers a meter provider before it creates the store. It also runs some load, so that the
 * metrics change.
 *
 *   node examples/metrics/serve.ts                       one local file; http://127.0.0.1:9464/metrics
 *   node examples/metrics/serve.ts --port 9465
 *   node examples/metrics/serve.ts --host 0.0.0.0        reachable by a Prometheus in a container
 *   node examples/metrics/serve.ts --cql 127.0.0.1 --qdrant http://127.0.0.1:6333 --keyspace agents
 */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { metrics } from "@opentelemetry/api";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";

const { values: options } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "9464" },
    cql: { type: "string" },
    qdrant: { type: "string" },
    "data-center": { type: "string", default: "datacenter1" },
    keyspace: { type: "string", default: "metrics_example" },
  },
});

// By default only this machine can connect. Put an authenticating proxy in front of it before you expose it.
const exporter = new PrometheusExporter({ host: options.host, port: Number(options.port), preventServerStart: true });
await exporter.startServer();
const meterProvider = new MeterProvider({ readers: [exporter] });
metrics.setGlobalMeterProvider(meterProvider);

const index = { dims: 64, embeddings: new HashEmbeddings({ dims: 64 }), fields: ["text"] };
const store =
  options.cql === undefined
    ? await ScyllaDBStore.embedded({ path: ":memory:", index })
    : await ScyllaDBStore.connect({
        cql: { contactPoints: [options.cql], localDataCenter: options["data-center"], keyspace: options.keyspace },
        qdrant: { url: options.qdrant ?? "http://127.0.0.1:6333" },
        index,
      });

const stopped = new AbortController();
const { signal } = stopped;
void Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]).then(() => stopped.abort());

async function use(round: number): Promise<void> {
  const key = String(round % 100);
  await store.put(["users", "ann"], key, { text: `note ${key} about tea` });
  await store.get(["users", "ann"], key);
  await store.search(["users"], { query: `tea ${round % 10}`, limit: 5 });
  await store.listNamespaces({ prefix: ["users"] });
  if (round % 10 === 9) await store.delete(["users", "ann"], key);
}

await use(0);
console.log(`http://${options.host}:${options.port}/metrics`);
for (let round = 1; !signal.aborted; round += 1) {
  await use(round);
  await pause(100, undefined, { signal }).catch(() => undefined);
}
await store.stop();
await meterProvider.shutdown();
