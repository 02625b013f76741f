import { ScyllaDBStore, type AlertNotice, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { afterEach, expect, test } from "vitest";
import { waitUntil } from "../servers/wait-until.ts";
import { SwitchedEmbeddings } from "../support/switched-embeddings.ts";

const stores: ScyllaDBStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.stop()));
});

const notices: AlertNotice[] = [];
const embeddings = new SwitchedEmbeddings({ dims: 64 });
const CONFIG = {
  path: ":memory:",
  index: { dims: 64, embeddings, fields: ["text"] },
  retry: { maxAttempts: 1 },
  breaker: { failures: 1, halfOpenAfterMs: 5 },
  alerts: {
    callback: (notice) => void notices.push(notice),
    intervalMs: 5,
    resolveAfterMs: 10,
    source: "test",
    conditions: { searchDegraded: { forMs: 0 }, breakerOpen: { enabled: false }, latencyP99: { enabled: false } },
  },
} satisfies EmbeddedStoreConfig;

const received = (): string[] => notices.map(({ status, condition }) => `${status} ${condition}`);

test("degraded searches fire an alert, which continues over a reload and resolves when they end", async () => {
  const store = await ScyllaDBStore.embedded(CONFIG);
  stores.push(store);
  await store.put(["a"], "1", { text: "green tea" });
  embeddings.down = true;
  await store.search(["a"], { query: "black tea" });
  await waitUntil("the alert", () => notices.length === 1, { everyMs: 5 });
  expect(received()).toEqual(["firing search-degraded"]);
  expect(notices[0]).toMatchObject({ severity: "degraded", source: "test", runbook: "docs/operations.md#search-degraded" });
  expect(store.stats().events).toMatchObject({ "alert-fired": 1 });
  await store.reload({ ...CONFIG, alerts: { ...CONFIG.alerts, intervalMs: 6 } });
  embeddings.down = false;
  await waitUntil("a search by similarity", async () => {
    const { info } = await store.search(["a"], { query: "white tea" });
    return info.mode === "semantic";
  });
  await waitUntil("the end of the alert", () => notices.length === 2, { everyMs: 5 });
  expect(received()).toEqual(["firing search-degraded", "resolved search-degraded"]);
});

test("an unreadable secret of a sink fails the start and names its option", async () => {
  const config = { ...CONFIG, alerts: { pagerDuty: { routingKey: "env://NO_SUCH_ROUTING_KEY" } } };
  await expect(ScyllaDBStore.embedded(config)).rejects.toThrow(/alerts\.pagerDuty\.routingKey.*env:\/\/NO_SUCH_ROUTING_KEY/s);
});
