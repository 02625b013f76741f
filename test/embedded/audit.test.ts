/** The audit trail: actor, operation, time, item and outcome; never a value. */
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Annotation, END, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { ScyllaDBStore, type AuditEntry, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rejectionOf } from "../../src/testing/expectations.ts";
import { waitUntil } from "../servers/wait-until.ts";

type AuditConfig = NonNullable<EmbeddedStoreConfig["audit"]>;

const stores: ScyllaDBStore[] = [];
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-"));
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.stop()));
  await rm(folder, { recursive: true });
});

async function open(audit: AuditConfig, config: Omit<EmbeddedStoreConfig, "path" | "audit"> = {}): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.embedded({ ...config, path: ":memory:", audit });
  stores.push(store);
  return store;
}

/** A store with an audit callback that appends entries to a list. */
async function listening(audit: AuditConfig = {}, config: Omit<EmbeddedStoreConfig, "path" | "audit"> = {}) {
  const entries: AuditEntry[] = [];
  const store = await open({ callback: (entry) => void entries.push(entry), ...audit }, config);
  const outcomes = (): AuditEntry[] => entries.filter(({ phase }) => phase === "outcome");
  return { store, entries, outcomes };
}

async function linesOf(path: string): Promise<AuditEntry[]> {
  const text = await readFile(path, "utf8");
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as AuditEntry);
}

describe("an audit entry", () => {
  test("of a put or delete has an intent before and an outcome after, with the written version", async () => {
    const { store, entries } = await listening();
    await store.put(["users", "42"], "tea", { text: "a secret thing" });
    await store.delete(["users", "42"], "tea");
    await store.get(["users", "42"], "tea");
    expect(entries.map(({ phase, operation, outcome }) => [operation, phase, outcome])).toEqual([
      ["put", "intent", null],
      ["put", "outcome", "ok"],
      ["delete", "intent", null],
      ["delete", "outcome", "ok"],
    ]);
    const [intent, outcome] = entries as [AuditEntry, AuditEntry];
    expect(outcome).toMatchObject({ id: intent.id, time: intent.time, namespace: ["users", "42"], key: "tea", actor: null });
    expect(Math.abs(Date.parse(intent.time) - Date.now())).toBeLessThan(10_000);
    expect(outcome.version).toBeGreaterThan(Date.UTC(2020, 0) * 1000);
    expect(entries[3]?.version).toBeGreaterThan(outcome.version ?? Infinity);
    expect(JSON.stringify(entries)).not.toContain("secret");
  });

  test("names the entire namespace of a call through a scoped view, and the actor of the view", async () => {
    const { store, outcomes } = await listening();
    const view = store.scoped(["tenants", "acme"]).with({ actor: "ann" });
    await view.put(["notes"], "k", {});
    await view.with({ actor: "bob" }).delete(["notes"], "k");
    await view.with({ order: "newest" }).put(["notes"], "k", {});
    expect(outcomes().map(({ actor }) => actor)).toEqual(["ann", "bob", "ann"]);
    expect(outcomes()[0]?.namespace).toEqual(["tenants", "acme", "notes"]);
    expect(() => store.with({ actor: "" })).toThrow("actor must be a non-empty text");
  });

  test("is written for each operation of a batch, with its own outcome", async () => {
    const { store, outcomes } = await listening({}, { limits: { maxPendingBytes: 60 } });
    const big = { text: "x".repeat(100) };
    await store.batch([{ namespace: ["a"], key: "1", value: { n: 1 } }, { namespace: ["a"], key: "2", value: null }]);
    expect(outcomes().map(({ operation, key, outcome }) => [operation, key, outcome])).toEqual([
      ["put", "1", "ok"],
      ["delete", "2", "ok"],
    ]);
    await Promise.allSettled(["3", "4"].map((key) => store.put(["a"], key, big)));
    const failed = outcomes().filter(({ outcome }) => outcome !== "ok");
    expect(failed).toMatchObject([{ outcome: "UNAVAILABLE", version: null }]);
  });

  test("is written for reads if enabled, without query or filter", async () => {
    const { store, outcomes } = await listening({ reads: true });
    await store.put(["a"], "k", { n: 1 });
    await store.get(["a"], "k");
    await store.get(["a"], "none");
    await store.search(["a"], { query: "hidden", filter: { hidden: 1 } });
    await store.scoped(["a"]).listNamespaces();
    expect(outcomes().map(({ operation, namespace, key }) => [operation, namespace, key])).toEqual([
      ["put", ["a"], "k"],
      ["get", ["a"], "k"],
      ["get", ["a"], "none"],
      ["search", ["a"], null],
      ["list-namespaces", ["a"], null],
    ]);
    const [put, got, none] = outcomes();
    expect(got?.version).toBe(put?.version);
    expect(none?.version).toBeNull();
    expect(JSON.stringify(outcomes())).not.toContain("hidden");
  });

  test("is written before its operation, so an interrupted operation has an intent", async () => {
    class StuckEmbeddings extends HashEmbeddings {
      override embedDocuments(): Promise<number[][]> {
        return new Promise(() => undefined);
      }
    }
    const index = { dims: 64, embeddings: new StuckEmbeddings(), fields: ["text"] };
    const { store, entries } = await listening({}, { index, limits: { writeDeadlineMs: 300 } });
    const put = rejectionOf(store.put(["a"], "k", { text: "tea" }));
    await waitUntil("the intent", () => entries.length === 1, { everyMs: 5 });
    expect(entries).toMatchObject([{ phase: "intent", key: "k" }]);
    await put;
    expect(entries[1]).toMatchObject({ phase: "outcome", outcome: "EMBEDDING" });
  });
});

