import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { ScyllaDBStore, type EmbeddedStoreConfig, type StoreEvent } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { AuditEntry } from "../../src/ports/audit.ts";
import type { Logger } from "../../src/ports/logger.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { startLoad } from "../support/reload-load.ts";
import { PATIENT } from "../support/patient.ts";

const embeddings = new HashEmbeddings({ dims: 64 });
const BASE = { path: ":memory:", limits: PATIENT, index: { dims: 64, embeddings, fields: ["text"] } } satisfies EmbeddedStoreConfig;

const stores: ScyllaDBStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.stop()));
});

async function storeWith(config: Partial<EmbeddedStoreConfig> = {}): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.embedded({ ...BASE, ...config });
  stores.push(store);
  return store;
}

function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (_: object, message: string) => void lines.push(`${level}: ${message}`);
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

describe("reloaded options that take effect at once, also through earlier views", () => {
  test("limits and default order", async () => {
    const store = await storeWith();
    const view = store.scoped(["team"]);
    await view.put(["a"], "1", { text: "a text of some length" });
    await view.put(["a"], "2", { text: "another" });
    const { changed } = await store.reload({ ...BASE, limits: { ...BASE.limits, maxValueBytes: 10 }, order: "newest" });
    expect(changed).toEqual(["limits.maxValueBytes", "order"]);
    await expect(view.put(["a"], "3", { text: "a text of some length" })).rejects.toThrow("limits.maxValueBytes");
    expect((await view.search(["a"])).map(({ key }) => key)).toEqual(["2", "1"]);
    expect((await view.with({ order: "oldest" }).search(["a"])).map(({ key }) => key)).toEqual(["1", "2"]);
    await store.reload(BASE);
    await view.put(["a"], "3", { text: "a text of some length" });
  });

  test("TTL", async () => {
    const store = await storeWith();
    await store.reload({ ...BASE, ttl: { defaultTtl: 0.002 } });
    await store.put(["a"], "short", { text: "x" }, undefined, {});
    await store.reload({ ...BASE, ttl: { defaultTtl: 0.002, rules: [{ namespace: ["kept"], defaultTtl: null }] } });
    await store.put(["kept"], "long", { text: "x" });
    await waitUntil("the item to end", async () => (await store.get(["a"], "short", { refreshTtl: false })) === null);
    expect(await store.get(["kept"], "long")).not.toBeNull();
  });

  test("index rules, for later writes", async () => {
    const store = await storeWith();
    await store.put(["a"], "before", { text: "green tea", note: "black coffee" });
    await store.reload({ ...BASE, index: { ...BASE.index, fields: ["note"], rules: [{ namespace: ["plain"], fields: false }] } });
    await store.put(["a"], "after", { text: "green tea", note: "black coffee" });
    await store.put(["plain"], "unscored", { text: "green tea", note: "black coffee" });
    const scores = Object.fromEntries((await store.search([], { query: "black coffee" })).map(({ key, score }) => [key, score]));
    expect(scores["after"]).toBeCloseTo(1);
    expect(scores["before"]).toBeLessThan(0.9);
    expect(scores["unscored"]).toBeUndefined();
  });

  test("logger and log level", async () => {
    const first = recordingLogger();
    const second = recordingLogger();
    const store = await storeWith({ logger: first, logLevel: "error" });
    await store.reload({ ...BASE, logger: first, logLevel: "info" });
    expect(first.lines).toEqual(["info: another configuration is active"]);
    await store.reload({ ...BASE, logger: second });
    await store.reload({ ...BASE, logger: second, logLevel: "silent" });
    expect(first.lines).toHaveLength(1);
    expect(second.lines).toEqual(["info: another configuration is active"]);
  });

  test("rate limits, where unchanged ones keep their used capacity", async () => {
    const store = await storeWith();
    const rateLimit = { store: { put: { operations: 1, periodMs: 3_600_000 } } };
    await store.reload({ ...BASE, rateLimit });
    await store.put(["a"], "1", { text: "x" });
    await store.reload({ ...BASE, rateLimit, order: "newest" });
    await expect(store.put(["a"], "2", { text: "x" })).rejects.toMatchObject({ code: "RATE_LIMITED" });
    await store.reload(BASE);
    await store.put(["a"], "2", { text: "x" });
  });

  test("another embeddings object of the same model, with the cache", async () => {
    const [one, other] = [new HashEmbeddings({ dims: 64 }), new HashEmbeddings({ dims: 64 })];
    const store = await storeWith({ index: { ...BASE.index, embeddings: one } });
    await store.put(["a"], "1", { text: "green tea" });
    await store.reload({ ...BASE, index: { ...BASE.index, embeddings: other } });
    await store.put(["a"], "2", { text: "green tea" });
    await store.put(["a"], "3", { text: "black coffee" });
    expect([one.documentTexts, other.documentTexts]).toEqual([["green tea"], ["black coffee"]]);
  });

  test("nothing, if nothing differs", async () => {
    const store = await storeWith();
    const events: StoreEvent[] = [];
    store.on("config-reloaded", (event) => events.push(event));
    expect(await store.reload({ ...BASE })).toEqual({ changed: [] });
    expect(events).toEqual([]);
  });
});

