/** Reindex: what operators and users of a store see while its index changes, whichever backend the store is on. */
import type { EmbeddedStoreConfig, ReindexProgress, ScyllaDBStore, SearchResults } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { test, type ExpectStatic } from "vitest";
import { FixedEmbeddings } from "./fixed-embeddings.ts";
import { PATIENT } from "./patient.ts";

/** A place that several stores can open, as processes do. */
export interface ReindexPlace {
  open(options: Omit<EmbeddedStoreConfig, "path">): Promise<ScyllaDBStore>;
  reload(store: ScyllaDBStore, options: Omit<EmbeddedStoreConfig, "path">): Promise<unknown>;
  /** Names of the collections or tables that hold vectors. */
  vectors(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

const OPTIONS = { reconcile: { flushMs: 0, graceMs: 1_000, tickMs: 250 }, logLevel: "error", limits: PATIENT } as const;

/** The reconciler completes no write that is in flight, also on a busy machine, so that the reindex embeds each text itself. */
const ALONE = { reconcile: { ...OPTIONS.reconcile, graceMs: 3_600_000 } } as const;

type Index = NonNullable<EmbeddedStoreConfig["index"]>;

/** The index before, and the one that the tests build. */
const before = (): Index => ({ dims: 512, embeddings: new HashEmbeddings({ dims: 512 }), model: "old-model", fields: ["text"] });
const next = (): NonNullable<Index["next"]> => ({ dims: 1024, embeddings: new HashEmbeddings({ dims: 1024 }), model: "new-model" });

const both = (): Index => ({ ...before(), next: next() });
const after = (): Index => ({ ...next(), fields: ["text"] });

async function fill(store: ScyllaDBStore, count: number, root = "items"): Promise<void> {
  await store.batch(Array.from({ length: count }, (_, i) => ({ namespace: [root, `n${i % 3}`], key: `k${i}`, value: { text: `memory number${i} with label${i}x of the river`, i } })));
}

const first = (found: SearchResults): string | undefined => found[0]?.key;

/** What a test works with. */
interface Given {
  readonly expect: ExpectStatic;
  readonly newPlace: () => ReindexPlace;
  /** A process with this index. */
  readonly open: (place: ReindexPlace, index: Index, more?: Pick<EmbeddedStoreConfig, "reconcile">) => Promise<ScyllaDBStore>;
  /** Returns the key of the best item of a search, which must not be degraded. */
  readonly found: (store: ScyllaDBStore, query: string) => Promise<string | undefined>;
}

/** Registers the tests for one backend. They run at the same time, as they wait for leases most of the time. */
export function reindexUse(createPlace: () => ReindexPlace): void {
  const scenario = (name: string, run: (given: Given) => Promise<void>): void =>
    test.concurrent(name, async ({ expect, onTestFinished }) => {
      await run({
        expect,
        newPlace() {
          const place = createPlace();
          onTestFinished(() => place.dispose());
          return place;
        },
        async open(place, index, more = {}) {
          const store = await place.open({ index, ...OPTIONS, ...more });
          onTestFinished(() => store.stop());
          return store;
        },
        async found(store, query) {
          const results = await store.search([], { query, limit: 3 });
          expect(results.info).toMatchObject({ degraded: false, source: "index" });
          return first(results);
        },
      });
    });

  scenario("a reindex builds the next index beside the active one, and every process searches it within a lease", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    const old = await open(place, before());
    await fill(old, 300);
    await old.stop();
    const [one, two] = [await open(place, both()), await open(place, both())];
    const phases = new Set<string>();
    let written = 0;
    const report = await one.reindex({
      onProgress: ({ phase }: ReindexProgress) => {
        phases.add(phase);
        void two.put(["items", "late"], `${phase}${written}`, { text: `written while in ${phase} as zebra${(written += 1)}` });
      },
    });
    expect(report).toMatchObject({ generation: 2, switched: true, failed: 0, unreadable: 0, dryRun: false });
    expect(report.records).toBeGreaterThanOrEqual(300);
    expect([...phases]).toEqual(["wait", "fill", "verify"]);
    expect(await one.reindexStatus()).toMatchObject({
      active: { number: 2, model: "new-model", dims: 1024 },
      next: null,
      previous: { number: 1, model: "old-model" },
    });
    expect(await found(one, "number7 label7x river")).toBe("k7");
    await expect.poll(() => two.reindexStatus().then(({ active }) => active.number)).toBe(2);
    for (let i = 1; i <= written; i += 1) expect(await found(two, `zebra${i}`), `zebra${i}`).toMatch(/^(?:wait|fill|verify)/);
    await two.put(["items", "n0"], "k7", { text: "changed after the switch to a walrus" });
    expect(await found(one, "walrus")).toBe("k7");
    expect(await one.repair({ dryRun: true })).toMatchObject({ missing: 0, stale: 0, orphaned: 0 });

    const stored = await place.vectors();
    expect(stored).toHaveLength(2);
    const removal = await one.reindexCleanup();
    expect(removal).toMatchObject({ generation: 1 });
    expect(stored.filter((name) => removal.collections.includes(name))).toHaveLength(1);
    expect(await place.vectors()).toEqual(stored.filter((name) => !removal.collections.includes(name)));
    const renewed = await open(place, after());
    expect(await found(renewed, "number9 label9x river")).toBe("k9");
    await renewed.put(["items"], "last", { text: "an ostrich by the river" });
    expect(await found(two, "ostrich")).toBe("last");
    await expect(open(place, before())).rejects.toMatchObject({ code: "SCHEMA", message: expect.stringContaining("scylladb-store reindex") as string });
  });

  scenario("a process that knows only the index before keeps its intents, and one that knows both completes its writes", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    const old = await open(place, before());
    await fill(old, 40);
    const knowing = await open(place, both());
    await knowing.reindex({ switch: false });
    await old.put(["items", "n0"], "late", { text: "a penguin that the old process wrote" });
    await old.put(["items", "n0"], "k3", { text: "a flamingo replaced the third one" });
    await old.delete(["items", "n1"], "k4");
    await knowing.reindexSwitch();
    // At once, although the vectors are missing in the next index.
    const results = await knowing.search([], { query: "penguin", limit: 50 });
    expect(results.map(({ key }) => key)).toContain("late");
    await expect.poll(async () => (await knowing.search([], { query: "penguin", limit: 1 }))[0]).toMatchObject({ key: "late", score: expect.any(Number) as number });
    await expect.poll(async () => (await knowing.search([], { query: "flamingo", limit: 1 }))[0]).toMatchObject({ key: "k3", score: expect.any(Number) as number });
    expect((await knowing.search([], { query: "number4 label4x river", limit: 100 })).map(({ key }) => key)).not.toContain("k4");
    // The process that knows only the index before continues with it.
    expect(await found(old, "penguin")).toBe("late");
    await expect.poll(() => knowing.repair({ dryRun: true })).toMatchObject({ missing: 0, stale: 0, orphaned: 0 });
  });

