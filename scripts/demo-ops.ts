/**
 * `npm run demo:ops`: shows what an operator sees when Qdrant is killed and restarted, on real servers.
 *
 *     npm run demo:ops -- [--picture FILE.svg]
 *
 * Runs a store under load, Prometheus with the rules of ops/, Alertmanager with the routes of ops/, and a local receiver in
 * place of PagerDuty. Takes about four minutes. Fails if any printed statement is false.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { HttpReceiver, type ReceivedRequest } from "../test/servers/http-receiver.ts";
import { startAlertmanager, startPrometheus } from "../test/servers/prometheus.ts";
import { startQdrant } from "../test/servers/qdrant.ts";
import { startServers } from "../test/servers/servers.ts";
import { waitUntil } from "../test/servers/wait-until.ts";
import { readDashboard } from "../test/support/dashboard.ts";
import { dashboardPicture } from "../test/support/dashboard-picture.ts";
import { ObservedStore } from "../test/support/observed-store.ts";
import { dropKeyspace, serverConfig, uniqueName } from "../test/support/stores.ts";

const CALLERS = 3;
const QUIET_S = 15;
const OUTAGE_S = 30;

const OPERATIONS = "sum(rate(langgraph_store_operation_duration_count[10s]))";
const P99_MS = "1000 * histogram_quantile(0.99, sum by (le) (rate(langgraph_store_operation_duration_bucket[10s])))";
const DEGRADED = "sum(langgraph_store_search_degraded_total)";
const BREAKER = 'langgraph_store_breaker_state{langgraph_store_service="vectors"}';
const INTENTS = "max(langgraph_store_intents_pending)";
const SETTLED = 'sum(langgraph_store_intents_reconciled_total{langgraph_store_verdict="settled"})';

const { values: options } = parseArgs({ options: { picture: { type: "string" } } });

// Resources are released in reverse order, also after an error.
await using stack = new AsyncDisposableStack();
const servers = await startServers();
stack.defer(() => servers.stop());
const qdrant = await startQdrant();
stack.defer(() => qdrant.stop());
const receiver = stack.use(await new HttpReceiver().listen());
const alertmanager = await startAlertmanager(receiver.url);
stack.defer(() => alertmanager.stop());
const keyspace = uniqueName("demo");
stack.defer(() => dropKeyspace(servers, keyspace));
const config = { ...serverConfig(servers, keyspace), qdrant: { url: qdrant.url } };
const observed = stack.use(await ObservedStore.start({ ...config, breaker: { failures: 5, halfOpenAfterMs: 2_000 } }, 100));
const prometheus = await startPrometheus({
  targets: { "langgraph-store": [observed.target] },
  alertmanager: alertmanager.address,
  intervalSeconds: 1,
});
stack.defer(() => prometheus.stop());

const startedAt = Date.now();
const inSeconds = (ms: number): string => ((ms - startedAt) / 1_000).toFixed(1).padStart(6);
const say = (line: string, at = Date.now()): void => console.log(`${inSeconds(at)} s  ${line}`);

/** Returns the current value of a query in Prometheus; 0 if there is no series yet. */
async function figure(query: string): Promise<number> {
  const [series] = await prometheus.query(query);
  return Number(series?.values[0]?.[1] ?? 0);
}

/** Returns the request that PagerDuty would receive for an open circuit. */
function pagerDutyRequest(status: "firing" | "resolved"): ReceivedRequest | undefined {
  const isIt = ({ path, body }: ReceivedRequest): boolean => {
    const { status: reported, commonLabels } = body as { status: string; commonLabels: Record<string, string> };
    return path === "/pagerduty" && reported === status && commonLabels["condition"] === "breaker-open";
  };
  return receiver.requests.find(isIt);
}