describe("a refused reload changes nothing", () => {
  test.each<[string, object]>([
    ["path: it holds the records", { path: "other.db" }],
    ["index.dims: it identifies the model of the stored vectors", { index: { ...BASE.index, dims: 65 } }],
    ["index.model: it identifies the model of the stored vectors", { index: { ...BASE.index, model: "another" } }],
    ["index.dims: it identifies the model of the stored vectors", { index: undefined }],
    ['limits.drainMs: must be a whole number of at least 1 (got "soon")', { limits: { drainMs: "soon" } }],
    ["liimts: is not an option; did you mean limits?", { liimts: {} }],
    ["cql: not allowed for a store that was created with path", { cql: {} }],
  ])("%s", async (message, change) => {
    const store = await storeWith({ order: "newest" });
    const refused: StoreEvent[] = [];
    store.on("config-refused", (event) => refused.push(event));
    await store.put(["a"], "1", { text: "x" });
    await store.put(["a"], "2", { text: "x" });
    const outcome = store.reload({ ...BASE, ...change });
    await expect(outcome).rejects.toMatchObject({ code: "CONFIGURATION" });
    await expect(outcome).rejects.toThrow(message);
    expect(refused).toHaveLength(1);
    expect((await store.search(["a"], { query: "x" })).info.mode).toBe("semantic");
    expect((await store.search(["a"])).map(({ key }) => key)).toEqual(["2", "1"]);
  });

  test("a reload does not restart a stopped store, and a stop during a reload stops it", async () => {
    const store = await storeWith();
    const reloading = store.reload({ ...BASE, order: "newest" }).catch((error: unknown) => error);
    await store.stop();
    await reloading;
    await expect(store.get(["a"], "1")).rejects.toMatchObject({ code: "CLOSED" });
    await expect(store.reload({ ...BASE })).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("operations during a reload", () => {
  test("succeed during 20 reloads", async () => {
    const store = await storeWith();
    const end = startLoad(store, "load");
    for (let i = 0; i < 20; i += 1) {
      await store.reload({ ...BASE, limits: { ...PATIENT, deadlineMs: 90_000 + i }, order: i % 2 === 0 ? "newest" : "oldest" });
    }
    const { done, failures } = await end();
    expect(failures).toEqual([]);
    expect(done).toBeGreaterThan(20);
    const found = await store.search(["load"], { query: "item 1", limit: 1_000 });
    expect([found.length, found.info.mode]).toEqual([(await store.search(["load"], { limit: 1_000 })).length, "semantic"]);
    expect(await store.repair()).toMatchObject({ missing: 0, stale: 0, orphaned: 0, unlisted: 0, failed: 0 });
  });

  test("complete with the configuration that they started with", async () => {
    const slow = new HeldEmbeddings({ dims: 64 });
    const store = await storeWith({ index: { ...BASE.index, embeddings: slow } });
    const put = store.put(["a"], "1", { text: "green tea that is long" });
    await waitUntil("the text to be embedded", () => slow.isHeld);
    await store.reload({ ...BASE, index: { ...BASE.index, embeddings: slow }, limits: { maxValueBytes: 5 } });
    await expect(store.put(["a"], "2", { text: "green tea" })).rejects.toThrow("limits.maxValueBytes");
    slow.release();
    await put;
    expect((await store.get(["a"], "1"))?.value).toEqual({ text: "green tea that is long" });
  });

  test("keep their listeners, and reloads are in the audit trail", async () => {
    const entries: AuditEntry[] = [];
    const audit = { callback: (entry: AuditEntry) => void entries.push(entry), actor: () => "mia" };
    const store = await storeWith({ audit });
    const events: StoreEvent[] = [];
    store.on("config-reloaded", (event) => events.push(event));
    await store.reload({ ...BASE, audit, order: "newest" });
    await store.reload({ ...BASE, audit, order: "sideways" } as unknown as EmbeddedStoreConfig).catch(() => undefined);
    await store.reload({ ...BASE, audit });
    expect(events).toEqual([
      { type: "config-reloaded", changed: ["order"] },
      { type: "config-reloaded", changed: ["order"] },
    ]);
    const outcomes = (): AuditEntry[] => entries.filter(({ phase }) => phase === "outcome");
    await waitUntil("the entries", () => outcomes().length === 3);
    expect(outcomes().map(({ operation, outcome, changed, actor }) => [operation, outcome, changed, actor])).toEqual([
      ["reload", "ok", ["order"], "mia"],
      ["reload", "CONFIGURATION", [], "mia"],
      ["reload", "ok", ["order"], "mia"],
    ]);
  });
});

describe("a watched configuration file", () => {
  let folder = "";
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test("takes effect when it changes, but not while it is invalid", async () => {
    folder = await mkdtemp(join(tmpdir(), "reload-"));
    const file = join(folder, "scylladb-store.config.yaml");
    const write = async (text: string): Promise<void> => {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    };
    await write("path: ':memory:'\nlimits: { maxValueBytes: 10 }\n");
    const logger = recordingLogger();
    const store = await ScyllaDBStore.fromConfig({ file, env: {}, overrides: { logger }, watch: { intervalMs: 20 } });
    stores.push(store);
    const events: StoreEvent[] = [];
    store.on("config-reloaded", (event) => events.push(event));
    store.on("config-refused", (event) => events.push(event));
    const value = { text: "more than ten bytes" };
    await expect(store.put(["a"], "1", value)).rejects.toThrow("limits.maxValueBytes");

    await write("path: ':memory:'\nlimits: { maxValueBytes: many }\n");
    await waitUntil("the refusal", () => events.length === 1);
    expect(events[0]).toMatchObject({ type: "config-refused", cause: expect.stringContaining(`(got "many" in ${file})`) as string });
    expect(logger.lines).toContain("error: another configuration was rejected; the active one stays");
    await expect(store.put(["a"], "1", value)).rejects.toThrow("limits.maxValueBytes");

    await write("path: ':memory:'\nlimits: { maxValueBytes: 1000 }\n");
    await waitUntil("the change", () => events.length === 2);
    expect(events[1]).toEqual({ type: "config-reloaded", changed: ["limits.maxValueBytes"] });
    await store.put(["a"], "1", value);
  });

  test("takes effect when it changes while the store connects", async () => {
    folder = await mkdtemp(join(tmpdir(), "reload-"));
    const file = join(folder, "scylladb-store.config.yaml");
    await writeFile(file, "path: ':memory:'\nlimits: { maxValueBytes: 10 }\n");
    const start = vi.spyOn(SqliteBackend.prototype, "start").mockImplementationOnce(async function (this: SqliteBackend) {
      await writeFile(file, "path: ':memory:'\nlimits: { maxValueBytes: 100000 }\n");
      await this.start();
    });
    const store = await ScyllaDBStore.fromConfig({ file, env: {}, watch: { intervalMs: 20 } });
    stores.push(store);
    start.mockRestore();
    const events: StoreEvent[] = [];
    store.on("config-reloaded", (event) => events.push(event));
    await waitUntil("the change", () => events.length === 1);
    await store.put(["a"], "1", { text: "more than ten bytes" });
  });
});

/** Embeds nothing until it is released. */
class HeldEmbeddings extends HashEmbeddings {
  isHeld = false;
  readonly #released = Promise.withResolvers<void>();

  release(): void {
    this.#released.resolve();
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    this.isHeld = true;
    await this.#released.promise;
    return super.embedDocuments(texts);
  }
}
