import { afterEach, expect, test } from "vitest";
import type { AlertNotice } from "../../../src/ports/alerts.ts";
import { Delivery, type DeliveryPolicy } from "../../../src/telemetry/alerts/delivery.ts";
import { SinkError, type AlertSink } from "../../../src/telemetry/alerts/sink.ts";
import { waitUntil } from "../../servers/wait-until.ts";
import { notice } from "./snapshots.ts";

const POLICY: DeliveryPolicy = {
  maxQueued: 100,
  maxPerMinute: 1_000,
  timeoutMs: 1_000,
  initialDelayMs: 1,
  maxDelayMs: 5,
  giveUpAfterMs: 60_000,
};

const stopped: Delivery[] = [];
afterEach(async () => {
  await Promise.all(stopped.splice(0).map((delivery) => delivery.stop(50)));
});

/** A delivery to a sink that the test controls. */
function delivery(send: AlertSink["send"], given: Partial<DeliveryPolicy> = {}) {
  const reported: string[] = [];
  const sent: AlertNotice[] = [];
  const sink: AlertSink = {
    name: "the place",
    async send(each, signal) {
      await send(each, signal);
      sent.push(each);
    },
  };
  const made = new Delivery(sink, { ...POLICY, ...given }, {
    failed: (name, cause) => reported.push(`failed ${name}: ${cause}`),
    lost: (name, { condition }, cause) => reported.push(`lost ${condition} ${name}: ${cause}`),
  });
  stopped.push(made);
  return { delivery: made, reported, sent };
}

const all = async (): Promise<void> => undefined;
const passing = (): Promise<void> => Promise.reject(new SinkError("busy", true));
const ids = (notices: readonly AlertNotice[]): string[] => notices.map(({ id }) => id);

