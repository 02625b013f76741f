/** The command `rebucket` while two stores read, write and search. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ScyllaDBStore, type PartitionStatus, type RebucketReport } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { inject, test, type TestContext } from "vitest";
import { cli, cliJson } from "../support/cli.ts";
import { PATIENT_FLAGS } from "../support/patient.ts";
import { dropCollections, dropKeyspace, patientConfig, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const ROOT = ["team"];
const NAMESPACES = [["team", "mia"], ["team", "mia", "notes"], ["team", "ana"]];

interface Model {
  /** Values by namespace and key; null for a deleted item. */
  readonly values: Map<string, { readonly text: string } | null>;
  writes: number;
}

const nameOf = (namespace: readonly string[], key: string): string => `${namespace.join(".")}/${key}`;

async function openStores(keyspace: string, { onTestFinished }: TestContext): Promise<readonly [ScyllaDBStore, ScyllaDBStore]> {
  const open = async (): Promise<ScyllaDBStore> => {
    const embeddings = new HashEmbeddings();
    const store = await ScyllaDBStore.connect({ ...patientConfig(servers, keyspace), index: { dims: embeddings.dims, embeddings, fields: ["text"] } });
    onTestFinished(() => store.stop());
    return store;
  };
  onTestFinished(async () => {
    await dropKeyspace(servers, keyspace);
    await dropCollections(servers, keyspace);
  });
  return [await open(), await open()];
}

function flagsFor(keyspace: string): string[] {
  const { cql } = serverConfig(servers, keyspace);
  const options = {
    "cql.contactPoints": cql.contactPoints?.join(","),
    "cql.localDataCenter": cql.localDataCenter,
    "cql.keyspace": keyspace,
    "cql.credentials.username": servers.cql.credentials?.username,
    "cql.credentials.password": servers.cql.credentials?.password,
    ...PATIENT_FLAGS,
  };
  return Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : ["--set", `${name}=${value}`]));
}