  scenario("after the cleanup, a process that knows only the previous index ranks by keywords, and its writes are completed by the others", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    const old = await open(place, before());
    await fill(old, 20);
    const knowing = await open(place, both());
    await knowing.reindex();
    expect(await found(old, "number7 label7x river")).toBe("k7");
    await knowing.reindexCleanup();
    const causes: string[] = [];
    old.on("search-degraded", ({ cause }) => void causes.push(cause));
    const results = await old.search([], { query: "number7 label7x river", limit: 3 });
    expect(causes).toEqual([expect.stringContaining("restart it with the new index")]);
    expect(results.info).toMatchObject({ degraded: true, source: "records" });
    expect(first(results)).toBe("k7");
    await knowing.stop();
    await expect(old.put(["items", "n0"], "late", { text: "a penguin after the cleanup" })).rejects.toMatchObject({ code: "VECTOR_SYNC" });
    // Left to a process that can complete it, and not postponed.
    expect(await old.reconcile()).toMatchObject({ watched: 1, failed: 0 });
    const renewed = await open(place, after());
    expect((await renewed.get(["items", "n0"], "late"))?.value).toEqual({ text: "a penguin after the cleanup" });
    await expect.poll(async () => (await renewed.search([], { query: "penguin", limit: 1 }))[0]).toMatchObject({ key: "late", score: expect.any(Number) as number });
  });

  scenario("a reindex that is interrupted continues, and embeds no text again", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    await fill(await open(place, before(), ALONE), 700);
    const embeddings = new HashEmbeddings({ dims: 1024 });
    const store = await open(place, { ...before(), next: { ...next(), embeddings } }, ALONE);
    const stop = new AbortController();
    await expect(store.reindex({ signal: stop.signal, onProgress: ({ phase, records }) => void (phase === "fill" && records > 0 && stop.abort()) })).rejects.toThrow();
    const embedded = embeddings.documentTexts.length;
    expect(embedded).toBeGreaterThan(0);
    expect(embedded).toBeLessThan(700);
    const status = await store.reindexStatus();
    expect(status).toMatchObject({ active: { number: 1 }, next: { number: 2, complete: false, progress: { items: embedded } } });
    await expect(store.reindexSwitch()).rejects.toMatchObject({ code: "CONFIGURATION", message: expect.stringContaining("not complete") as string });
    const other = await open(place, { ...before(), next: { ...next(), embeddings } }, ALONE);
    expect(await other.reindex()).toMatchObject({ items: 700, texts: 700, switched: true });
    expect(embeddings.documentTexts).toHaveLength(700);
    expect(await found(other, "number699 label699x river")).toBe("k699");
  });

  scenario("an abort removes the next index and its collection, and a dry run changes nothing", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    const store = await open(place, both());
    await fill(store, 30);
    const dry = await store.reindex({ dryRun: true, textsPerSecond: 10 });
    expect(dry).toMatchObject({ generation: null, switched: false, dryRun: true, records: 30, items: 30, texts: 30, seconds: 3 });
    expect(await store.reindexStatus()).toMatchObject({ active: { number: 1 }, next: null, previous: null });
    expect(await place.vectors()).toHaveLength(1);
    await store.reindex({ switch: false });
    expect(await place.vectors()).toHaveLength(2);
    expect(await store.reindexAbort()).toMatchObject({ generation: 2 });
    expect(await place.vectors()).toHaveLength(1);
    expect(await store.reindexStatus()).toMatchObject({ active: { number: 1 }, next: null, previous: null });
    await store.put(["items"], "later", { text: "a heron after the abort" });
    expect(await found(store, "heron")).toBe("later");
    await expect(store.reindexSwitch()).rejects.toMatchObject({ code: "CONFIGURATION" });
    expect(await store.reindex()).toMatchObject({ generation: 3, switched: true });
    expect(await found(store, "heron")).toBe("later");
  });

  scenario("other fields and keyword settings of the same model are a new index, too", async ({ expect, newPlace, open }) => {
    const place = newPlace();
    const old = await open(place, { ...before(), keyword: false });
    await old.put(["a"], "one", { text: "vegan lentils", title: "Dinner" });
    await old.put(["a"], "two", { title: "Breakfast with eggs" });
    await old.put(["a"], "three", { text: "a cold soup" });
    await old.stop();
    const index: Index = { ...before(), keyword: false, next: { dims: 512, embeddings: new HashEmbeddings({ dims: 512 }), model: "old-model", fields: ["title"], keyword: { language: "english" } } };
    const store = await open(place, index);
    await expect(store.search(["a"], { query: "eggs", mode: "keyword" })).rejects.toMatchObject({ code: "VALIDATION" });
    await store.reindex();
    expect(first(await store.search(["a"], { query: "egg", mode: "keyword" }))).toBe("two");
    const all = await store.search(["a"], { query: "dinner" });
    expect(all.map(({ key }) => key)).toEqual(["one", "two", "three"]);
    expect(all.map(({ score }) => typeof score)).toEqual(["number", "number", "undefined"]);
  });

  scenario("reindex names what is missing or wrong in the configuration", async ({ expect, newPlace, open }) => {
    const place = newPlace();
    const store = await open(place, before());
    await expect(store.reindex()).rejects.toMatchObject({ code: "CONFIGURATION", message: expect.stringContaining("index.next") as string });
    const same = await open(place, { ...before(), next: { dims: 512, embeddings: new HashEmbeddings({ dims: 512 }), model: "old-model" } });
    await expect(same.reindex()).rejects.toMatchObject({ code: "CONFIGURATION", message: expect.stringContaining("nothing to build") as string });
    await expect(open(place, after())).rejects.toMatchObject({ code: "SCHEMA", message: expect.stringContaining("scylladb-store reindex") as string });
    const knowing = await open(place, both());
    await knowing.reindex({ switch: false });
    await expect(open(place, after())).rejects.toMatchObject({ code: "SCHEMA", message: expect.stringContaining("is being built by reindex") as string });
    await expect(store.erase({ prefix: ["a"] })).rejects.toMatchObject({ code: "CONFIGURATION", message: expect.stringContaining("every generation") as string });
  });

  scenario("an erasure while two indexes exist deletes from both", async ({ expect, newPlace, open }) => {
    const place = newPlace();
    const store = await open(place, both());
    await fill(store, 30);
    await fill(store, 30, "personal");
    await store.reindex({ switch: false });
    expect(await store.erase({ prefix: ["personal"] })).toMatchObject({ complete: true, erased: { items: 30 } });
    expect(await store.repair({ dryRun: true })).toMatchObject({ examined: 30, missing: 0, stale: 0, orphaned: 0 });
    await store.reindexSwitch();
    expect(await store.repair({ dryRun: true })).toMatchObject({ examined: 30, missing: 0, stale: 0, orphaned: 0 });
    expect((await store.search([], { query: "number7 label7x river", limit: 60 })).map(({ namespace }) => namespace[0])).not.toContain("personal");
  });

  scenario("fields and rules that a reload changes are those of the index that is built next", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    const store = await open(place, both());
    await store.put(["items"], "k", { text: "a heron", title: "an ostrich" });
    await place.reload(store, { ...OPTIONS, index: { ...both(), fields: ["title"], rules: [{ namespace: ["logs"], fields: false }] } });
    await store.reindex();
    expect(await store.reindexStatus()).toMatchObject({ active: { number: 2, fields: ["title"], rules: [{ namespace: ["logs"], fields: false }] } });
    expect(await found(store, "ostrich")).toBe("k");
    const renewed = await open(place, { ...next(), fields: ["title"], rules: [{ namespace: ["logs"], fields: false }] });
    expect((await renewed.reindexStatus()).active.number).toBe(2);
    expect(await found(renewed, "ostrich")).toBe("k");
  });

  scenario("other rules of the same fields are a new index, too", async ({ expect, newPlace, open }) => {
    const place = newPlace();
    const index: Index = { ...before(), rules: [{ namespace: ["logs"], fields: false }, { namespace: ["titled"], fields: ["title"] }] };
    const store = await open(place, { ...index, next: { ...before(), rules: [{ namespace: ["titled"], fields: false }] } });
    await store.put(["logs"], "log", { text: "an ostrich in the log" });
    await store.put(["titled"], "title", { title: "an ostrich in the title" });
    const scored = async (prefix: string): Promise<string[]> => (await store.search([prefix], { query: "ostrich" })).filter(({ score }) => score !== undefined).map(({ key }) => key);
    expect([await scored("logs"), await scored("titled")]).toEqual([[], ["title"]]);
    expect(await store.reindex()).toMatchObject({ items: 1, switched: true });
    expect([await scored("logs"), await scored("titled")]).toEqual([["log"], []]);
    expect((await store.search(["titled"], { query: "ostrich" })).map(({ key }) => key)).toEqual(["title"]);
    expect(await store.reindexStatus()).toMatchObject({ active: { number: 2, rules: [{ namespace: ["titled"], fields: false }] }, previous: { number: 1, rules: index.rules } });
  });

  scenario("another metric and another language of the same fields are a new index, too", async ({ expect, newPlace, open }) => {
    const place = newPlace();
    const vectors = { query: [1, 0], near: [2, 1], "der lange Weg der Läufer": [30, 30] };
    const index: Index = { dims: 2, embeddings: new FixedEmbeddings(vectors), model: "fixed", fields: ["text"] };
    const store = await open(place, { ...index, next: { dims: 2, embeddings: new FixedEmbeddings(vectors), model: "fixed", metric: "dot", keyword: { language: "german" } } });
    for (const text of Object.keys(vectors)) await store.put(["a"], text, { text });
    const scores = async (): Promise<unknown> => Object.fromEntries((await store.search(["a"], { query: "query", filter: { text: { $ne: "query" } } })).map(({ key, score }) => [key, Number(score?.toFixed(3))]));
    expect(await scores()).toEqual({ near: 0.894, "der lange Weg der Läufer": 0.707 });
    await store.reindex();
    expect(await scores()).toEqual({ near: 2, "der lange Weg der Läufer": 30 });
    expect((await store.search(["a"], { query: "Läufern", mode: "keyword" })).map(({ key }) => key)[0]).toBe("der lange Weg der Läufer");
  });

  scenario("a reindex whose generation another process aborts ends at its next page, and embeds no more", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    const embeddings = new HashEmbeddings({ dims: 1024 });
    const [store, other] = [await open(place, { ...before(), next: { ...next(), embeddings } }), await open(place, both())];
    await fill(store, 1_500);
    const removals: Promise<unknown>[] = [];
    const running = store.reindex({ textsPerSecond: 100, onProgress: ({ phase, records }) => void (phase === "fill" && records > 0 && removals.length === 0 && removals.push(other.reindexAbort())) });
    await expect(running).rejects.toMatchObject({ message: expect.stringContaining("Another process changed the generations") as string });
    expect(await Promise.all(removals)).toEqual([expect.objectContaining({ generation: 2 })]);
    expect(embeddings.documentTexts.length).toBeLessThan(1_300);
    expect(await place.vectors()).toHaveLength(1);
    expect(await found(store, "number7 label7x river")).toBe("k7");
    // With other dims.
    const renewed = await open(place, { ...before(), next: { dims: 256, embeddings: new HashEmbeddings({ dims: 256 }), model: "third-model" } });
    expect(await renewed.reindex()).toMatchObject({ generation: 3, switched: true, items: 1_500, failed: 0 });
    expect(await found(renewed, "number7 label7x river")).toBe("k7");
    await renewed.reindexCleanup();
    expect(await place.vectors()).toHaveLength(1);
  });

  scenario("a reindex completes with a provider that fails every second call", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    const store = await open(place, { ...before(), next: { ...next(), embeddings: new FlakyEmbeddings({ dims: 1024 }) } }, ALONE);
    await fill(store, 600);
    expect(await store.reindex()).toMatchObject({ items: 600, switched: true, failed: 0, unreadable: 0 });
    expect(await found(store, "number599 label599x river")).toBe("k599");
  });

  scenario("a text that the next provider rejects is reported, and its item is found without a score", async ({ expect, newPlace, open, found }) => {
    const place = newPlace();
    const store = await open(place, { ...before(), next: { ...next(), embeddings: new RejectingEmbeddings({ dims: 1024 }) } }, ALONE);
    await fill(store, 100);
    await store.put(["items", "n0"], "rejected", { text: "a poisonous toad" });
    expect(await store.reindex()).toMatchObject({ items: 100, switched: true, failed: 1, unreadable: 0 });
    await store.put(["items", "n1"], "late", { text: "a heron by the river" });
    expect(await found(store, "heron")).toBe("late");
    const all = await store.search(["items", "n0"], { query: "poisonous toad", limit: 300 });
    expect(all.find(({ key }) => key === "rejected")).toMatchObject({ value: { text: "a poisonous toad" }, score: undefined });
    expect(all).toHaveLength(35);
  });

  scenario("puts, deletes and expiries of the same items by three processes, one of them reloaded, survive two reindexes at once", async ({ expect, newPlace, open }) => {
    const place = newPlace();
    const [old, reloaded, knowing] = [await open(place, before()), await open(place, before()), await open(place, both())];
    await fill(old, 60);
    const stores = [old, reloaded, knowing];
    const last = new Map<string, string | null>();
    const faults: unknown[] = [];
    let isOver = false;
    // Each key has one writer at a time, so that its last write is known.
    const writer = async (id: number): Promise<void> => {
      for (let i = 0; !isOver; i += 1) {
        const key = `w${id}k${i % 4}`;
        const store = stores[i % 3] as ScyllaDBStore;
        const text = `word${id}x${i}x of the lake`;
        try {
          if (i % 5 === 4) await store.delete(["hot"], key);
          else await store.put(["hot"], key, { text }, undefined, i % 7 === 6 ? { ttl: 0.02 } : undefined);
          last.set(key, i % 5 === 4 ? null : i % 7 === 6 ? "expires" : text);
          await new Promise((resolve) => setTimeout(resolve, 20));
          const found = await store.search(["items"], { query: "number7 label7x river", limit: 1 });
          if (found.info.degraded || found[0]?.key !== "k7") faults.push(found.info);
        } catch (error) {
          faults.push(error);
        }
      }
    };
    const writers = Promise.all([0, 1, 2].map(writer));
    await place.reload(reloaded, { ...OPTIONS, index: both() });
    const reports = await Promise.allSettled([reloaded.reindex(), knowing.reindex()]);
    isOver = true;
    await writers;
    expect(faults.slice(0, 3)).toEqual([]);
    expect(reports.some(({ status }) => status === "fulfilled")).toBe(true);
    // Before that, its repair would compare the generation that is no longer searched after the switch.
    await expect.poll(() => knowing.reindexStatus().then(({ active }) => active.number)).toBe(2);
    await expect.poll(() => knowing.repair({ dryRun: true })).toMatchObject({ missing: 0, stale: 0, orphaned: 0 });
    for (const [key, text] of last) {
      if (text === "expires") continue;
      expect((await knowing.get(["hot"], key))?.value ?? null).toEqual(text === null ? null : { text });
      if (text === null) continue;
      // A write by the process that does not know the next index is indexed by others, after the switch, too. Another text may have the
      // same vector, as two words may have the same hash, so the item need not be the first one.
      const ownScore = (): Promise<unknown> => knowing.search(["hot"], { query: text, limit: 50 }).then((found) => found.find((item) => item.key === key)?.score);
      await expect.poll(ownScore, { message: key }).toBeCloseTo(1, 5);
    }
    const afterSweep = (): Promise<unknown> => knowing.sweep().then(() => knowing.repair({ dryRun: true }));
    await expect.poll(afterSweep).toMatchObject({ missing: 0, stale: 0, orphaned: 0 });
  });

  scenario("an erasure is rejected while the vectors of a removed generation are not deleted yet", async ({ expect, newPlace, open }) => {
    const place = newPlace();
    const [one, two] = [await open(place, both()), await open(place, both())];
    await fill(one, 30, "personal");
    await one.reindex();
    const removing = one.reindexCleanup();
    await expect.poll(() => two.reindexStatus().then(({ previous }) => previous)).toBeNull();
    await expect(two.erase({ prefix: ["personal"] })).rejects.toMatchObject({ code: "CONFIGURATION", message: expect.stringContaining("reindex cleanup") as string });
    expect(await removing).toMatchObject({ generation: 1 });
    expect(await two.erase({ prefix: ["personal"] })).toMatchObject({ complete: true, erased: { items: 30 } });
  });
}

/** Fails every second call, as an overloaded service does. */
class FlakyEmbeddings extends HashEmbeddings {
  #calls = 0;

  override async embedDocuments(documents: string[]): Promise<number[][]> {
    this.#calls += 1;
    if (this.#calls % 2 === 1) throw Object.assign(new Error("overloaded"), { status: 503 });
    return super.embedDocuments(documents);
  }
}

/** Rejects one text. */
class RejectingEmbeddings extends HashEmbeddings {
  override async embedDocuments(documents: string[]): Promise<number[][]> {
    if (documents.some((text) => text.includes("poisonous"))) throw Object.assign(new Error("the content is not allowed"), { status: 400 });
    return super.embedDocuments(documents);
  }
}