describe("the actor of an entry", () => {
  const State = Annotation.Root({ out: Annotation<unknown> });

  function graphThat(work: (config: LangGraphRunnableConfig) => Promise<unknown>, store?: ScyllaDBStore) {
    return new StateGraph(State)
      .addNode("work", async (_state: typeof State.State, config: LangGraphRunnableConfig) => ({ out: await work(config) }))
      .addEdge(START, "work")
      .addEdge("work", END)
      .compile(store === undefined ? {} : { store });
  }

  test("is by default the user of the graph that calls the store", async () => {
    const { store, outcomes } = await listening();
    const graph = graphThat(() => store.put(["a"], "k", {}));
    await graph.invoke({ out: null }, { configurable: { user_id: "ann" } });
    await graph.invoke({ out: null }, { configurable: { user_id: "ann", langgraph_auth_user: { identity: "bob" } } });
    await Promise.all(["1", "2", "3"].map((id) => graph.invoke({ out: null }, { configurable: { user_id: id } })));
    await store.put(["a"], "k", {});
    const actors = outcomes().map(({ actor }) => actor);
    expect(actors.slice(0, 2)).toEqual(["ann", "bob"]);
    expect(actors.slice(2, 5).sort()).toEqual(["1", "2", "3"]);
    expect(actors[5]).toBeNull();
  });

  test("reaches the trail through LangGraph's wrapper with a view passed to the run", async () => {
    const { store, outcomes } = await listening();
    const graph = graphThat(async ({ store: wrapped }) => wrapped?.put(["a"], "k", {}), store);
    await Promise.all(
      ["ann", "bob"].map((actor) => graph.invoke({ out: null }, { configurable: {}, store: store.with({ actor }) } as object)),
    );
    expect(outcomes().map(({ actor }) => actor).sort()).toEqual(["ann", "bob"]);
  });

  test("is the application's actor; a view takes precedence", async () => {
    const { store, outcomes } = await listening({ actor: () => "service" });
    await store.put(["a"], "k", {});
    await store.with({ actor: "ann" }).put(["a"], "k", {});
    await store.with({ actor: "ann" }).with({ actor: null }).put(["a"], "k", {});
    expect(outcomes().map(({ actor }) => actor)).toEqual(["service", "ann", "service"]);
  });

  test("is only the verified one with actorTrust verified: views and the config of a run are ignored", async () => {
    const session = new AsyncLocalStorage<string>();
    const { store, outcomes } = await listening({ actor: () => session.getStore() ?? null, actorTrust: "verified" });
    const graph = graphThat(() => store.with({ actor: "mallory" }).put(["a"], "k", {}));
    const claims = { configurable: { user_id: "mallory", langgraph_auth_user: { identity: "mallory" } } };
    await session.run("ann", () => graph.invoke({ out: null }, claims));
    await graph.invoke({ out: null }, claims);
    expect(outcomes().map(({ actor }) => actor)).toEqual(["ann", null]);
    const error = await rejectionOf(open({ callback: () => undefined, actorTrust: "verified" }));
    expect(error).toMatchObject({ code: "CONFIGURATION" });
    expect(error.message).toContain("audit.actor: must be a function that returns the authenticated user");
  });

  test("fails the operation under block if it cannot be determined, and is null under continue", async () => {
    const actor = (): string => {
      throw new Error("no session");
    };
    const { store } = await listening({ actor });
    expect(await rejectionOf(store.put(["a"], "k", {}))).toMatchObject({ code: "AUDIT", applied: false });
    expect(await store.get(["a"], "k")).toBeNull();
    const lenient = await listening({ actor, policy: "continue" });
    await lenient.store.put(["a"], "k", {});
    await waitUntil("the entry", () => lenient.entries.length === 1, { everyMs: 5 });
    expect(lenient.entries[0]).toMatchObject({ actor: null, outcome: "ok" });
  });
});