/** Runs a command in a process of its own, and ends it by a signal once its copy has made progress. */
async function interrupted(args: readonly string[], signal: NodeJS.Signals, store: ScyllaDBStore, { expect, onTestFinished }: TestContext): Promise<{ code: number | null; errors: string }> {
  const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, ["--import", path("../support/use-sources.ts"), path("../../src/cli/main.ts"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exited = once(child, "exit");
  const before = (await store.partitions()).change?.progress.records ?? 0;
  const progress = async (): Promise<boolean> => {
    const { change } = await store.partitions();
    return change?.progress.phase === "copy" && change.progress.records > before;
  };
  await expect.poll(progress, { interval: 100 }).toBe(true);
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return { code, errors };
}

/** Searches, listings, counts and reads return exactly the items of the model. */
async function check(store: ScyllaDBStore, { values }: Model, { expect }: TestContext): Promise<void> {
  const live = [...values].filter(([, value]) => value !== null);
  const names = live.map(([name]) => name).toSorted();
  expect(await store.count(ROOT)).toBe(live.length);
  for (const query of [undefined, "note about"]) {
    const found: { readonly namespace: readonly string[]; readonly key: string; readonly value: unknown }[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<ScyllaDBStore["search"]>> = await store.search(ROOT, { limit: 50, ...(query === undefined ? {} : { query }), ...(cursor === null ? {} : { cursor }) });
      expect(page.info.degraded).toBe(false);
      found.push(...page);
      ({ cursor } = page.info);
    } while (cursor !== null);
    expect(found.map(({ namespace, key }) => nameOf(namespace, key)).toSorted(), `query ${String(query)}`).toEqual(names);
    for (const { namespace, key, value } of found) expect(value).toEqual(values.get(nameOf(namespace, key)));
  }
  for (const [name, value] of values) {
    const [path = "", key = ""] = name.split("/");
    expect((await store.get(path.split("."), key))?.value ?? null, name).toEqual(value);
  }
}

// Both at the same time: a change of partitions mostly waits for leases.
test.concurrent("rebucket is killed, interrupted and continued while two stores write, search and list, and loses nothing", async (context) => {
  const { expect } = context;
  const keyspace = uniqueName("rebucket");
  const stores = await openStores(keyspace, context);
  const [store, other] = stores;
  const model: Model = { values: new Map(), writes: 0 };
  for (const namespace of NAMESPACES) {
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
    await store.batch(keys.map((key) => ({ namespace, key, value: { text: `note about ${key}` } })));
    for (const key of keys) model.values.set(nameOf(namespace, key), { text: `note about ${key}` });
  }
  let isOver = false;
  const write = async (by: ScyllaDBStore, first: number): Promise<void> => {
    for (let i = first; !isOver; i += 2) {
      const namespace = NAMESPACES[i % NAMESPACES.length] ?? ROOT;
      // Even keys belong to one store, odd ones to the other.
      const key = `k${(i * 7) % 110}`;
      const value = i % 5 === 0 ? null : { text: `note about ${key}, change ${i}` };
      if (value === null) await by.delete(namespace, key);
      else await by.put(namespace, key, value, undefined, i % 3 === 0 ? { ttl: 60 } : {});
      model.values.set(nameOf(namespace, key), value);
      model.writes += 1;
      // The other store sees it at once; the read also refreshes the TTL.
      expect((await (by === store ? other : store).get(namespace, key, { refreshTtl: true }))?.value ?? null).toEqual(value);
    }
  };
  const search = async (): Promise<void> => {
    while (!isOver) {
      const found = await other.search(ROOT, { query: "note about k8", limit: 10 });
      expect(found).toHaveLength(10);
      expect(found.info.degraded).toBe(false);
      expect(await other.listNamespaces()).toEqual([["team", "ana"], ["team", "mia"], ["team", "mia", "notes"]]);
    }
  };
  const load = Promise.all([write(store, 0), write(other, 1), search()]);
  const flags = flagsFor(keyspace);
  const start = ["rebucket", "start", "team", "--buckets", "4", "--yes"];
  const slow = [...start, "--rate", "40", ...flags];
  const changes = async (): Promise<RebucketReport & { rules: unknown }> => {
    expect(await cliJson(["rebucket", "start", "team", "--buckets", "4", "--dry-run", ...flags])).toMatchObject({ dryRun: true, namespaces: 3 });
    expect((await interrupted(slow, "SIGKILL", store, context)).code).toBeNull();
    expect(await cli(["rebucket", "status", ...flags])).toMatchObject({ code: 1, errors: expect.stringMatching(/Changing team to 4: copy, \d+ records/) as string });
    expect(await cli(["rebucket", "start", "team.mia", "--buckets", "4", "--yes", ...flags])).toMatchObject({ code: 2, errors: expect.stringContaining("team are being changed to 4") as string });
    const stopped = await interrupted(slow, "SIGINT", store, context);
    expect(stopped).toMatchObject({ code: 130, errors: expect.stringContaining("Continue with: scylladb-store rebucket start team --buckets 4") as string });
    return cliJson([...start, ...flags]);
  };
  try {
    const report = (await Promise.race([changes(), load.then(() => null)])) as Awaited<ReturnType<typeof changes>>;
    expect(report).toMatchObject({ buckets: 4, unchanged: false, namespaces: 3, unreadable: 0, rules: [{ namespace: ["team"], buckets: 4 }] });
  } finally {
    isOver = true;
  }
  await load;
  expect(model.writes).toBeGreaterThan(50);
  for (const each of stores) await check(each, model, context);
  expect(await store.repair({ dryRun: true })).toMatchObject({ missing: 0, stale: 0, orphaned: 0, unlisted: 0, unreadable: 0, failed: 0 });
  const status = await cliJson<PartitionStatus>(["rebucket", "status", ...flags]);
  expect(status).toEqual({ rules: [{ namespace: ["team"], buckets: 4 }], change: null });
  expect(await cliJson(["rebucket", "abort", "--yes", ...flags])).toEqual({ aborted: false, dryRun: false });
  expect(await cliJson([...start, ...flags])).toMatchObject({ unchanged: true });
  // A process that is restarted with the new rules, and one with the old ones.
  for (const buckets of [[], [{ namespace: ["team"], buckets: 4 }]]) {
    const config = patientConfig(servers, keyspace);
    const restarted = await ScyllaDBStore.connect({ ...config, cql: { ...config.cql, buckets } });
    expect(await restarted.count(ROOT)).toBe([...model.values.values()].filter((value) => value !== null).length);
    await restarted.stop();
  }
});

test.concurrent("an erasure is rejected while previous partitions are not deleted, and reaches all partitions otherwise", async (context) => {
  const { expect } = context;
  const [store, other] = await openStores(uniqueName("rebucket"), context);
  await store.put(["team", "ana"], "k", { text: "personal note" });
  const stop = new AbortController();
  const changing = store.rebucket({ namespace: ["team"], buckets: 4, signal: stop.signal });
  const isSwitched = (): Promise<boolean | undefined> => other.partitions().then(({ change }) => change?.switched);
  const ended = expect(changing).rejects.toThrow();
  await expect.poll(isSwitched, { interval: 50 }).toBe(true);
  stop.abort();
  await ended;
  await expect(other.erase({ prefix: ["team"] })).rejects.toMatchObject({ code: "CONFIGURATION", message: expect.stringContaining("previous partitions of team") as string });
  await store.rebucket({ namespace: ["team"], buckets: 4 });
  expect(await other.erase({ prefix: ["team"] })).toMatchObject({ complete: true, erased: { items: 1 } });
});
