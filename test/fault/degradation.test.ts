/** Degraded searches: they answer in time, report the reason, and recover automatically. */
import { ScyllaDBStore, type Logger, type SearchOptions } from "langgraph-store-scylladb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { startQdrant, type LocalQdrant } from "../servers/qdrant.ts";
import { dropKeyspace, serverConfig, uniqueName } from "../support/stores.ts";
import { SwitchedEmbeddings } from "../support/switched-embeddings.ts";
import { inTime } from "../support/in-time.ts";

const servers = inject("servers");
const DEADLINE_MS = 4_000;

/** Records log lines. */
class Lines implements Logger {
  readonly said: string[] = [];
  debug(): void {}
  info(_fields: unknown, message: string): void {
    this.said.push(`info ${message}`);
  }
  warn(_fields: unknown, message: string): void {
    this.said.push(`warn ${message}`);
  }
  error(_fields: unknown, message: string): void {
    this.said.push(`error ${message}`);
  }
}

describe("on CQL and Qdrant", () => {
  let qdrant: LocalQdrant;
  let store: ScyllaDBStore;
  let lines: Lines;
  const embeddings = new SwitchedEmbeddings({ dims: 64 });
  const keyspace = uniqueName("degraded");

  beforeAll(async () => {
    qdrant = await startQdrant();
  });
  afterAll(async () => {
    await qdrant.stop();
    await dropKeyspace(servers, keyspace);
  });

  beforeEach(async () => {
    embeddings.down = false;
    lines = new Lines();
    store = await connect();
  });
  const connect = (): Promise<ScyllaDBStore> =>
    ScyllaDBStore.connect({
      ...serverConfig(servers, keyspace),
      qdrant: { url: qdrant.url },
      index: { dims: 64, embeddings, fields: ["text"] },
      limits: { deadlineMs: DEADLINE_MS },
      retry: { maxAttempts: 2, initialDelayMs: 50 },
      breaker: { failures: 3, halfOpenAfterMs: 200 },
      logger: lines,
    });
  afterEach(() => store.stop());

  const fill = async (root: string): Promise<void> => {
    await store.put([root, "a"], "tea", { text: "a pot of green tea", n: 1 });
    await store.put([root, "b"], "iron", { text: "iron and steel", n: 2 });
    await store.put([root, "b"], "cook", { text: "cooking green beans", n: 3 });
    await store.put([root, "c"], "plain", { note: "without text", n: 4 });
  };
  const ask = async (root: string, more: SearchOptions = {}) => {
    return inTime(2 * DEADLINE_MS, () => store.search([root], { query: "cook something green", ...more }));
  };
  const keys = (results: readonly { key: string }[]): string[] => results.map(({ key }) => key);
  const recovered = (root: string) =>
    expect.poll(async () => (await ask(root)).info).toMatchObject({ mode: "semantic", degraded: false, reason: null });

  const isRanked = (each: ScyllaDBStore, root: string) =>
    expect
      .poll(async () => {
        const results = await each.search([root], { query: "cook something green" });
        return [results.info.mode, results.length, results.filter(({ score }) => score !== undefined).length];
      })
      .toEqual(["semantic", 4, 3]);

  test("a search ranks by keywords, with filter and paging, while Qdrant is down, and recovers automatically", async () => {
    const root = uniqueName("killed");
    await fill(root);
    expect((await ask(root)).info).toMatchObject({ mode: "semantic", degraded: false, reason: null });
    await qdrant.kill();
    const results = await ask(root);
    expect(keys(results)).toEqual(["cook", "tea", "iron", "plain"]);
    expect(results.info).toMatchObject({ mode: "keyword", degraded: true, reason: "vectors-unavailable", truncated: false });
    expect(results.every(({ score }) => score === undefined)).toBe(true);
    expect(keys(await ask(root, { filter: { n: { $lt: 3 } } }))).toEqual(["tea", "iron"]);
    expect(keys(await ask(root, { minScore: 0.1 }))).toEqual(["cook", "tea"]);
    const page = await ask(root, { limit: 3 });
    await qdrant.restart({ data: "keep" });
    const next = await ask(root, { limit: 3, cursor: page.info.cursor });
    expect([...keys(page), ...keys(next)]).toEqual(["cook", "tea", "iron", "plain"]);
    expect(next.info).toMatchObject({ mode: "keyword", degraded: true, reason: "continues-degraded", cursor: null });
    await recovered(root);
    expect(lines.said.filter((line) => line.includes("searches"))).toEqual([
      "warn searches are degraded: ranked by keywords instead of similarity",
      "info searches are ranked by similarity again",
    ]);
  });

  const RANKING: SearchOptions = {
    decay: { halfLifeDays: 30 },
    boost: { field: "n", weight: 1 },
    rerank: (_, items) => items.map(() => 1),
    diversity: { lambda: 0.5 },
    explain: true,
  };
  const UNSCORED = ["decay", "boost", "rerank", "diversity"].map((step) => ({ step, reason: "unscored", cause: null }));

  test("each mode with all steps of ranking ranks by keywords and reports the skipped steps while Qdrant is down or frozen, and recovers", async () => {
    const root = uniqueName("steps");
    await fill(root);
    const modes = ["semantic", "keyword", "hybrid"] as const;
    const expectSkipped = async (): Promise<void> => {
      for (const mode of modes) {
        const results = await ask(root, { mode, ...RANKING });
        expect(keys(results).slice(0, 2), mode).toEqual(["cook", "tea"]);
        expect(results.info, mode).toMatchObject({ mode: "keyword", source: "records", degraded: true, skipped: UNSCORED });
        expect(results.every(({ score, explanation }) => score === undefined && explanation === undefined), mode).toBe(true);
      }
    };
    await qdrant.pause();
    try {
      await expectSkipped();
    } finally {
      qdrant.resume();
    }
    await qdrant.kill();
    await expectSkipped();
    await qdrant.restart({ data: "keep" });
    for (const mode of modes) {
      await expect.poll(async () => (await ask(root, { mode, ...RANKING })).info).toMatchObject({ mode, source: "index", degraded: false });
      const [best] = await ask(root, { mode, ...RANKING });
      expect(best?.explanation?.rerank, mode).toMatchObject({ score: 1 });
    }
  });

  test("if Qdrant ends while a reranker runs, its ranking stays and diversity is reported as skipped", async () => {
    const root = uniqueName("midway");
    await fill(root);
    await recovered(root);
    const rerank: SearchOptions["rerank"] = async (_, items) => {
      await qdrant.kill();
      return items.map(({ value }) => -(value as { n: number }).n);
    };
    const results = await store.search([root], { query: "cook something green", rerank, diversity: { lambda: 0.5 }, rerankTimeoutMs: 60_000 });
    await qdrant.restart({ data: "keep" });
    expect(keys(results)).toEqual(["tea", "iron", "cook", "plain"]);
    expect(results.info).toMatchObject({ mode: "semantic", degraded: false, skipped: [{ step: "diversity" }] });
  });

  test("a put while Qdrant is down rejects with an error that says that the record is stored", async () => {
    const root = uniqueName("put");
    await qdrant.kill();
    const failure = await store.put([root], "k", { text: "green tea" }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "VECTOR_SYNC", stored: true, retryable: true });
    expect((await store.get([root], "k"))?.value).toEqual({ text: "green tea" });
    expect(keys(await store.search([root], { query: "tea" }))).toEqual(["k"]);
    await qdrant.restart({ data: "keep" });
  });

  test("a search answers within its deadline while Qdrant is frozen", async () => {
    const root = uniqueName("frozen");
    await fill(root);
    await qdrant.pause();
    try {
      const results = await ask(root);
      expect(keys(results).slice(0, 2)).toEqual(["cook", "tea"]);
      expect(results.info).toMatchObject({ mode: "keyword", degraded: true, reason: "ranking-too-slow" });
    } finally {
      qdrant.resume();
    }
    await recovered(root);
  });

  test("searches are degraded, never empty, after Qdrant lost its data, until the automatic rebuild completes", async () => {
    const root = uniqueName("gone");
    await fill(root);
    const heard: string[] = [];
    for (const type of ["vectors-lost", "vectors-restored", "breaker-opened"] as const) store.on(type, () => heard.push(type));
    await qdrant.restart({ data: "lose" });
    const results = await ask(root);
    expect(keys(results)).toEqual(["cook", "tea", "iron", "plain"]);
    expect(results.info).toMatchObject({ mode: "keyword", degraded: true, reason: "vectors-unavailable" });
    await isRanked(store, root);
    // Concurrent searches do not count as failures of Qdrant. An open circuit would delay the rebuild.
    expect(heard).toEqual(["vectors-lost", "vectors-restored"]);
    await expect.poll(async () => (await store.health()).vectors).toMatchObject({ status: "up", complete: true });
  });

  test("no process uses the new collection before its rebuild, if another process found the loss first", async () => {
    const root = uniqueName("gone");
    await fill(root);
    await qdrant.restart({ data: "lose" });
    const other = await connect();
    for (const each of [store, other]) {
      const results = await each.search([root], { query: "cook something green" });
      expect(keys(results)[0]).toBe("cook");
      expect(keys(results)).toHaveLength(4);
    }
    await isRanked(store, root);
    await isRanked(other, root);
    await other.stop();
  });

  test("a process that starts while Qdrant is down serves degraded searches, and uses Qdrant when it is back", async () => {
    const root = uniqueName("start");
    await fill(root);
    await qdrant.kill();
    const started = await connect();
    const results = await started.search([root], { query: "cook something green" });
    expect(keys(results)[0]).toBe("cook");
    expect(results.info).toMatchObject({ degraded: true, reason: "vectors-unavailable" });
    expect(await started.health()).toMatchObject({ status: "degraded", records: { status: "up" }, vectors: { status: "down" } });
    await qdrant.restart({ data: "keep" });
    await expect.poll(async () => (await started.search([root], { query: "tea" })).info.mode).toBe("semantic");
    await started.stop();
  });

  test("the circuit opens and closes with an event each, health reports it, and failed writes are queued and completed", async () => {
    const root = uniqueName("breaker");
    await fill(root);
    const heard: string[] = [];
    const note = ({ type, service }: { type: string; service: string }) => void heard.push(`${type} ${service}`);
    store.on("breaker-opened", note).on("breaker-closed", note);
    await qdrant.kill();
    const puts = ["a", "b", "c", "d", "e"].map((key) => store.put([root], key, { text: `a word for ${key}` }));
    for (const put of await Promise.allSettled(puts)) expect(put).toMatchObject({ status: "rejected", reason: { code: "VECTOR_SYNC" } });
    await expect.poll(async () => {
      await ask(root);
      return (await store.health()).vectors?.breaker;
    }).not.toBe("closed");
    expect(await store.health()).toMatchObject({
      status: "degraded",
      vectors: { status: "down", error: expect.stringContaining("Qdrant") as string },
      events: { "vector-sync-failed": 5 },
    });
    await qdrant.restart({ data: "keep" });
    // Recovery of the service triggers the reconciler, without a call of reconcile.
    const scored = async () => {
      const results = await ask(root, { query: "a word for c", limit: 20 });
      return results.filter(({ key, score }) => key.length === 1 && score !== undefined).length;
    };
    await expect.poll(scored).toBe(5);
    expect(heard).toEqual(["breaker-opened vectors", "breaker-closed vectors"]);
    await recovered(root);
  });

  test("searches are degraded with reason embedding-failed while the provider is down, and a put stores nothing", async () => {
    const root = uniqueName("provider");
    await fill(root);
    embeddings.down = true;
    expect((await ask(root, { query: "green things to cook" })).info).toMatchObject({ degraded: true, reason: "embedding-failed" });
    await expect(store.put([root], "k", { text: "new words" })).rejects.toMatchObject({ code: "EMBEDDING" });
    expect(await store.get([root], "k")).toBeNull();
    embeddings.down = false;
    await recovered(root);
  });

  test("vectors of a wrong length are an error, not an outage", async () => {
    const wrong = await ScyllaDBStore.embedded({ path: ":memory:", index: { dims: 8, embeddings, fields: ["text"] } });
    await expect(wrong.search([], { query: "tea" })).rejects.toMatchObject({ code: "EMBEDDING", retryable: false });
    await wrong.stop();
  });
});