describe("a failing sink", () => {
  /** A callback that fails while a flag is set. */
  function failing(): { fails: (entry: AuditEntry) => boolean; callback: (entry: AuditEntry) => void; kept: AuditEntry[] } {
    const sink = {
      kept: [] as AuditEntry[],
      fails: (() => false) as (entry: AuditEntry) => boolean,
      callback(entry: AuditEntry) {
        if (sink.fails(entry)) throw new Error("sink down");
        sink.kept.push(entry);
      },
    };
    return sink;
  }

  test("under block stops writes without an intent, lets reads continue, and recovers with the sink", async () => {
    const sink = failing();
    const store = await open({ callback: (entry) => sink.callback(entry) });
    await store.put(["a"], "k", { n: 1 });
    sink.fails = () => true;
    const error = await rejectionOf(store.put(["a"], "k", { n: 2 }));
    expect(error).toMatchObject({ name: "AuditError", code: "AUDIT", applied: false, retryable: true });
    expect(error.message).toContain("Nothing was done");
    const batch = await rejectionOf(store.batch([{ namespace: ["a"], key: "k" }, { namespace: ["a"], key: "k", value: null }]));
    expect(batch).toMatchObject({ outcomes: [{ status: "fulfilled" }, { status: "rejected", reason: { code: "AUDIT" } }] });
    expect((await store.get(["a"], "k"))?.value).toEqual({ n: 1 });
    expect((await store.health()).audit).toMatchObject({ failing: true });
    expect((await store.health()).status).toBe("degraded");
    sink.fails = () => false;
    await store.put(["a"], "k", { n: 3 });
    expect((await store.health()).audit).toEqual({ failing: false, lost: 2 });
  });

  test.each(["throws", "rejects"])("that %s at the entry of one user fails only that user's operation among concurrent calls", async (how) => {
    const sink = failing();
    sink.fails = ({ namespace }) => namespace?.[0] === "bad";
    const store = await open({ callback: how === "throws" ? (entry) => sink.callback(entry) : async (entry) => sink.callback(entry) });
    // In one batch, as LangGraph's wrapper sends the calls of several users.
    const puts = ["x", "bad", "y"].map((user) => ({ namespace: [user], key: "batched", value: { n: 1 } }));
    expect(await rejectionOf(store.batch(puts))).toMatchObject({
      outcomes: [{ status: "fulfilled" }, { status: "rejected", reason: { code: "AUDIT" } }, { status: "fulfilled" }],
    });
    const users = ["a", "bad", "b", "c"];
    const outcomes = await Promise.allSettled(users.map((user) => store.put([user], "k", { n: 1 })));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(await Promise.all(users.map(async (user) => (await store.get([user], "k"))?.value ?? null))).toEqual([{ n: 1 }, null, { n: 1 }, { n: 1 }]);
  });

  test("under block after the operation reports that the operation took effect", async () => {
    const sink = failing();
    const store = await open({ callback: (entry) => sink.callback(entry) });
    sink.fails = ({ phase }) => phase === "outcome";
    const error = await rejectionOf(store.put(["a"], "k", { n: 1 }));
    expect(error).toMatchObject({ code: "AUDIT", applied: true, retryable: false });
    expect((await store.get(["a"], "k"))?.value).toEqual({ n: 1 });
    expect(sink.kept).toMatchObject([{ phase: "intent" }]);
  });

  test("under continue lets operations continue, counts lost entries, and reports each change once", async () => {
    const sink = failing();
    const emitted: string[] = [];
    const store = await open({ callback: (entry) => sink.callback(entry), policy: "continue" });
    store.on("audit-failed", ({ cause }) => emitted.push(cause));
    store.on("audit-recovered", ({ lost }) => emitted.push(`recovered, ${lost} lost`));
    sink.fails = () => true;
    for (let n = 0; n < 5; n += 1) await store.put(["a"], "k", { n });
    await waitUntil("the losses", async () => (await store.health()).audit?.lost === 5, { everyMs: 5 });
    sink.fails = () => false;
    await store.put(["a"], "k", { n: 5 });
    await waitUntil("the recovery", () => emitted.length === 2, { everyMs: 5 });
    expect(emitted[0]).toContain("sink down");
    expect(emitted[1]).toBe("recovered, 5 lost");
    expect(sink.kept).toMatchObject([{ phase: "outcome", outcome: "ok" }]);
  });

  test("that hangs delays an operation no longer than configured", async () => {
    const store = await open({ callback: () => new Promise(() => undefined), timeoutMs: 100 });
    // The callback never resolves. Without a bound, these calls would not either.
    await expect(store.put(["a"], "k", {})).rejects.toMatchObject({ code: "AUDIT", applied: false });
    await store.stop();
  });

  test("has a bounded queue if it is slow", async () => {
    const gate = Promise.withResolvers<void>();
    const kept: string[] = [];
    const callback = async ({ key }: AuditEntry): Promise<void> => {
      await gate.promise;
      kept.push(String(key));
    };
    const store = await open({ callback, policy: "continue", maxQueued: 10 });
    for (let n = 0; n < 30; n += 1) await store.put(["a"], String(n), {});
    await waitUntil("the losses", async () => (await store.health()).audit?.lost === 20, { everyMs: 5 });
    gate.resolve();
    await store.stop();
    expect(kept).toHaveLength(10);
  });
});

