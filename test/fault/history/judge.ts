/**
 * The process that looks at the store once all faults are healed and nobody writes: it finishes what is noted, reads
 * every key by every route, and looks behind the store. What it finds is judged by `final-state.ts`.
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

/** Longest wait for the store to be well again by itself, milliseconds. */
const RECOVERY_MS = 60_000;
const LOOK_MS = 200;

const config = JSON.parse(process.argv[2] ?? "{}") as ClientConfig;
const { namespaces, keys, limit } = config;

// Whoever started this process is gone.
process.stdin.on("end", () => process.exit(0)).resume();

const { store, isStoreError } = await openStore(config);
const recorder = new Recorder({ store, isStoreError, log: config.log, padBytes: 0 });

/** Sees to all that is noted, until a pass has failed at nothing. */
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

/** Waits until as many points are there as there are items with vectors, as what has ended is swept now and then. */
async function awaitSweep(wanted: number): Promise<void> {
  const begun = monotonicMs();
  let places = await indexedPlaces(config.store);
  while (places.length > wanted && monotonicMs() - begun < config.sweepMs) {
    await pause(LOOK_MS);
    places = await indexedPlaces(config.store);
  }
  recorder.fact("points", places);
}

// What has a time to live has ended then, as nobody renews it.
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
