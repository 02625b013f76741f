import { afterEach, describe, expect, test } from "vitest";
import { alerts } from "../../../src/config/options/alerts.ts";
import { messageOf } from "../../../src/model/errors.ts";
import { Secret } from "../../../src/model/secret.ts";
import type { StoreEvent } from "../../../src/ports/events.ts";
import { silentLogger } from "../../../src/ports/logger.ts";
import { fixedSecret } from "../../../src/ports/secrets.ts";
import { Alerting, type AlertingOptions } from "../../../src/telemetry/alerts/alerting.ts";
import { PagerDutySink } from "../../../src/telemetry/alerts/pager-duty.ts";
import type { AlertSnapshot } from "../../../src/telemetry/alerts/snapshot.ts";
import { HttpReceiver, status } from "../../servers/http-receiver.ts";
import { waitUntil } from "../../servers/wait-until.ts";
import { snapshot } from "./snapshots.ts";

const ROUTES = { critical: ["pagerDuty"], warning: ["callback"], degraded: ["callback"] } as const;
const open = snapshot({ breakers: { vectors: "open" } });
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Alerting that evaluates the test's state every 5 ms and notifies a receiver in place of PagerDuty. */
async function watched(given: Partial<AlertingOptions> = {}) {
  const receiver = await new HttpReceiver().listen();
  const events: StoreEvent[] = [];
  const store = { now: snapshot(), looks: 0, fails: false };
  const parsed = alerts.parse({ callback: () => undefined, delivery: { initialDelayMs: 5, maxDelayMs: 20 } });
  const alerting = new Alerting({
    ...parsed,
    source: "host-1",
    store: "agents@1",
    intervalMs: 5,
    resolveAfterMs: 20,
    sinks: { pagerDuty: new PagerDutySink({ routingKey: fixedSecret(new Secret("k".repeat(32))), url: receiver.url }) },
    routes: ROUTES,
    takeSnapshot: async (): Promise<AlertSnapshot> => {
      store.looks += 1;
      if (store.fails) throw new Error("no answer");
      return store.now;
    },
    events: { emit: (event) => void events.push(event) },
    logger: silentLogger,
    ...given,
  });
  ends.push(() => alerting.stop(), () => receiver.close());
  return { alerting, receiver, events, store };
}

const actions = (receiver: HttpReceiver): unknown[] => receiver.bodies.map((body) => (body as { event_action: unknown }).event_action);
const looksMore = async (store: { readonly looks: number }, times = 10): Promise<void> => {
  const from = store.looks;
  await waitUntil("some more looks", () => store.looks >= from + times, { everyMs: 5 });
};

test("a condition fires once and resolves once, each time with a new incident", async () => {
  const { alerting, receiver, events, store } = await watched();
  await alerting.start();
  await looksMore(store);
  expect(receiver.requests).toEqual([]);
  store.now = open;
  await waitUntil("the trigger", () => receiver.requests.length === 1);
  await looksMore(store);
  expect(actions(receiver)).toEqual(["trigger"]);
  expect(alerting.state().firing).toMatchObject([{ condition: "breaker-open", subject: "vectors" }]);
  store.now = snapshot();
  await waitUntil("the end", () => receiver.requests.length === 2);
  expect(actions(receiver)).toEqual(["trigger", "resolve"]);
  expect(new Set(receiver.bodies.map((body) => (body as { dedup_key: string }).dedup_key)).size).toBe(1);
  expect(alerting.state().firing).toEqual([]);
  expect(events.map(({ type }) => type)).toEqual(["alert-fired", "alert-resolved"]);
});

test("alerting whose alerts were taken over evaluates nothing more, so it neither fires nor resolves them", async () => {
  const previous = await watched();
  await previous.alerting.start();
  previous.store.now = open;
  await waitUntil("the trigger", () => previous.receiver.requests.length === 1);
  const next = await watched();
  next.store.now = open;
  next.alerting.takeOver(previous.alerting);
  await next.alerting.start();
  const { looks } = previous.store;
  await looksMore(next.store);
  // An evaluation that was in progress may have read the state once more.
  expect(previous.store.looks).toBeLessThanOrEqual(looks + 1);
  await previous.alerting.stop();
  expect(actions(previous.receiver)).toEqual(["trigger"]);
  expect(next.alerting.state().firing).toMatchObject([{ condition: "breaker-open" }]);
});