describe("the audit file", () => {
  test("has a line for each entry after stop(), and is readable by its owner only", async () => {
    const path = join(folder, "deep", "audit.jsonl");
    const store = await open({ file: { path }, policy: "continue" });
    await Promise.all(Array.from({ length: 50 }, (_, n) => store.with({ actor: `user ${n}` }).put(["a"], String(n), { n })));
    await store.put(["a"], "ends\u0085of\u2028a\u2029line", {});
    await store.stop();
    expect(await readFile(path, "utf8")).not.toMatch(/[\u0085\u2028\u2029]/);
    expect((await stat(join(folder, "deep"))).mode & 0o777).toBe(0o700);
    const lines = (await linesOf(path)).filter(({ key }) => /^\d+$/.test(String(key)));
    expect((await linesOf(path)).some(({ key }) => key === "ends\u0085of\u2028a\u2029line")).toBe(true);
    expect(lines.map(({ actor }) => actor).sort()).toEqual(Array.from({ length: 50 }, (_, n) => `user ${n}`).sort());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("is rotated by size, keeps a bounded number of files, and loses no line", async () => {
    const path = join(folder, "audit.jsonl");
    const store = await open({ file: { path, maxBytes: 4_000, maxFiles: 100 } });
    for (let n = 0; n < 60; n += 1) await store.put(["a"], String(n), {});
    const names = (await readdir(folder)).sort();
    expect(names.length).toBeGreaterThan(3);
    const lines = (await Promise.all(names.map((name) => linesOf(join(folder, name))))).flat();
    expect(lines.filter(({ phase }) => phase === "outcome").map(({ key }) => Number(key)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, n) => n),
    );
    for (const name of names) expect((await stat(join(folder, name))).size).toBeLessThanOrEqual(4_000);
    await store.stop();
    await writeFile(join(folder, "audit.mine.jsonl"), "");
    const few = await open({ file: { path, maxBytes: 2_000, maxFiles: 2 } });
    for (let n = 0; n < 30; n += 1) await few.put(["a"], String(n), {});
    expect(await readdir(folder)).toHaveLength(4);
    expect(await readdir(folder)).toContain("audit.mine.jsonl");
  });

  test("is rotated by age", async () => {
    const path = join(folder, "audit.jsonl");
    const store = await open({ file: { path, maxAgeHours: 1e-6 } });
    await store.put(["a"], "1", {});
    await waitUntil("a second file", async () => {
      await store.put(["a"], "2", {});
      return (await readdir(folder)).length > 1;
    });
  });

  test("can be shared by stores and moved by others: later entries go to a new file", async () => {
    const path = join(folder, "audit.jsonl");
    const [one, other] = await Promise.all([open({ file: { path, maxBytes: 3_000 } }), open({ file: { path, maxBytes: 3_000 } })]);
    await Promise.all([one, other].flatMap((store) => Array.from({ length: 40 }, (_, n) => store.put(["a"], String(n), {}))));
    const count = async (): Promise<number> => {
      const lines = (await readdir(folder)).map((name) => linesOf(join(folder, name)));
      return (await Promise.all(lines)).flat().length;
    };
    expect(await count()).toBe(160);
    await rm(path);
    const before = await count();
    await one.put(["a"], "again", {});
    expect(await count()).toBe(before + 2);
  });

  test("continues on a new line after a truncated line, as a crash leaves it", async () => {
    const path = join(folder, "audit.jsonl");
    await writeFile(path, '{"id":"tor');
    const store = await open({ file: { path, fsync: true } });
    await store.put(["a"], "k", {});
    const [torn, ...lines] = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(torn).toBe('{"id":"tor');
    expect(lines.map((line) => (JSON.parse(line) as AuditEntry).phase)).toEqual(["intent", "outcome"]);
  });

  test("that is not writable fails the start under block, but not under continue", async () => {
    const path = join(folder, "taken", "audit.jsonl");
    await writeFile(join(folder, "taken"), "a file, and no folder");
    const error = await rejectionOf(ScyllaDBStore.embedded({ path: ":memory:", audit: { file: { path } } }));
    expect(error).toMatchObject({ code: "AUDIT" });
    expect(error.message).toContain("the audit file cannot be written");
    const store = await open({ file: { path }, policy: "continue" });
    await store.put(["a"], "k", {});
    await rm(join(folder, "taken"));
    await waitUntil("the trail to be written again", async () => {
      await store.put(["a"], "k", {});
      return (await store.health()).audit?.failing === false;
    });
  });
});

describe("a reload of the configuration", () => {
  test("is in the trail with the names of changed options, also if it is refused", async () => {
    // More digits than an id or a time can contain by chance.
    const LIMIT = 707_707_707_707_707;
    const entries: AuditEntry[] = [];
    const audit = { callback: (entry: AuditEntry) => void entries.push(entry), actor: () => "operator" };
    const store = await open(audit);
    await store.reload({ path: ":memory:", audit, limits: { maxLimit: LIMIT } });
    await rejectionOf(store.reload({ path: "/elsewhere.db", audit }));
    await waitUntil("the entries", () => entries.filter(({ phase }) => phase === "outcome").length === 2, { everyMs: 5 });
    const [first, second] = entries.filter(({ phase }) => phase === "outcome");
    expect(first).toMatchObject({ operation: "reload", outcome: "ok", actor: "operator", namespace: null, key: null });
    expect(first?.changed).toContain("limits.maxLimit");
    expect(second).toMatchObject({ operation: "reload", outcome: "CONFIGURATION" });
    expect(JSON.stringify(entries)).not.toContain(String(LIMIT));
  });

  test("that disables the trail is in it", async () => {
    const path = join(folder, "audit.jsonl");
    const store = await open({ file: { path } });
    await store.reload({ path: ":memory:" });
    await store.put(["a"], "k", {});
    await waitUntil("the entry", async () => (await linesOf(path)).length > 0, { everyMs: 5 });
    const lines = await linesOf(path);
    expect(lines).toMatchObject([{ operation: "reload", phase: "intent" }]);
    expect(lines[0]?.changed?.some((name) => name.startsWith("audit"))).toBe(true);
  });

  test("that changes other options keeps the trail, and no entry is lost during writes", async () => {
    const path = join(folder, "audit.jsonl");
    const audit = { file: { path, maxBytes: 5_000 } };
    const store = await open(audit);
    const writes = Array.from({ length: 100 }, async (_, n) => store.put(["a"], String(n), { n }));
    for (let maxLimit = 50; maxLimit < 60; maxLimit += 1) await store.reload({ path: ":memory:", audit, limits: { maxLimit } });
    await Promise.all(writes);
    await store.stop();
    const names = await readdir(folder);
    const lines = (await Promise.all(names.map((name) => linesOf(join(folder, name))))).flat();
    expect(lines.filter(({ operation, outcome }) => operation === "put" && outcome === "ok")).toHaveLength(100);
    expect(lines.filter(({ operation, outcome }) => operation === "reload" && outcome === "ok")).toHaveLength(10);
  });
});

describe("the option audit", () => {
  test("requires a sink, and rejects the table on a local file", async () => {
    expect((await rejectionOf(open({}))).message).toContain("audit: must have at least one of file, table and callback");
    expect((await rejectionOf(open({ table: {} }))).message).toContain("audit.table: needs a store on servers");
  });
});
