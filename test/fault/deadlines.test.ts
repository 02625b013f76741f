/** Time budgets and cancellation: the cost of a completed call, and of a slow or frozen service. */
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { startQdrant, type LocalQdrant } from "../servers/qdrant.ts";
import { atOnce } from "../support/statements.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { PATIENT } from "../support/patient.ts";
import { dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const [host = "127.0.0.1", cqlPort = "9042"] = (servers.cql.contactPoints[0] ?? "").split(":");

const QUIET = { reconcile: { tickMs: 3_600_000 }, ttl: { sweepIntervalMinutes: 60 } } as const;

/** A provider that can delay queries, and can fail after a number of texts. */
class HeldQueries extends HashEmbeddings {
  texts = 0;
  failures = 0;
  #most = Infinity;
  #held = Promise.withResolvers<void>();

  constructor(options: { readonly dims: number }) {
    super(options);
    this.#held.resolve();
  }

  hold(): void {
    this.#held = Promise.withResolvers();
  }

  release(): void {
    this.#held.resolve();
  }

  /** Fails after this number of further texts. */
  failAfter(texts: number): void {
    this.#most = this.texts + texts;
  }

  override async embedQuery(text: string): Promise<number[]> {
    await this.#held.promise;
    return super.embedQuery(text);
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    if (this.texts + texts.length > this.#most) {
      this.failures += 1;
      throw new Error("the provider is down");
    }
    this.texts += texts.length;
    return super.embedDocuments(texts);
  }
}

/** Returns the quantile of the numbers. */
function quantile(numbers: readonly number[], share: number): number {
  return [...numbers].sort((a, b) => a - b)[Math.ceil(share * numbers.length) - 1] ?? 0;
}

/** Returns the durations of sequential searches in milliseconds. */
async function timesOf(count: number, search: (i: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const startedAt = performance.now();
    await search(i);
    times.push(performance.now() - startedAt);
  }
  return times;
}

describe("while CQL answers 2 s late", () => {
  // Almost twice the latency: one request meets the deadline, also on a busy machine, and two do not.
  const LATENCY_MS = 2_000;
  const DEADLINE_MS = 3_900;
  const SLOTS = 32;
  const ITEMS = 300;
  const keyspace = uniqueName("late");
  let network: TcpProxy;
  let config: ScyllaDBStoreConfig;
  let store: ScyllaDBStore;
  const through = ({ port }: TcpProxy, name: string): ScyllaDBStoreConfig => ({
    ...QUIET,
    cql: { ...serverConfig(servers, name).cql, contactPoints: [`127.0.0.1:${port}`], port },
    limits: { deadlineMs: DEADLINE_MS, maxConcurrentSearches: SLOTS, maxQueuedSearches: SLOTS },
    retry: { maxAttempts: 1 },
    // A database slower than the deadline opens the circuit, which these tests need closed.
    breaker: { failures: 1_000 },
  });

  beforeAll(async () => {
    network = await TcpProxy.start({ host, port: Number(cqlPort) });
    config = through(network, keyspace);
    store = await ScyllaDBStore.connect(config);
    // Several pages of a listing.
    const items = Array.from({ length: ITEMS }, (_, i) => ({ namespace: ["many"], key: `k${i}`, value: { n: i } }));
    await store.batch(items);
    // Fits into one request, as no earlier read is slow by a stopped clock.
    const few = ["few1", "few2"].flatMap((name) => ["a", "b", "c"].map((key) => ({ namespace: [name], key, value: {} })));
    await store.batch(few);
    for (const namespace of ["many", "few1", "few2"]) await atOnce(() => store.search([namespace], { limit: 1 }));
  });
  afterEach(() => network.heal());
  afterAll(async () => {
    await store.stop();
    await network.stop();
    await dropKeyspace(servers, keyspace);
  });

  const records = () => store.stats().services.records;
  const filtered = (signal?: AbortSignal) =>
    store.search(["many"], { filter: { n: -1 }, ...(signal === undefined ? {} : { signal }) }).then(
      () => "answered",
      (error: unknown) => (error as { code?: string }).code,
    );

  /** Expects that completed searches occupy no slot, no call and no pending request. */
  async function expectReleased(few: string): Promise<void> {
    const { calls } = records();
    // Long before a request that is not aborted would be answered.
    await expect.poll(records, { timeout: LATENCY_MS / 2, interval: 20 }).toMatchObject({ inFlight: 0, waiting: 0 });
    // A request of 2 s meets its deadline only if it does not wait for a slot.
    expect(await store.search([few], { limit: 1 })).toHaveLength(1);
    await expect.poll(() => store.stats().nodes.reduce((sum, { inFlight }) => sum + inFlight, 0)).toBe(0);
    expect(records().calls - calls).toBeLessThanOrEqual(2);
  }

  test("timed-out searches release their slots and send no further request", async () => {
    network.impose({ kind: "latency", ms: LATENCY_MS });
    const ended = await Promise.all(Array.from({ length: SLOTS }, () => filtered()));
    expect(ended).toEqual(Array.from({ length: SLOTS }, () => "TIMEOUT"));
    await expectReleased("few1");
  });

  test("aborted searches release their slots at once and send no further request", async () => {
    network.impose({ kind: "latency", ms: LATENCY_MS });
    const controller = new AbortController();
    const searches = Array.from({ length: SLOTS }, () => filtered(controller.signal));
    const waiting = filtered(controller.signal);
    await expect.poll(() => records().inFlight).toBe(SLOTS);
    controller.abort();
    expect(new Set(await Promise.all([...searches, waiting]))).toEqual(new Set(["ABORTED"]));
    await expectReleased("few2");
  });

  test("a repair completes although reads have a deadline of 300 ms", async () => {
    await store.reload({ ...config, limits: { ...config.limits, deadlineMs: 300 } });
    network.impose({ kind: "latency", ms: 350 });
    await expect(store.search(["many"], { limit: 1 })).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(await store.repair()).toMatchObject({ examined: ITEMS + 6, unlisted: 0, failed: 0 });
  });
});

describe("while Qdrant or the provider fails", () => {
  const SEARCHES = 30;
  /** Default of `limits.vectorQueryDeadlineMs`. */
  const VECTOR_QUERY_MS = 1_000;
  const keyspace = uniqueName("frozen");
  const embeddings = new HeldQueries({ dims: 64 });
  let qdrant: LocalQdrant;
  let store: ScyllaDBStore;
  let opened: string[];

  beforeAll(async () => {
    qdrant = await startQdrant();
  });
  afterAll(async () => {
    await qdrant.stop();
    await dropKeyspace(servers, keyspace);
  });
  afterEach(async () => {
    embeddings.release();
    await store.stop();
  });

  async function connect(options: Partial<ScyllaDBStoreConfig> = {}): Promise<void> {
    store = await ScyllaDBStore.connect({
      ...serverConfig(servers, keyspace),
      ...QUIET,
      qdrant: { url: qdrant.url },
      index: { dims: 64, embeddings, fields: ["text"] },
      ...options,
    });
    opened = [];
    store.on("breaker-opened", ({ service }) => opened.push(service));
    await store.put(["a"], "tea", { text: "a pot of green tea" });
    await expect.poll(async () => (await store.search(["a"], { query: "green" })).info.mode).toBe("semantic");
  }

  /** Returns the longest time for an answer after a budget: on a busy machine, more by many times what a search takes now, without a fault. */
  async function longestAnswerMs(budgetMs: number): Promise<number> {
    const times = await timesOf(10, (i) => store.search(["a"], { query: `ready ${i}` }));
    return budgetMs + 1_500 + 20 * quantile(times, 0.5);
  }

  const search = async (i: number) => {
    const { info } = await store.search(["a"], { query: `green ${i}` });
    expect(info).toMatchObject({ mode: "keyword", degraded: true });
  };

  test.each([
    ["frozen", () => qdrant.pause(), async () => qdrant.resume()],
    ["killed", () => qdrant.kill(), () => qdrant.restart({ data: "keep" })],
  ] as const)("%s: each search is answered by keywords once the query's budget is spent, from the first on", async (how, begin, end) => {
    await connect();
    const mostMs = await longestAnswerMs(VECTOR_QUERY_MS);
    await begin();
    try {
      const times = await timesOf(SEARCHES, search);
      console.log(`Qdrant ${how}: p50 ${Math.round(quantile(times, 0.5))} ms, p99 ${Math.round(quantile(times, 0.99))} ms, first ${Math.round(times[0] ?? 0)} ms`);
      expect(quantile(times, 0.99)).toBeLessThan(mostMs);
      expect(opened).toContain("vectors");
    } finally {
      await end();
    }
    await expect.poll(async () => (await store.search(["a"], { query: "green" })).info.mode).toBe("semantic");
  });

  test("an aborted search does not count as a failure of a frozen Qdrant, and leaves no request in flight", async () => {
    await connect({ limits: PATIENT, breaker: { failures: 2 } });
    await qdrant.pause();
    try {
      for (let i = 0; i < 10; i += 1) {
        const controller = new AbortController();
        const aborted = store.search(["a"], { query: `green ${i}`, signal: controller.signal });
        await expect.poll(() => store.stats().services.vectors.inFlight).toBe(1);
        controller.abort();
        await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
        expect(store.stats().services.vectors.inFlight).toBe(0);
      }
      expect(opened).toEqual([]);
      expect(store.stats().search.degraded).toEqual({});
    } finally {
      qdrant.resume();
    }
  });

  test("a provider that does not answer costs a search its embedding budget and opens the circuit", async () => {
    const budgetMs = 1_000;
    await connect({ limits: { queryEmbeddingDeadlineMs: budgetMs, vectorQueryDeadlineMs: 60_000 }, breaker: { failures: 3 } });
    const mostMs = await longestAnswerMs(budgetMs);
    embeddings.hold();
    const times = await timesOf(10, search);
    expect(quantile(times, 0.99)).toBeLessThan(mostMs);
    expect(opened).toEqual(["embeddings"]);
    // An open circuit causes no wait.
    expect(Math.min(...times)).toBeLessThan(budgetMs);
  });

  test("the rebuild of a lost collection completes although reads have 300 ms and CQL is slow, and resumes after a failure", async () => {
    const network = await TcpProxy.start({ host, port: Number(cqlPort) });
    try {
      const { cql } = serverConfig(servers, keyspace);
      await connect({
        cql: { ...cql, contactPoints: [`127.0.0.1:${network.port}`], port: network.port },
        embedding: { cacheBytes: 0 },
        limits: { deadlineMs: 300, writeDeadlineMs: 30_000 },
        retry: { maxAttempts: 1 },
        // Searches that miss their deadline do not interrupt the rebuild.
        breaker: { failures: 1_000 },
      });
      const texts = Array.from({ length: 600 }, (_, i) => ({ namespace: ["many"], key: `k${i}`, value: { text: `text ${i}` } }));
      await store.batch(texts);
      const events: string[] = [];
      for (const type of ["vectors-lost", "vectors-restored"] as const) store.on(type, () => events.push(type));
      network.impose({ kind: "latency", ms: 320 });
      embeddings.failAfter(300);
      const before = embeddings.texts;
      await qdrant.restart({ data: "lose" });
      // One that meets its deadline notices the loss.
      const failuresAfterSearch = async (): Promise<number> => {
        await store.search(["many"], { query: "text" }).catch(() => undefined);
        return embeddings.failures;
      };
      await expect.poll(failuresAfterSearch, { timeout: 280_000 }).toBeGreaterThan(0);
      embeddings.failAfter(Infinity);
      await expect.poll(() => events, { timeout: 280_000 }).toEqual(["vectors-lost", "vectors-restored"]);
      // Only one page is embedded again, not the earlier ones.
      expect(embeddings.texts - before).toBeLessThan(1 + 600 + 256);
      network.heal();
      expect((await store.health()).vectors).toMatchObject({ status: "up", complete: true });
    } finally {
      await network.stop();
    }
  });
});
