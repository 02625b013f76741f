/** The dashboard and the compose file: every panel has data of a real Prometheus that scraped a real run. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { parse } from "yaml";
import { METRICS } from "../../src/telemetry/names.ts";
import { HttpReceiver } from "../servers/http-receiver.ts";
import { OPS_FOLDER, startAlertmanager, startPrometheus, type LocalAlertmanager, type LocalPrometheus, type QueryResult } from "../servers/prometheus.ts";
import { startQdrant, type LocalQdrant } from "../servers/qdrant.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { filledIn, readDashboard, type Dashboard } from "../support/dashboard.ts";
import { metricsIn, unknownWords } from "../support/metric-words.ts";
import { ObservedStore } from "../support/observed-store.ts";
import { dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("dashboard");
const startedAt = Date.now() / 1_000;

let dashboard: Dashboard;
let qdrant: LocalQdrant;
let observed: ObservedStore;
let prometheus: LocalPrometheus;
let alertmanager: LocalAlertmanager;
const receiver = new HttpReceiver();

const valueOf = async (query: string): Promise<number> => Number((await prometheus.query(query))[0]?.values[0]?.[1]);

/** Returns the values of a panel during the run. The range extends beyond its end, to include the last partial second. */
async function inTheRun(expr: string): Promise<QueryResult[]> {
  return prometheus.queryRange(filledIn(expr, "10s"), startedAt, Date.now() / 1_000 + 1, 1);
}

beforeAll(async () => {
  dashboard = await readDashboard();
  qdrant = await startQdrant();
  const config = { ...serverConfig(servers, keyspace), qdrant: { url: qdrant.url } };
  observed = await ObservedStore.start({ ...config, breaker: { failures: 3, halfOpenAfterMs: 500 } }, 1);
  alertmanager = await startAlertmanager((await receiver.listen()).url);
  const targets = { "langgraph-store": [observed.target] };
  prometheus = await startPrometheus({ targets, alertmanager: alertmanager.address, intervalSeconds: 1 });
  observed.begin(4);
  await waitUntil("the store's metrics", async () => (await valueOf("sum(langgraph_store_operation_duration_count)")) > 100);
  await qdrant.kill();
  await waitUntil("degraded searches", async () => (await valueOf("sum(langgraph_store_search_degraded_total)")) > 10);
  await qdrant.restart();
  const hasLooked = "sum(rate(langgraph_store_intents_reconciled_total[10s]))";
  await waitUntil("a pass of the reconciler", async () => (await prometheus.query(hasLooked)).length > 0);
  const isBack = 'sum(increase(langgraph_store_vector_sync_duration_count{langgraph_store_sync_path="write"}[5s])) > 5';
  await waitUntil("vectors that are written again", async () => (await prometheus.query(`${isBack} and max(langgraph_store_breaker_state) == 0`)).length > 0);
});

afterAll(async () => {
  await observed[Symbol.asyncDispose]();
  await prometheus.stop();
  await alertmanager.stop();
  await receiver.close();
  await qdrant.stop();
  await dropKeyspace(servers, keyspace);
});

test("every query of every panel returns data", async () => {
  const panels = dashboard.panels.filter(({ type }) => type !== "row");
  expect(panels.length).toBeGreaterThan(25);
  const silent: string[] = [];
  for (const { title, targets = [] } of panels) {
    expect(targets, title).not.toHaveLength(0);
    for (const { expr } of targets) {
      const series = await inTheRun(expr);
      if (!series.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))))) silent.push(`${title}: ${expr}`);
    }
  }
  expect(silent).toEqual([]);
});

test("the panels show the events of the run", async () => {
  const seen = async (title: string): Promise<Map<string, number>> => {
    const panel = dashboard.panels.find((each) => each.title === title);
    const series = await inTheRun(panel?.targets?.[0]?.expr ?? "");
    return new Map(series.map(({ metric, values }) => [Object.values(metric).join(" "), Math.max(...values.map(([, value]) => Number(value)))]));
  };
  expect((await seen("Circuit breakers")).get("vectors")).toBe(2);
  expect((await seen("Circuit breakers")).get("records")).toBe(0);
  expect((await seen("Failures by code")).get("VECTOR_SYNC")).toBeGreaterThan(0);
  expect((await seen("Degraded searches by reason")).get("vectors-unavailable")).toBeGreaterThan(0);
  expect((await seen("Refused by rate limits")).get("list-namespaces")).toBeGreaterThan(0);
  const firing = (await prometheus.alerts()).find(({ labels }) => labels["condition"] === "breaker-open");
  expect(firing).toMatchObject({ state: "firing", labels: { langgraph_store_service: "vectors", severity: "critical" } });
});

test("the pager receives the open breaker through Alertmanager's routes", async () => {
  const pagerRequest = (): object | undefined => receiver.requests.find(({ path }) => path === "/pagerduty");
  await waitUntil("a message to the pager", () => pagerRequest() !== undefined);
  const commonLabels = { alertname: "LangGraphStoreBreakerOpen", severity: "critical", langgraph_store_service: "vectors" };
  const commonAnnotations = { runbook_url: "docs/operations.md#breaker-open" };
  expect(pagerRequest()).toMatchObject({ body: { status: "firing", commonLabels, commonAnnotations } });
});

test("the dashboard shows every metric of the table, from a selectable data source", async () => {
  const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
  expect(targets.flatMap(({ expr }) => unknownWords(expr))).toEqual([]);
  expect(targets.filter(({ datasource }) => datasource.uid !== "${datasource}")).toEqual([]);
  expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([["datasource", "datasource"], ["job", "query"], ["instance", "query"]]);
  expect(new Set(targets.flatMap(({ expr }) => metricsIn(expr)))).toEqual(new Set(Object.keys(METRICS)));
  const rows = dashboard.panels.filter(({ type }) => type === "row").map(({ title }) => title);
  expect(rows).toEqual(["Traffic", "Errors", "Latency", "Degradation", "Vector sync and backlog", "CQL nodes and pool", "Embedding and cache", "Limits"]);
  for (const { expr } of dashboard.annotations.list) await prometheus.query(filledIn(expr, "10s"));
});

test("the compose file mounts existing files, and its services are those that the configurations name", async () => {
  const { services } = parse(await readFile(join(OPS_FOLDER, "compose.yml"), "utf8")) as { services: Record<string, { volumes?: string[] }> };
  expect(Object.keys(services)).toEqual(["scylladb", "qdrant", "prometheus", "alertmanager", "grafana"]);
  const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(":")[0] ?? ""));
  const paths = mounted.filter((path) => path.startsWith("."));
  expect(paths).toHaveLength(4);
  expect(paths.filter((path) => !existsSync(join(OPS_FOLDER, path)))).toEqual([]);
  const config = await readFile(join(OPS_FOLDER, "prometheus", "prometheus.yml"), "utf8");
  const hosts = [...config.matchAll(/targets: \["([\w.]+):\d+"\]/g)].map(([, host]) => host);
  expect(hosts).toEqual(["alertmanager", "host.docker.internal", "qdrant", "scylladb"]);
});
