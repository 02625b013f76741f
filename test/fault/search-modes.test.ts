/** Each mode of search while Qdrant is slow or down, while the provider is, and while both are: in time, and with the documented fallback. */
import { ScyllaDBStore, type ScyllaDBStoreConfig, type SearchMode, type SearchOptions } from "langgraph-store-scylladb";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { inTime } from "../support/in-time.ts";
import { PATIENT } from "../support/patient.ts";
import { dropCollections, dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";
import { SwitchedEmbeddings } from "../support/switched-embeddings.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const MODES = ["semantic", "keyword", "hybrid"] as const;
const servers = inject("servers");

/** Budget of a service that answers late or not at all. All others have {@link PATIENT} budgets, which a busy machine does not spend. */
const BUDGET_MS = 400;

/** Longer than the budget, so that no query is answered within it. */
const LATENCY_MS = 2_000;

/** Two budgets, and a machine that is busy; a quarter of the budgets of the other services. */
const IN_TIME_MS = 15_000;

/** A provider that can also keep its callers waiting. */
class HangingEmbeddings extends SwitchedEmbeddings {
  hangs = false;

  override async embedQuery(text: string): Promise<number[]> {
    if (this.hangs) await new Promise(() => undefined);
    return super.embedQuery(text);
  }
}

const keyspace = uniqueName("modes_down");
const embeddings = new HangingEmbeddings({ dims: 64 });
const qdrantAt = new URL(servers.qdrant.url);
const target = { host: qdrantAt.hostname, port: Number(qdrantAt.port) };
let network: TcpProxy;
let store: ScyllaDBStore;
let queries = 0;

const config = (budgets: ScyllaDBStoreConfig["limits"] = {}): ScyllaDBStoreConfig => {
  const { cql, qdrant } = serverConfig(servers, keyspace);
  return {
    cql,
    qdrant: { ...qdrant, url: `http://127.0.0.1:${network.port}` },
    index: { dims: 64, embeddings, fields: ["text"] },
    embedding: { cacheBytes: 0 },
    limits: { ...PATIENT, ...budgets },
    retry: { maxAttempts: 2, initialDelayMs: 20 },
    // An open circuit answers at once; these tests are about searches that find it closed.
    breaker: { failures: 1_000 },
    reconcile: { tickMs: 3_600_000 },
  };
};

beforeAll(async () => {
  network = await TcpProxy.start(target);
  store = await ScyllaDBStore.connect(config());
  await store.put(["a"], "tea", { text: "a pot of green tea", n: 1 });
  await store.put(["b"], "iron", { text: "iron and steel", n: 2 });
  await store.put(["b"], "cook", { text: "cooking green beans", n: 3 });
  await store.put(["c"], "plain", { note: "without text", n: 4 });
});
afterEach(async () => {
  embeddings.down = false;
  embeddings.hangs = false;
  network.heal();
  await store.reload(config());
  for (const mode of MODES) {
    await expect.poll(async () => (await search(mode)).info).toMatchObject({ mode, source: "index", degraded: false, reason: null });
  }
});
afterAll(async () => {
  await store.stop();
  await network.stop();
  await dropKeyspace(servers, keyspace);
  await dropCollections(servers, keyspace);
});

const keysOf = (results: readonly { key: string }[]): string[] => results.map(({ key }) => key);

/** Searches for words of two items; each query is another text, so that none is shared or cached. */
const search = (mode: SearchMode, more: SearchOptions = {}) => {
  queries += 1;
  return inTime(IN_TIME_MS, () => store.search([], { query: `cook something green ${queries}`, mode, ...more }));
};

interface Fault {
  /** Budgets of the services that keep a search waiting. */
  readonly budgets?: ScyllaDBStoreConfig["limits"];
  readonly begin: () => void | Promise<void>;
  readonly end?: () => Promise<void>;
}

const shortQuery = { vectorQueryDeadlineMs: BUDGET_MS };
const shortEmbedding = { queryEmbeddingDeadlineMs: BUDGET_MS };

const lateQdrant = (): void => network.impose({ kind: "latency", ms: LATENCY_MS });
const providerDown = (): void => {
  embeddings.down = true;
};
const providerHangs = (): void => {
  embeddings.hangs = true;
};
const noQdrant = (): Promise<void> => network.stop();
const qdrantAgain = async (): Promise<void> => {
  network = await TcpProxy.start(target, network.port);
};

const BY_RECORDS: readonly (readonly [string, string, Fault])[] = [
  ["Qdrant is slow", "ranking-too-slow", { budgets: shortQuery, begin: lateQdrant }],
  ["Qdrant does not answer", "ranking-too-slow", { budgets: shortQuery, begin: () => network.impose({ kind: "partition" }) }],
  ["Qdrant is down", "vectors-unavailable", { begin: noQdrant, end: qdrantAgain }],
  ["Qdrant is slow and the provider is down", "ranking-too-slow", { budgets: shortQuery, begin: () => (providerDown(), lateQdrant()) }],
  ["Qdrant and the provider are down", "vectors-unavailable", { begin: () => (providerDown(), noQdrant()), end: qdrantAgain }],
  ["Qdrant is down and the provider does not answer", "vectors-unavailable", { budgets: shortEmbedding, begin: () => (providerHangs(), noQdrant()), end: qdrantAgain }],
];

describe.each(MODES)("%s", (mode) => {
  test.each(BY_RECORDS)("while %s, records are ranked by keywords", async (_, reason, { budgets, begin, end }) => {
    await store.reload(config(budgets));
    await begin();
    try {
      const results = await search(mode);
      expect(results.info).toMatchObject({ mode: "keyword", source: "records", degraded: true, reason, truncated: false });
      expect(keysOf(results).slice(0, 2)).toEqual(["cook", "tea"]);
      // Similarity would rank every item; a keyword search finds items with a word of the query, and those that are not indexed.
      expect(keysOf(results).slice(2)).toEqual(mode === "keyword" ? ["plain"] : ["iron", "plain"]);
      expect(results.every(({ score }) => score === undefined)).toBe(true);
      expect(keysOf(await search(mode, { filter: { n: { $lt: 3 } } }))[0]).toBe("tea");
      const pages: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const page = await store.search([], { query: "cook something green", mode, limit: 1, cursor });
        pages.push(...keysOf(page));
        ({ cursor } = page.info);
        if (cursor === null) break;
      }
      expect(pages).toEqual(keysOf(results));
    } finally {
      await end?.();
    }
  });

  test.each([
    ["is down", {}, providerDown],
    ["does not answer", shortEmbedding, providerHangs],
  ] as const)("while the provider %s, the index ranks by keywords", async (_, budgets, begin) => {
    await store.reload(config(budgets));
    begin();
    const results = await search(mode);
    // A keyword search needs no provider.
    const state = mode === "keyword" ? { degraded: false, reason: null } : { degraded: true, reason: "embedding-failed" };
    expect(results.info).toMatchObject({ mode: "keyword", source: "index", ...state });
    expect(keysOf(results).slice(0, 2)).toEqual(["cook", "tea"]);
    expect(keysOf(results).slice(2).sort()).toEqual(mode === "keyword" ? ["plain"] : ["iron", "plain"]);
    expect(results[0]?.score === undefined).toBe(mode !== "keyword");
  });
});