async function sayPaged(status: "firing" | "resolved"): Promise<void> {
  await waitUntil(`"${status}" at the receiver`, () => pagerDutyRequest(status) !== undefined, { timeoutMs: 120_000 });
  const { at = 0, body } = pagerDutyRequest(status) ?? {};
  const { commonLabels, commonAnnotations } = body as Record<"commonLabels" | "commonAnnotations", Record<string, string>>;
  say(`the pager receives: ${status.toUpperCase()} ${commonLabels["alertname"]}, ${commonLabels["severity"]}`, at);
  if (status === "firing") {
    say(`    ${commonAnnotations["summary"]}`, at);
    say(`    what to do: ${commonAnnotations["runbook_url"]}`, at);
  }
}

async function untilSecond(second: number): Promise<void> {
  await waitUntil(`second ${second}`, () => Date.now() - startedAt >= second * 1_000, { timeoutMs: 120_000 });
}

function tally(): string {
  const { ok, degraded, refused } = observed.answers;
  const codes = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  return `${ok} calls answered, ${degraded} of them degraded searches; refused: ${codes.join(", ") || "none"}`;
}

say(`a store on ${servers.source === "local" ? "Cassandra" : "a CQL database"} and Qdrant, ${CALLERS} callers that put, get, search and list`);
observed.begin(CALLERS);
await untilSecond(QUIET_S);
const before = { intents: await figure(INTENTS), degraded: await figure(DEGRADED) };
if (before.degraded !== 0) throw new Error(`${before.degraded} searches were degraded while every service was up`);
say(`${(await figure(OPERATIONS)).toFixed(0)} operations a second, 99th percentile ${(await figure(P99_MS)).toFixed(0)} ms, degraded searches 0`);
say(`intents ${before.intents}: of recent writes, kept until Qdrant has flushed`);

const killedAt = Date.now();
await qdrant.kill();
say("Qdrant is killed (SIGKILL)", killedAt);
await waitUntil("a degraded search", () => observed.answers.degraded > 0);
say(`the first degraded search has its answer, ${Date.now() - killedAt} ms after the kill`);
await waitUntil("an open breaker", async () => (await figure(BREAKER)) === 2);
say("Prometheus sees the breaker of the vectors open");
await sayPaged("firing");
await untilSecond(QUIET_S + OUTAGE_S);
const during = { intents: await figure(INTENTS), degraded: await figure(DEGRADED) };
if (during.degraded === 0 || during.intents <= before.intents) throw new Error(`expected degraded searches and a backlog, but got ${JSON.stringify(during)}`);
say(`${during.degraded} degraded searches counted, ${(await figure(OPERATIONS)).toFixed(0)} operations a second, 99th percentile ${(await figure(P99_MS)).toFixed(0)} ms`);
say(`intents ${during.intents}: the backlog has grown`);
say(`store.health(): ${(await observed.store.health()).status}; ${tally()}`);

await qdrant.restart();
say("Qdrant is started again");
await waitUntil("a closed breaker", async () => (await figure(BREAKER)) === 0);
say("Prometheus sees the breaker closed");
await sayPaged("resolved");
await observed.rest();
say(`the callers stop: ${tally()}`);
await waitUntil("an empty backlog", async () => (await figure(INTENTS)) === 0, { timeoutMs: 300_000, everyMs: 500 });
say(`intents 0: the backlog is drained, ${await figure(SETTLED)} of them by the reconciler`);

const report = await observed.store.repair({ dryRun: true });
const wrong = report.missing + report.stale + report.orphaned + report.unlisted + report.unreadable + report.failed;
say(`store.repair({ dryRun: true }): ${report.examined} records compared with their vectors, ${wrong} wrong; health: ${(await observed.store.health()).status}`);
if (wrong > 0) throw new Error(`vectors and records differ after the outage: ${JSON.stringify(report)}`);

if (options.picture !== undefined) {
  const span = { start: startedAt / 1_000, end: Date.now() / 1_000, step: 2, rateInterval: "10s" };
  await writeFile(options.picture, await dashboardPicture(await readDashboard(), prometheus, span));
  say(`the dashboard of this run: ${options.picture}`);
}