test("an evaluation in progress when the alerts are taken over fires nothing, so the replaced instance resolves no incident of its successor", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let isRead = false;
  const previous = await watched({
    async takeSnapshot() {
      isRead = true;
      await released;
      return open;
    },
  });
  await previous.alerting.start();
  await waitUntil("the evaluation", () => isRead, { everyMs: 5 });
  const next = await watched();
  next.store.now = open;
  next.alerting.takeOver(previous.alerting);
  await next.alerting.start();
  await waitUntil("the trigger of the successor", () => next.receiver.requests.length === 1);
  release();
  // Waits for the evaluation in progress, and sends the queued messages.
  await previous.alerting.stop();
  expect(actions(previous.receiver)).toEqual([]);
  expect(actions(next.receiver)).toEqual(["trigger"]);
});

test("a sink outage is reported and counted, and the alert arrives after it", async () => {
  const { alerting, receiver, events, store } = await watched();
  receiver.answer = status(503);
  store.now = open;
  await alerting.start();
  await waitUntil("some attempts", () => receiver.requests.length >= 3);
  expect(alerting.state().deliveries.pagerDuty).toMatchObject({ delivered: 0, lost: 0 });
  receiver.answer = status(202);
  await waitUntil("the alert to arrive", () => alerting.state().deliveries.pagerDuty?.delivered === 1);
  expect(alerting.state().deliveries.pagerDuty?.failures).toBeGreaterThanOrEqual(3);
  expect(events.filter(({ type }) => type === "alert-delivery-failed")).toHaveLength(1);
});

test("a sink that does not answer delays no evaluation", async () => {
  const { alerting, receiver, store } = await watched({ flushMs: 50 });
  receiver.answer = () => undefined;
  store.now = open;
  await alerting.start();
  await waitUntil("the request", () => receiver.requests.length === 1);
  await looksMore(store, 20);
  // The sink never answers. Without a timeout, the stop would not end.
  await alerting.stop();
});

test("alerts go to the sinks that the routes name for their severity", async () => {
  const seen: string[] = [];
  const callback = { name: "the callback", send: async ({ condition }: { condition: string }) => void seen.push(condition) };
  const { alerting, store } = await watched({ sinks: { callback } });
  store.now = snapshot({ breakers: { vectors: "open" }, backlog: { intents: 9, deadLettered: 1, overdueMs: 0 } });
  await alerting.start();
  await waitUntil("the warning", () => seen.length > 0);
  await looksMore(store);
  expect(seen).toEqual(["dead-intents"]);
});

test("an evaluation that fails changes no alert and is counted", async () => {
  const { alerting, receiver, store } = await watched();
  store.now = open;
  await alerting.start();
  await waitUntil("the trigger", () => receiver.requests.length === 1);
  store.fails = true;
  await looksMore(store, 20);
  expect(alerting.state().failedEvaluations).toBeGreaterThan(10);
  expect(actions(receiver)).toEqual(["trigger"]);
});

test("an event triggers an evaluation at once, and many events trigger at most two", async () => {
  const { alerting, receiver, store } = await watched({ intervalMs: 60_000 });
  await alerting.start();
  await waitUntil("the first look", () => store.looks === 1);
  store.now = open;
  for (let i = 0; i < 100; i += 1) alerting.evaluateSoon();
  await waitUntil("the trigger", () => receiver.requests.length === 1);
  expect(store.looks).toBeLessThanOrEqual(3);
});

test("a stop sends the resolutions, and nothing after them", async () => {
  const { alerting, receiver, store } = await watched();
  store.now = open;
  await alerting.start();
  await waitUntil("the trigger", () => receiver.requests.length === 1);
  await alerting.stop();
  expect(actions(receiver)).toEqual(["trigger", "resolve"]);
  expect(JSON.stringify(receiver.bodies[1])).toContain("No longer watched");
  const { looks } = store;
  alerting.evaluateSoon();
  await alerting.stop();
  expect(store.looks).toBe(looks);
  expect(receiver.requests).toHaveLength(2);
});

describe("the option alerts", () => {
  const mistakes: readonly (readonly [string, unknown])[] = [
    ["must have at least one sink", {}],
    ["names slack, which is not configured", { callback: () => undefined, routes: { warning: ["slack"] } }],
    ["is required with a user", { email: { host: "h", from: "a@b", to: ["c@d"], user: "u" } }],
    ["must be a function", { callback: "https://example.com" }],
  ];
  test.each(mistakes)("rejects a mistake: %s", (message, given) => {
    expect(messageOf(alerts.safeParse(given).error)).toContain(message);
  });

  test("hides credentials in printed configurations", () => {
    const options = alerts.parse({ pagerDuty: { routingKey: "hunter2-key" }, slack: { webhookUrl: "https://hooks.example/hunter2" } });
    expect(JSON.stringify(options)).not.toContain("hunter2");
  });
});
