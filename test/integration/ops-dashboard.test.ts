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
import { dropKeyspace, patientConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("dashboard");
const startedAt = Date.now() / 1_000;

let dashboard: Dashboard;
let qdrant: LocalQdrant;
let observed: ObservedStore;
let prometheus: LocalPrometheus;
let alertmanager: LocalAlertmanager;
const receiver = new HttpReceiver();

/** Only for what never happens. */
const PATIENT_WAIT = { timeoutMs: 240_000, everyMs: 250 };

const valueOf = async (query: string): Promise<number> => Number((await prometheus.query(query))[0]?.values[0]?.[1]);

/** Returns the values of a panel during the run. The range extends beyond its end, to include the last partial second. */
async function inTheRun(expr: string): Promise<QueryResult[]> {
  return prometheus.queryRange(filledIn(expr, "10s"), startedAt, Date.now() / 1_000 + 1, 1);
}

/** Returns the highest value of each series of a panel during the run, by its labels. */
async function seen(title: string): Promise<ReadonlyMap<string, number>> {
  const panel = dashboard.panels.find((each) => each.title === title);
  const series = await inTheRun(panel?.targets?.[0]?.expr ?? "");
  return new Map(series.map(({ metric, values }) => [Object.values(metric).join(" "), Math.max(...values.map(([, value]) => Number(value)))]));
}

const isFiring = async (): Promise<boolean> =>
  (await prometheus.alerts()).some(({ labels, state }) => labels["condition"] === "breaker-open" && state === "firing");

/** Whether Prometheus, whose scrapes a busy machine delays, has seen each event of the outage. Exceeds a rate limit each time. */
async function showOutage(): Promise<boolean> {
  await Promise.allSettled(Array.from({ length: 20 }, () => observed.store.listNamespaces({ prefix: ["users"] })));
  const events: readonly (readonly [string, string])[] = [
    ["Failures by code", "VECTOR_SYNC"],
    ["Degraded searches by reason", "vectors-unavailable"],
    ["Refused by rate limits", "list-namespaces"],
  ];
  for (const [title, label] of events) if (!(((await seen(title)).get(label) ?? 0) > 0)) return false;
  return (await seen("Circuit breakers")).get("vectors") === 2 && (await isFiring());
}

/** The messages to the pager. Failed writes also raise the error rate. */
const pages = (): unknown[] => receiver.requests.filter(({ path }) => path === "/pagerduty").map(({ body }) => body);

function isOfBreaker(page: unknown): boolean {
  return (page as { readonly commonLabels?: { readonly alertname?: unknown } }).commonLabels?.alertname === "LangGraphStoreBreakerOpen";
}

beforeAll(async () => {
  dashboard = await readDashboard();
  qdrant = await startQdrant();
  const config = { ...patientConfig(servers, keyspace), qdrant: { url: qdrant.url } };
  observed = await ObservedStore.start({ ...config, breaker: { failures: 3, halfOpenAfterMs: 500 } }, 1);
  alertmanager = await startAlertmanager((await receiver.listen()).url);
  const targets = { "langgraph-store": [observed.target] };
  prometheus = await startPrometheus({ targets, alertmanager: alertmanager.address, intervalSeconds: 1 });
  observed.begin(4);
  await waitUntil("the store's metrics", async () => (await valueOf("sum(langgraph_store_operation_duration_count)")) > 100, PATIENT_WAIT);
  await qdrant.kill();
  await waitUntil("the panels to show the outage", showOutage, PATIENT_WAIT);
  // An alert that ends before Alertmanager has sent it is not sent.
  await waitUntil("a message of the open breaker to the pager", () => pages().some(isOfBreaker), PATIENT_WAIT);
  await qdrant.restart();
  const hasLooked = "sum(rate(langgraph_store_intents_reconciled_total[10s]))";
  await waitUntil("a pass of the reconciler", async () => (await prometheus.query(hasLooked)).length > 0, PATIENT_WAIT);
  const isBack = 'sum(increase(langgraph_store_vector_sync_duration_count{langgraph_store_sync_path="write"}[5s])) > 5';
  await waitUntil("vectors that are written again", async () => (await prometheus.query(`${isBack} and max(langgraph_store_breaker_state) == 0`)).length > 0, PATIENT_WAIT);
});

afterAll(async () => {
  // First, as the server of the metrics ends only without a connection, and Prometheus keeps one open.
  await prometheus.stop();
  await observed[Symbol.asyncDispose]();
  await alertmanager.stop();
  await receiver.close();
  await qdrant.stop();
  await dropKeyspace(servers, keyspace);
});

test("every query of every panel returns data", async () => {
  const panels = dashboard.panels.filter(({ type }) => type !== "row");
  expect(panels.length).toBeGreaterThan(25);
  for (const { title, targets } of panels) expect(targets ?? [], title).not.toHaveLength(0);
  let silent = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  // The load goes on: a rate has data once two scrapes in its interval have succeeded.
  const areAllShown = async (): Promise<typeof silent> => {
    const left: typeof silent = [];
    for (const query of silent) {
      const series = await inTheRun(query.expr);
      if (!series.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))))) left.push(query);
    }
    return (silent = left);
  };
  await expect.poll(areAllShown).toEqual([]);
});

test("the panels show the events of the run", async () => {
  expect((await seen("Circuit breakers")).get("vectors")).toBe(2);
  expect((await seen("Circuit breakers")).get("records")).toBe(0);
  expect((await seen("Failures by code")).get("VECTOR_SYNC")).toBeGreaterThan(0);
  expect((await seen("Degraded searches by reason")).get("vectors-unavailable")).toBeGreaterThan(0);
  expect((await seen("Refused by rate limits")).get("list-namespaces")).toBeGreaterThan(0);
  const [fired] = await inTheRun('ALERTS{condition="breaker-open", alertstate="firing"}');
  expect(fired?.metric).toMatchObject({ langgraph_store_service: "vectors", severity: "critical" });
});

test("the pager receives the open breaker through Alertmanager's routes", async () => {
  const commonLabels = { alertname: "LangGraphStoreBreakerOpen", severity: "critical", langgraph_store_service: "vectors" };
  const commonAnnotations = { runbook_url: "docs/operations.md#breaker-open" };
  const message = { status: "firing", commonLabels: expect.objectContaining(commonLabels) as object, commonAnnotations: expect.objectContaining(commonAnnotations) as object };
  expect(pages().filter(isOfBreaker)).toContainEqual(expect.objectContaining(message));
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
