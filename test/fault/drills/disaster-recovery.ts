/** Disaster recovery: snapshots, more writes, everything deleted, restore by the procedure of docs/disaster-recovery.md, repair. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "cassandra-driver";
import type { RepairReport, ScyllaDBStore } from "langgraph-store-scylladb";
import { waitUntil } from "../../servers/wait-until.ts";
import type { DrillServers, Log } from "./servers.ts";

/** What the drill measured. */
export interface DisasterReport {
  readonly items: number;
  /** Items after the restore: those of the snapshot of the records. */
  readonly restored: number;
  /** Writes after the snapshot of the records, which are lost: the recovery point. */
  readonly lostWrites: number;
  /** What `repair --dry-run` counted after the restore. */
  readonly found: RepairReport;
  /** The same after the repair. */
  readonly afterRepair: RepairReport;
  /** From the start of the restore until the repair was done, milliseconds. */
  readonly recoveryMs: number;
  /** From the start of an empty Qdrant until searches were complete again, milliseconds. */
  readonly rebuildMs: number;
  /** Whether a search found every sampled item, after the restore and after the rebuild. */
  readonly isFound: boolean;
}

/** Changes between the snapshot of the vectors and that of the records. */
export const BETWEEN = { added: 30, updated: 20, deleted: 10 } as const;

/** Changes after both snapshots. */
const AFTER = 25;

const BATCH = 200;

function textOf(i: number): string {
  return `memory number ${i} of word${i % 997}`;
}

async function fill(store: ScyllaDBStore, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += BATCH) {
    const size = Math.min(BATCH, to - start);
    await store.batch(Array.from({ length: size }, (_, i) => ({ namespace: ["users", `u${(start + i) % 50}`], key: `k${start + i}`, value: { text: textOf(start + i) } })));
  }
}

/** Runs the drill in a keyspace that does not exist yet. Qdrant loses all of its data. */
export async function disasterRecovery(servers: DrillServers, items: number, log: Log): Promise<DisasterReport> {
  const folder = await mkdtemp(join(tmpdir(), "drill-"));
  const { cassandra } = servers;
  const client = new Client({ contactPoints: [cassandra.contactPoint], localDataCenter: cassandra.localDataCenter, socketOptions: { readTimeout: 120_000 } });
  try {
    let store = await servers.open();
    await fill(store, 0, items);
    await store.reconcile();
    log(`${items} items are stored`);
    const vectors = await servers.download(await servers.snapshotVectors());
    const { added, updated, deleted } = BETWEEN;
    await fill(store, items, items + added);
    for (let i = 0; i < updated; i += 1) await store.put(["users", `u${i % 50}`], `k${i}`, { text: `changed ${i}` });
    for (let i = updated; i < updated + deleted; i += 1) await store.delete(["users", `u${i % 50}`], `k${i}`);
    await servers.snapshotRecords(folder);
    log("Snapshots of Qdrant, then of Cassandra, with writes between them");
    for (let i = 0; i < AFTER; i += 1) await store.put(["users", "late"], `late${i}`, { text: `written after the snapshots ${i}` });
    await store.erase({ everything: true });
    await store.stop();
    await servers.dropCollections();
    log("More writes, then everything was erased and the collection deleted");

    const startedAt = Date.now();
    await client.connect();
    await servers.restoreRecords(folder, (statement) => client.execute(statement));
    await servers.restoreVectors(vectors);
    store = await servers.open();
    const found = await store.repair({ dryRun: true });
    await store.repair();
    const recoveryMs = Date.now() - startedAt;
    const afterRepair = await store.repair({ dryRun: true });
    const restored = await store.count([]);
    const isFound = await findsAll(store, items);
    log(`Restored in ${recoveryMs} ms: ${JSON.stringify(found)}`);
    await store.stop();

    await servers.qdrant.restart({ data: "lose" });
    const emptyAt = Date.now();
    store = await servers.open();
    await waitUntil("the rebuild to be complete", async () => (await store.health()).vectors?.complete === true, { timeoutMs: 1_800_000 });
    const rebuildMs = Date.now() - emptyAt;
    const isFoundAgain = await findsAll(store, items);
    log(`Rebuilt an empty Qdrant in ${rebuildMs} ms`);
    await store.stop();
    return { items, restored, lostWrites: AFTER, found, afterRepair, recoveryMs, rebuildMs, isFound: isFound && isFoundAgain };
  } finally {
    await client.shutdown();
    await rm(folder, { recursive: true });
  }
}

async function findsAll(store: ScyllaDBStore, items: number): Promise<boolean> {
  for (let i = 40; i < items; i += Math.ceil(items / 20)) {
    const results = await store.search(["users", `u${i % 50}`], { query: textOf(i), limit: 20 });
    // A few texts have the same vector of 64 numbers, as words can cancel each other out.
    const isBest = results.some(({ key, score }) => key === `k${i}` && score === results[0]?.score);
    if (results.info.degraded || !isBest) return false;
  }
  return true;
}
