import { expect, inject, test, type TestContext } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { AbortError, ValidationError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import type { RebucketOptions, RebucketReport } from "../../src/ports/partitions.ts";
import type { ItemRecord } from "../../src/model/item.ts";
import { listAll, plain, putAll, recordOf } from "../../src/testing/records.ts";
import { checkListings, checkReads, checkScan, RecordWriter } from "../support/record-writer.ts";
import { dropKeyspace, uniqueName, withCql } from "../support/stores.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const servers = inject("servers");

/** Short, because each change waits for four leases. */
const LEASE_MS = 400;

/** Namespaces whose partitions change, and one whose partitions do not. */
const CHANGED = ["load.a", "load.b", "load.b.below"];
const NAMESPACES = [...CHANGED, "other"];

/** Opens backends of different processes on one keyspace. */
async function openBackends({ onTestFinished }: TestContext, count: number, keyspace: string): Promise<readonly CqlBackend[]> {
  const backends: CqlBackend[] = [];
  for (let i = 0; i < count; i += 1) {
    const backend = new CqlBackend({ ...servers.cql, keyspace }, { setup: "auto", logger: silentLogger, leaseMs: LEASE_MS });
    onTestFinished(() => backend.stop());
    await backend.start();
    backends.push(backend);
  }
  return backends;
}

function newKeyspace({ onTestFinished }: TestContext): string {
  const keyspace = uniqueName("test");
  onTestFinished(() => dropKeyspace(servers, keyspace));
  return keyspace;
}

/** The buckets of each namespace that hold rows. */
async function usedBuckets(keyspace: string): Promise<Record<string, number[]>> {
  return withCql(servers, async (client) => {
    const used = new Map<string, number[]>();
    for (const table of ["items", "items_by_creation"]) {
      const { rows } = await client.execute(`SELECT DISTINCT namespace, bucket FROM "${keyspace}".${table}`);
      for (const row of rows) used.set(row["namespace"] as string, [...new Set([...(used.get(row["namespace"] as string) ?? []), row["bucket"] as number])].sort((a, b) => a - b));
    }
    return Object.fromEntries(used);
  });
}

/** Runs a change, interrupts it at every phase, and continues it in another process each time. */
async function rebucketWithInterruptions(context: TestContext, keyspace: string, options: Pick<RebucketOptions, "namespace" | "buckets">): Promise<RebucketReport> {
  for (const phase of ["count", "copy", "copy", "verify"]) {
    const [backend] = await openBackends(context, 1, keyspace);
    const stopped = new AbortController();
    let pages = 0;
    const onProgress: RebucketOptions["onProgress"] = (progress) => {
      pages += progress.phase === phase ? 1 : 0;
      if (pages === 3) stopped.abort(new AbortError("Interrupted by the test."));
    };
    const running = backend?.partitions.rebucket({ ...options, recordsPerSecond: 1_500, onProgress, signal: stopped.signal });
    await expect(running, phase).rejects.toThrow(/abort|Interrupted/i);
    expect((await backend?.partitions.status())?.change, phase).toMatchObject({ ...options, switched: false });
    await backend?.stop();
  }
  const [backend] = await openBackends(context, 1, keyspace);
  return (await backend?.partitions.rebucket(options)) as RebucketReport;
}

// All at the same time: a change of partitions mostly waits for leases.
test.concurrent("each record is read, listed and scanned once while processes write and the partitions grow and shrink", async (context) => {
  const keyspace = newKeyspace(context);
  const [first, second, third] = (await openBackends(context, 3, keyspace)) as [CqlBackend, CqlBackend, CqlBackend];
  const others = [first.items, second.items, third.items];
  const writers = [first, second].map(({ items }, i) => new RecordWriter(items, others, { namespaces: NAMESPACES, name: `writer-${i}`, keys: 150 }));
  await Promise.all(writers.map((writer) => writer.fill()));

  let isOver = false;
  const until = async (work: () => Promise<unknown>): Promise<void> => {
    while (!isOver) await work();
  };
  const load = Promise.all([
    ...writers.flatMap((writer) => [until(() => writer.step())]),
    until(() => checkListings(third.items, writers, NAMESPACES)),
    until(() => checkScan(second.items, writers)),
  ]);
  // A failure of the load ends the test at once.
  const changes = async (): Promise<void> => {
    for (const buckets of [4, 1, 3]) {
      const report = await rebucketWithInterruptions(context, keyspace, { namespace: ["load"], buckets });
      expect(report).toMatchObject({ namespace: ["load"], buckets, dryRun: false, unchanged: false, namespaces: CHANGED.length, repaired: 0, unreadable: 0 });
      expect(report.records).toBeGreaterThan(3 * 2 * 100);
    }
  };
  try {
    await Promise.race([changes(), load]);
  } finally {
    isOver = true;
  }
  await load;
  for (const writer of writers) expect(writer.writes).toBeGreaterThan(50);

  for (const items of others) {
    await checkReads(items, writers);
    await checkListings(items, writers, NAMESPACES);
    await checkScan(items, writers);
  }
  // A new process as well.
  const [later] = (await openBackends(context, 1, keyspace)) as [CqlBackend];
  await checkReads(later.items, writers);
  expect(await later.partitions.status()).toEqual({ rules: [{ namespace: ["load"], buckets: 3 }], change: null });
  const used = await usedBuckets(keyspace);
  expect(used["other"]).toEqual([0]);
  for (const namespace of CHANGED) expect(used[namespace], namespace).toEqual([261, 262, 263]);
});

test.concurrent("a scan that began before a change returns each record once, even if it ends after the previous partitions are deleted", async (context) => {
  const keyspace = newKeyspace(context);
  const [first, second] = (await openBackends(context, 2, keyspace)) as [CqlBackend, CqlBackend];
  const writer = new RecordWriter(first.items, [second.items], { namespaces: [...CHANGED, "other", ...Array.from({ length: 20 }, (_, i) => `load.n${i}`)], name: "w", keys: 12 });
  await writer.fill();
  let pages = 0;
  await checkScan(first.items, [writer], async () => {
    pages += 1;
    if (pages === 2) await second.partitions.rebucket({ namespace: ["load"], buckets: 5 });
    if (pages === 5) await second.partitions.rebucket({ namespace: [], buckets: 2 });
  });
  expect(pages).toBeGreaterThan(5);
});

test.concurrent("calls that are in flight during an entire change, as of a frozen process, miss no record and lose no write", async (context) => {
  const keyspace = newKeyspace(context);
  const [host = "", port = ""] = servers.cql.contactPoints[0]?.split(":") ?? [];
  const proxy = await TcpProxy.start({ host, port: Number(port) });
  context.onTestFinished(() => proxy.stop());
  const [other] = (await openBackends(context, 1, keyspace)) as [CqlBackend];
  const options = { ...servers.cql, contactPoints: [`127.0.0.1:${proxy.port}`], keyspace, requestTimeoutMs: 90_000 };
  const frozen = new CqlBackend(options, { setup: "never", logger: silentLogger, leaseMs: LEASE_MS });
  context.onTestFinished(() => frozen.stop());
  await frozen.start();
  const [kept, updated, deleted, created] = ["kept", "updated", "deleted", "created"].map((key) => recordOf("load.a", key)) as [ItemRecord, ItemRecord, ItemRecord, ItemRecord];
  await putAll(frozen.items, [kept, updated, deleted]);
  const update = recordOf("load.a", "updated", { created: updated.created, value: { key: "updated", again: true } });
  const marker = recordOf("load.a", "deleted", { created: deleted.created, value: null });
  const readAll = () => Promise.all([frozen.items.get([kept]), frozen.items.get([kept, kept]), frozen.items.list({ namespace: "load.a", order: "oldest", after: null, limit: 10 })]);
  // The driver prepares a statement within a limit of its own, which is shorter than the change may take.
  await readAll();
  await putAll(frozen.items, [recordOf("load.a", "prepared", { value: null })]);

  // The registration of the namespace is known, so that each write sends its record at once.
  proxy.impose({ kind: "partition" });
  const reads = readAll();
  const writes = putAll(frozen.items, [update, marker, created]);
  await other.partitions.rebucket({ namespace: ["load"], buckets: 3 });
  proxy.heal();
  const [one, two, listed] = await reads;
  expect(one.map(plain)).toEqual([plain(kept)]);
  expect(two.map(plain)).toEqual([plain(kept), plain(kept)]);
  expect(listed.records.map(({ key }) => key)).toContain("kept");
  await writes;
  for (const { items } of [other, frozen]) {
    expect((await items.get([kept, update, marker, created])).map(plain)).toEqual([kept, update, marker, created].map(plain));
    expect((await listAll(items, "load.a")).map(({ key }) => key).toSorted()).toEqual(["created", "kept", "updated"]);
  }
  expect((await usedBuckets(keyspace))["load.a"]?.every((bucket) => bucket >= 256)).toBe(true);
});

test.concurrent("an aborted change leaves the records where they are, and nothing in the new partitions", async (context) => {
  const keyspace = newKeyspace(context);
  const [first, second] = (await openBackends(context, 2, keyspace)) as [CqlBackend, CqlBackend];
  const writer = new RecordWriter(first.items, [second.items], { namespaces: NAMESPACES, name: "w", keys: 50 });
  await writer.fill();
  expect(await second.partitions.abort()).toBe(false);
  const stopped = new AbortController();
  const onProgress: RebucketOptions["onProgress"] = ({ phase }) => (phase === "verify" ? stopped.abort(new AbortError("Interrupted by the test.")) : undefined);
  await expect(second.partitions.rebucket({ namespace: ["load"], buckets: 4, onProgress, signal: stopped.signal })).rejects.toThrow(/abort|Interrupted/i);
  for (let i = 0; i < 20; i += 1) await writer.step();
  await expect(second.partitions.rebucket({ namespace: ["load"], buckets: 5 })).rejects.toThrow(ValidationError);
  await expect(second.partitions.rebucket({ namespace: ["other"], buckets: 4 })).rejects.toThrow(/load are being changed to 4/);
  expect(await second.partitions.abort()).toBe(true);
  for (let i = 0; i < 20; i += 1) await writer.step();
  expect(await first.partitions.status()).toEqual({ rules: [], change: null });
  await checkReads(second.items, [writer]);
  await checkScan(second.items, [writer]);
  for (const buckets of Object.values(await usedBuckets(keyspace))) expect(buckets).toEqual([0]);
  // The number of the aborted buckets is not used again.
  await second.partitions.rebucket({ namespace: ["load"], buckets: 2 });
  await checkReads(first.items, [writer]);
  expect((await usedBuckets(keyspace))["load.a"]).toEqual([260, 261]);
});

test.concurrent("a dry run counts and changes nothing, and a change to the same number does nothing", async (context) => {
  const keyspace = newKeyspace(context);
  const [backend] = (await openBackends(context, 1, keyspace)) as [CqlBackend];
  const writer = new RecordWriter(backend.items, [backend.items], { namespaces: NAMESPACES, name: "w", keys: 30 });
  await writer.fill();
  const dry = await backend.partitions.rebucket({ namespace: ["load", "b"], buckets: 4, dryRun: true });
  expect(dry).toMatchObject({ dryRun: true, unchanged: false, namespaces: 2, records: 60 });
  expect(await backend.partitions.status()).toEqual({ rules: [], change: null });
  expect(await backend.partitions.rebucket({ namespace: [], buckets: 1 })).toMatchObject({ unchanged: true, records: 0 });
  await expect(backend.partitions.rebucket({ namespace: ["load"], buckets: 0 })).rejects.toThrow(ValidationError);
  await expect(backend.partitions.rebucket({ namespace: ["load"], buckets: 2, recordsPerSecond: 0 })).rejects.toThrow(ValidationError);
});

test.concurrent("two processes that run the same change complete it once", async (context) => {
  const keyspace = newKeyspace(context);
  const [first, second] = (await openBackends(context, 2, keyspace)) as [CqlBackend, CqlBackend];
  const writer = new RecordWriter(first.items, [second.items], { namespaces: NAMESPACES, name: "w", keys: 60 });
  await writer.fill();
  const reports = await Promise.all([first, second].map(({ partitions }) => partitions.rebucket({ namespace: ["load", "*"], buckets: 3 })));
  for (const report of reports) expect(report).toMatchObject({ buckets: 3, unreadable: 0 });
  await checkReads(second.items, [writer]);
  const used = await usedBuckets(keyspace);
  for (const namespace of CHANGED) expect(used[namespace]).toEqual([256, 257, 258]);
});

test.concurrent("an abort ends a change that another process is running, and it does not begin again", async (context) => {
  const keyspace = newKeyspace(context);
  const [first, second] = (await openBackends(context, 2, keyspace)) as [CqlBackend, CqlBackend];
  const writer = new RecordWriter(first.items, [second.items], { namespaces: NAMESPACES, name: "w", keys: 60 });
  await writer.fill();
  const aborted: Promise<boolean>[] = [];
  const onProgress: RebucketOptions["onProgress"] = ({ phase }) => {
    if (phase === "copy" && aborted.length === 0) aborted.push(second.partitions.abort());
  };
  await expect(first.partitions.rebucket({ namespace: ["load"], buckets: 4, recordsPerSecond: 100, onProgress })).rejects.toThrow(/aborted by another process/);
  expect(await Promise.all(aborted)).toEqual([true]);
  expect(await second.partitions.status()).toEqual({ rules: [], change: null });
  await checkReads(second.items, [writer]);
  for (const buckets of Object.values(await usedBuckets(keyspace))) expect(buckets).toEqual([0]);
});
