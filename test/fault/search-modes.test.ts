/** Each mode of search while Qdrant is slow or down, while the provider is, and while both are: in time, and with the documented fallback. */
import { ScyllaDBStore, type SearchMode, type SearchOptions } from "langgraph-store-scylladb";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { inTime } from "../support/in-time.ts";
import { dropCollections, dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";
import { SwitchedEmbeddings } from "../support/switched-embeddings.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const MODES = ["semantic", "keyword", "hybrid"] as const;
const servers = inject("servers");

/** Budgets of a query to Qdrant and of embedding a query. */
const BUDGET_MS = 400;

/** Longer than the budgets, so that no query is answered within them. */
const LATENCY_MS = 2_000;

/** Two budgets, and a machine that is busy. Half of the deadline, the share of the ranking, is twice that. */
const IN_TIME_MS = 15_000;
const DEADLINE_MS = 60_000;

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

beforeAll(async () => {
  network = await TcpProxy.start(target);
  const config = serverConfig(servers, keyspace);
  store = await ScyllaDBStore.connect({
    ...config,
    qdrant: { ...config.qdrant, url: `http://127.0.0.1:${network.port}` },
    index: { dims: 64, embeddings, fields: ["text"] },
    embedding: { cacheBytes: 0 },
    limits: { deadlineMs: DEADLINE_MS, vectorQueryDeadlineMs: BUDGET_MS, queryEmbeddingDeadlineMs: BUDGET_MS, vectorWriteDeadlineMs: 30_000 },
    retry: { maxAttempts: 2, initialDelayMs: 20 },
    // An open circuit answers at once; these tests are about searches that find it closed.
    breaker: { failures: 1_000 },
    reconcile: { tickMs: 3_600_000 },
  });
  await store.put(["a"], "tea", { text: "a pot of green tea", n: 1 });
  await store.put(["b"], "iron", { text: "iron and steel", n: 2 });
  await store.put(["b"], "cook", { text: "cooking green beans", n: 3 });
  await store.put(["c"], "plain", { note: "without text", n: 4 });
});
afterEach(async () => {
  embeddings.down = false;
  embeddings.hangs = false;
  network.heal();
  for (const mode of MODES) {
    await expect.poll(async () => (await search(mode)).info, { timeout: 60_000 }).toMatchObject({ mode, source: "index", degraded: false, reason: null });
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
  readonly begin: () => void | Promise<void>;
  readonly end?: () => Promise<void>;
}

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
  ["Qdrant is slow", "ranking-too-slow", { begin: lateQdrant }],
  ["Qdrant does not answer", "ranking-too-slow", { begin: () => network.impose({ kind: "partition" }) }],
  ["Qdrant is down", "vectors-unavailable", { begin: noQdrant, end: qdrantAgain }],
  ["Qdrant is slow and the provider is down", "ranking-too-slow", { begin: () => (providerDown(), lateQdrant()) }],
  ["Qdrant and the provider are down", "vectors-unavailable", { begin: () => (providerDown(), noQdrant()), end: qdrantAgain }],
  ["Qdrant is down and the provider does not answer", "vectors-unavailable", { begin: () => (providerHangs(), noQdrant()), end: qdrantAgain }],
];

describe.each(MODES)("%s", (mode) => {
  test.each(BY_RECORDS)("while %s, records are ranked by keywords", async (_, reason, { begin, end }) => {
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
    ["is down", providerDown],
    ["does not answer", providerHangs],
  ] as const)("while the provider %s, the index ranks by keywords", async (_, begin) => {
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