/** A promise that the test resolves. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { wait: () => promise, open: resolve };
}

test("notices are sent, the most severe first", async () => {
  const { delivery: to, sent } = delivery(all);
  to.add(notice({ id: "c", severity: "degraded" }));
  to.add(notice({ id: "b", severity: "warning" }));
  to.add(notice({ id: "a" }));
  await waitUntil("three notices", () => sent.length === 3);
  expect(ids(sent)).toEqual(["a", "b", "c"]);
  expect(to.counts).toEqual({ delivered: 3, failures: 0, lost: 0, waiting: 0 });
});

test("adding a notice returns at once, even if the sink is slow", async () => {
  const slow = gate();
  const { delivery: to, sent } = delivery(slow.wait);
  for (let i = 0; i < 50; i += 1) to.add(notice({ id: `${i}` }));
  expect(sent).toEqual([]);
  slow.open();
  await waitUntil("all of them", () => sent.length === 50);
});

test("a sink outage is reported once; alerts that resolve meanwhile are sent as resolved, none twice", async () => {
  let isDown = true;
  const { delivery: to, reported, sent } = delivery(() => (isDown ? passing() : all()));
  to.add(notice());
  to.add(notice({ id: "other" }));
  await waitUntil("some attempts", () => to.counts.failures >= 5);
  to.add(notice({ status: "resolved" }));
  isDown = false;
  await waitUntil("both", () => sent.length === 2);
  expect(sent.map(({ id, status }) => `${status} ${id}`).sort()).toEqual([`firing other`, `resolved ${notice().id}`]);
  expect(reported).toEqual(["failed the place: busy"]);
  expect(to.counts).toMatchObject({ delivered: 2, lost: 0, waiting: 0 });
  isDown = true;
  to.add(notice());
  await waitUntil("the next outage to be reported", () => reported.length === 2);
});

test("a refused notice is lost, counted and reported; the next one is sent", async () => {
  const { delivery: to, reported, sent } = delivery(({ id }) => (id === "bad" ? Promise.reject(new SinkError("answered 400", false)) : all()));
  to.add(notice({ id: "bad" }));
  to.add(notice({ id: "good" }));
  await waitUntil("the good one", () => sent.length === 1);
  expect(reported).toContain("lost breaker-open the place: answered 400");
  expect(to.counts).toEqual({ delivered: 1, failures: 1, lost: 1, waiting: 0 });
});

test("a notice that always fails does not delay the others, even if it is the most severe", async () => {
  const slow = { initialDelayMs: 60_000, maxDelayMs: 60_000 };
  const { delivery: to, sent, reported } = delivery(({ id }) => (id === "bad" ? passing() : all()), slow);
  to.add(notice({ id: "bad" }));
  for (let i = 0; i < 20; i += 1) to.add(notice({ id: `${i}`, severity: "degraded" }));
  await waitUntil("the others", () => sent.length === 20);
  // Also a notice that is added while the failed one waits for its retry.
  to.add(notice({ id: "late", severity: "degraded" }));
  await waitUntil("the late one", () => sent.length === 21);
  expect(reported).toEqual(["failed the place: busy"]);
  expect(to.counts).toEqual({ delivered: 21, failures: 1, lost: 0, waiting: 1 });
});

test("a notice that always fails is retried with growing pauses and reported once while others succeed", async () => {
  const { delivery: to, reported } = delivery(({ id }) => (id === "bad" ? passing() : all()), { giveUpAfterMs: 200, initialDelayMs: 1, maxDelayMs: 20 });
  to.add(notice({ id: "bad" }));
  let added = 0;
  await waitUntil("it to be lost", () => {
    to.add(notice({ id: `${(added += 1)}` }));
    return to.counts.lost === 1;
  });
  await waitUntil("the others", () => to.counts.waiting === 0);
  expect(to.counts).toMatchObject({ lost: 1 });
  expect(reported.map((each) => each.split(" ")[0])).toEqual(["failed", "lost"]);
});

test("a sink that is down is not called at once for each queued notice", async () => {
  const { delivery: to } = delivery(passing, { initialDelayMs: 60_000, maxDelayMs: 60_000 });
  for (let i = 0; i < 50; i += 1) to.add(notice({ id: `${i}` }));
  await waitUntil("the first failures", () => to.counts.failures >= 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(to.counts).toMatchObject({ failures: 2, waiting: 50 });
});

test("a notice is dropped after its last retry", async () => {
  const { delivery: to } = delivery(passing, { giveUpAfterMs: 30 });
  to.add(notice());
  await waitUntil("it to be given up", () => to.counts.lost === 1);
  expect(to.counts.waiting).toBe(0);
});

test("a sink that does not answer is aborted at the timeout", async () => {
  const aborted: boolean[] = [];
  const { delivery: to } = delivery(
    (_, signal) => new Promise(() => signal.addEventListener("abort", () => aborted.push(true))),
    { timeoutMs: 20 },
  );
  to.add(notice());
  await waitUntil("a second attempt", () => to.counts.failures >= 2);
  expect(aborted.length).toBeGreaterThan(0);
});

test("the queue is bounded: the least severe notice is dropped", async () => {
  const slow = gate();
  const { delivery: to, reported, sent } = delivery(slow.wait, { maxQueued: 2 });
  to.add(notice({ id: "0" }));
  await waitUntil("the first to be on its way", () => to.counts.waiting === 0);
  to.add(notice({ id: "1", severity: "degraded", condition: "slow-operations" }));
  to.add(notice({ id: "2", severity: "warning" }));
  to.add(notice({ id: "3" }));
  expect(to.counts).toMatchObject({ waiting: 2, lost: 1 });
  expect(reported).toEqual(["lost slow-operations the place: too many alerts wait to be sent"]);
  slow.open();
  await waitUntil("the others", () => sent.length === 3);
  expect(ids(sent)).toEqual(["0", "3", "2"]);
});

test("notices per minute are bounded, and the newest of each alert is sent", async () => {
  const { delivery: to, sent } = delivery(all, { maxPerMinute: 2 });
  for (const id of ["a", "b", "c"]) to.add(notice({ id }));
  await waitUntil("two of them", () => sent.length === 2);
  to.add(notice({ id: "c", status: "resolved" }));
  expect(to.counts).toMatchObject({ delivered: 2, waiting: 1 });
  // A stop does not wait for the minute.
  await to.stop(1_000);
  expect(sent.map(({ id, status }) => `${id} ${status}`)).toEqual(["a firing", "b firing", "c resolved"]);
});

test("a retry-after of the sink is respected, and a stop ends the pause", async () => {
  let calls = 0;
  const { delivery: to, sent } = delivery(() => {
    calls += 1;
    return calls === 1 ? Promise.reject(new SinkError("answered 429", true, 60_000)) : all();
  });
  to.add(notice());
  await waitUntil("the first attempt", () => to.counts.failures === 1);
  to.add(notice({ id: "other" }));
  expect(calls).toBe(1);
  await to.stop(1_000);
  expect(sent).toHaveLength(2);
});

test("a stop waits up to its timeout; remaining notices are lost and reported", async () => {
  const { delivery: to, reported } = delivery(() => new Promise(() => undefined), { timeoutMs: 60_000 });
  to.add(notice({ id: "a" }));
  await waitUntil("the first to be on its way", () => to.counts.waiting === 0);
  to.add(notice({ id: "b" }));
  // The sink never answers. Without a timeout, the stop would not end.
  await to.stop(30);
  expect(reported.filter((each) => each.startsWith("lost"))).toHaveLength(2);
  to.add(notice({ id: "c" }));
  expect(to.counts).toMatchObject({ lost: 3, waiting: 0 });
});
