/**
 * The process that checks the store after all faults and writes have ended: it drains the backlog, reads every key with
 * every kind of call, and reads the databases directly. `final-state.ts` verifies the result.
 *
 *   node judge.ts CONFIG
 */
import { setTimeout as pause } from "node:timers/promises";
import type { ClientConfig } from "./config.ts";
import { monotonicMs, type LoggedOutcome } from "./log.ts";
import { openStore } from "./open-store.ts";
import { indexedPlaces } from "./points.ts";
import { Recorder } from "./recorder.ts";
import { uniqueWordOf } from "./value.ts";

/** Timeout for the automatic recovery of the store, in milliseconds. */
const RECOVERY_MS = 180_000;
const LOOK_MS = 200;

const config = JSON.parse(process.argv[2] ?? "{}") as ClientConfig;
const { namespaces, keys, limit } = config;

// The parent process has ended.
process.stdin.on("end", () => process.exit(0)).resume();

const { store, isStoreError } = await openStore(config);
const recorder = new Recorder({ store, isStoreError, log: config.log, padBytes: 0 });

/** Reconciles until a pass has no failure. */
async function drain(): Promise<void> {
  const begun = monotonicMs();
  let report = await store.reconcile();
  let passes = 1;
  for (; report.failed > 0 && monotonicMs() - begun < RECOVERY_MS; passes += 1) {
    await pause(LOOK_MS);
    report = await store.reconcile();
  }
  recorder.fact("drained", { ...report, passes, ms: monotonicMs() - begun });
}

/** Waits until searches are ranked again. */
async function recover(): Promise<void> {
  const begun = monotonicMs();
  for (;;) {
    const { info } = await store.search([], { query: "green", limit: 1 });
    const ms = monotonicMs() - begun;
    if (!info.degraded || ms > RECOVERY_MS) {
      recorder.fact("recovered", { ms, degraded: info.degraded, reason: info.reason });
      return;
    }
    await pause(LOOK_MS);
  }
}

/** Waits until there are as many points as items with vectors, because sweeps run at intervals. */
async function awaitSweep(wanted: number): Promise<void> {
  const begun = monotonicMs();
  let places = await indexedPlaces(config.store);
  while (places.length > wanted && monotonicMs() - begun < config.sweepMs) {
    await pause(LOOK_MS);
    places = await indexedPlaces(config.store);
  }
  recorder.fact("points", places);
}

// Items with a TTL have expired by then, because no read refreshes them.
await pause(config.ttlMs + 100);
await recover();
await drain();
const live: string[] = [];
for (const namespace of namespaces) {
  for (const key of keys) {
    const [outcome] = await recorder.call(0, [{ kind: "get", namespace, key }]);
    if (outcome?.ok === true && outcome.row?.id) live.push(outcome.row.id);
  }
}
await recorder.call(0, [{ kind: "search", prefix: [], limit }]);
const ranked: LoggedOutcome[] = [];
for (const id of live) {
  ranked.push(...(await recorder.call(0, [{ kind: "search", prefix: [], query: uniqueWordOf(id), limit }])));
}
recorder.fact("namespaces", await store.listNamespaces({ limit: 1_000 }));
const [scored] = ranked;
const rows = scored?.ok === true ? (scored.answer?.rows ?? []) : [];
await awaitSweep(rows.filter(({ score }) => score !== undefined).length);
recorder.fact("repair", await (store.repair as (options: object) => Promise<object>).call(store, { dryRun: true }));
await store.stop();
process.stdout.write("stopped\n");
process.stdin.destroy();
