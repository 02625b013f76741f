/** Values with a codec: the bytes on disk, the values that are read, and items whose key is missing. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { aesGcmCodec, ScyllaDBStore, type Codec, type EmbeddedStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { rejectionOf } from "../../src/testing/expectations.ts";
import { PATIENT } from "../support/patient.ts";

const KEYS = { k1: randomBytes(32), k2: randomBytes(32) };
const FIRST = aesGcmCodec({ keys: { k1: KEYS.k1 }, current: "k1" });
const BOTH = aesGcmCodec({ keys: KEYS, current: "k2" });
const INDEX = { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] };

const stores = new Set<ScyllaDBStore>();
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "codec-"));
});
afterEach(async () => {
  await Promise.all([...stores].map((store) => store.stop()));
  stores.clear();
  await rm(folder, { recursive: true });
});

async function open(codec: Codec | undefined, config: Omit<EmbeddedStoreConfig, "path" | "codec"> = {}): Promise<ScyllaDBStore> {
  const store = await ScyllaDBStore.embedded({ limits: PATIENT, ...config, path: join(folder, "memory.db"), ...(codec === undefined ? {} : { codec }) });
  stores.add(store);
  return store;
}

async function close(store: ScyllaDBStore): Promise<void> {
  stores.delete(store);
  await store.stop();
}

/** Returns all bytes on disk. */
async function bytesOnDisk(): Promise<Buffer> {
  return Buffer.concat(await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name)))));
}

const RICH = { text: "green tea, whispered", when: new Date(0), n: 7n, bytes: new Uint8Array([1, 2, 3]), deep: { set: new Set([1]) } };

describe("with a codec", () => {
  test("a value round-trips, is found by filter, keywords and listing, and is nowhere on disk in clear text", async () => {
    const store = await open(FIRST, { index: INDEX });
    await store.put(["users", "42"], "k", RICH);
    await store.put(["users", "42"], "other", { text: "iron", deep: { tag: "x" } });
    expect((await store.get(["users", "42"], "k"))?.value).toEqual(RICH);
    expect((await store.search(["users"], { filter: { "deep.tag": "x" } })).map(({ key }) => key)).toEqual(["other"]);
    expect((await store.search(["users"], { query: "green tea, whispered" }))[0]?.value).toEqual(RICH);
    const near = await store.search(["users"], { query: "iron", filter: { "deep.tag": "x" } });
    expect(near.map(({ key }) => key)).toEqual(["other"]);
    await close(store);
    const disk = await bytesOnDisk();
    expect(disk.includes("whispered")).toBe(false);
    expect(disk.includes("k1")).toBe(true);
  });

  test("acceptUnencrypted reads values that were stored without a codec, and encrypts each when it is written again", async () => {
    const clear = await open(undefined);
    await clear.put(["a"], "k", { text: "whispered" });
    await clear.put(["a"], "other", { text: "shouted" });
    await close(clear);
    const migrating = await open(aesGcmCodec({ keys: { k1: KEYS.k1 }, current: "k1", acceptUnencrypted: true }));
    expect((await migrating.get(["a"], "k"))?.value).toEqual({ text: "whispered" });
    await migrating.put(["a"], "k", { text: "murmured" });
    expect((await migrating.get(["a"], "k"))?.value).toEqual({ text: "murmured" });
    await close(migrating);
    const strict = await open(FIRST);
    expect((await strict.get(["a"], "k"))?.value).toEqual({ text: "murmured" });
    expect(await rejectionOf(strict.get(["a"], "other"))).toMatchObject({ code: "CODEC" });
  });

  test("a value that was stored without the codec is an error: in a get, in a search, and after a repair", async () => {
    const clear = await open(undefined, { index: INDEX });
    await clear.put(["a"], "k", { text: "whispered" });
    await close(clear);
    const strict = await open(FIRST, { index: INDEX });
    await strict.put(["a"], "sound", { text: "spoken" });
    for (let round = 0; round < 2; round += 1) {
      const error = await rejectionOf(strict.get(["a"], "k"));
      expect(error).toMatchObject({ name: "CodecError", code: "CODEC" });
      expect(error.message).toContain("acceptUnencrypted");
      for (const options of [{}, { filter: { text: { $exists: true } } }, { query: "whispered" }]) {
        const found = await strict.search(["a"], options);
        expect(found.map(({ key }) => key), JSON.stringify(options)).toEqual(["sound"]);
        expect(found.info.unreadable).toBe(1);
      }
      expect(await strict.repair()).toMatchObject({ unreadable: 1, failed: 0 });
    }
    await strict.put(["a"], "k", { text: "again" });
    expect((await strict.get(["a"], "k"))?.value).toEqual({ text: "again" });
  });

  test("a TTL refresh encrypts the value for its new expiry, and a repair leaves it unchanged", async () => {
    let encoded = 0;
    const counting: Codec = {
      encode: (bytes, context) => {
        encoded += 1;
        return FIRST.encode(bytes, context);
      },
      decode: (bytes, context) => FIRST.decode(bytes, context),
    };
    const store = await open(counting, { index: INDEX });
    await store.put(["a"], "k", RICH, undefined, { ttl: 10 });
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      vi.setSystemTime(Date.now() + 6 * 60_000);
      await store.get(["a"], "k");
      await expect.poll(() => store.stats().ttlRefresh.written).toBe(1);
      // After its first expiry.
      vi.setSystemTime(Date.now() + 6 * 60_000);
      expect((await store.get(["a"], "k", { refreshTtl: false }))?.value).toEqual(RICH);
      expect(await store.repair()).toMatchObject({ examined: 1, unreadable: 0, missing: 0 });
      expect((await store.get(["a"], "k", { refreshTtl: false }))?.value).toEqual(RICH);
    } finally {
      vi.useRealTimers();
    }
    expect(encoded).toBe(2);
  });

  test("after a key rotation old values are readable, and new ones use the current key", async () => {
    const before = await open(FIRST);
    await before.put(["a"], "old", { n: 1 });
    await close(before);
    const after = await open(BOTH);
    await after.put(["a"], "young", { n: 2 });
    expect((await after.search(["a"])).map(({ value }) => value)).toEqual([{ n: 1 }, { n: 2 }]);
    await close(after);
    const withoutNew = await open(FIRST);
    expect((await withoutNew.get(["a"], "old"))?.value).toEqual({ n: 1 });
    const error = await rejectionOf(withoutNew.get(["a"], "young"));
    expect(error).toMatchObject({ name: "CodecError", code: "CODEC", details: { keyId: "k2" } });
  });

  test("a key can be a secret reference, and an unresolvable one fails the start by name", async () => {
    await writeFile(join(folder, "key"), `${KEYS.k1.toString("base64")}\n`);
    const codec = aesGcmCodec({ keys: { k1: `file://${join(folder, "key")}` }, current: "k1" });
    const store = await open(codec);
    await store.put(["a"], "k", { n: 1 });
    await close(store);
    expect((await (await open(FIRST)).get(["a"], "k"))?.value).toEqual({ n: 1 });
    const missing = aesGcmCodec({ keys: { k9: `file://${join(folder, "none")}` }, current: "k9" });
    const error = await rejectionOf(ScyllaDBStore.embedded({ path: ":memory:", codec: missing }));
    expect(error.message).toContain("codec.keys.k9");
  });

  test("a custom codec can be asynchronous, and its errors fail only their operation", async () => {
    const picky: Codec = {
      async encode(bytes, { key }) {
        await Promise.resolve();
        if (key === "throws") throw new Error("vault sealed");
        if (key === "wrong") return "text" as unknown as Uint8Array;
        return Buffer.from(bytes).reverse();
      },
      decode: (bytes) => Promise.resolve(Buffer.from(bytes).reverse()),
    };
    const store = await open(picky, { reconcile: { flushMs: 0 } });
    const error = await rejectionOf(
      store.batch(["good", "throws", "wrong"].map((key) => ({ namespace: ["a"], key, value: { key } }))),
    );
    expect(error).toMatchObject({
      outcomes: [{ status: "fulfilled" }, { status: "rejected", reason: { code: "CODEC" } }, { status: "rejected", reason: { code: "CODEC" } }],
    });
    expect(error.message).toContain("vault sealed Nothing was saved.");
    expect((await store.search(["a"])).map(({ value }) => value)).toEqual([{ key: "good" }]);
    expect((await store.reconcile()).watched).toBe(0);
  });
});

describe("an item that was changed in the database", () => {
  /** A changed cell of the items table; `null` keeps it unchanged. */
  type Change = (header: Record<string, unknown>, value: Buffer, cells: ReadonlyMap<string, Buffer>) => Buffer | null;

  const cellOf = (header: Record<string, unknown>, value: Buffer): Buffer => Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), value]);
  const parts = (cell: Buffer): [Record<string, unknown>, Buffer] => {
    const end = cell.indexOf("\n");
    return [JSON.parse(cell.toString("utf8", 0, end)) as Record<string, unknown>, cell.subarray(end + 1)];
  };

  /** Reads the cells of the records from the file. */
  function readCells(use: (database: DatabaseSync, cells: Map<string, Buffer>) => void): void {
    const database = new DatabaseSync(join(folder, "memory.db"));
    try {
      const rows = database.prepare("SELECT CAST(key AS TEXT) AS key, record FROM items").all() as { key: string; record: Uint8Array }[];
      use(database, new Map(rows.map(({ key, record }) => [key, Buffer.from(record)])));
    } finally {
      database.close();
    }
  }

  const CHANGES: [string, Change][] = [
    ["its kind", (header, value) => cellOf({ ...header, k: "t" }, value)],
    ["its creation time", (header, value) => cellOf({ ...header, c: (header["c"] as number) - 1_000 }, value)],
    ["its version", (header, value) => cellOf({ ...header, v: (header["v"] as number) + 1_000 }, value)],
    ["its expiry", (header, value) => cellOf({ ...header, x: Date.now() + 3_600_000 }, value)],
    ["no expiry any more", (header, value) => cellOf(Object.fromEntries(Object.entries(header).filter(([name]) => name !== "x")), value)],
    ["its time to live", (header, value) => cellOf({ ...header, t: 1_000 }, value)],
    ["the format of one without a codec", (header, value) => cellOf({ ...header, r: 1 }, value)],
    ["an unencrypted value", (header) => cellOf({ ...header, r: 1 }, Buffer.from('{"n":2}'))],
    ["the value of another item", (header, _value, cells) => cellOf(header, parts(cells.get("other") as Buffer)[1])],
  ];

  test.each(CHANGES)("to have %s fails with a typed error, not a value", async (_what, change) => {
    const store = await open(FIRST);
    await store.put(["a"], "k", { n: 1 }, undefined, { ttl: 60 });
    await store.put(["a"], "other", { n: 1 }, undefined, { ttl: 60 });
    await close(store);
    readCells((database, cells) => {
      const changed = change(...parts(cells.get("k") as Buffer), cells);
      database.prepare("UPDATE items SET record = ? WHERE CAST(key AS TEXT) = 'k'").run(changed);
    });
    const reopened = await open(FIRST);
    expect(await rejectionOf(reopened.get(["a"], "k"))).toMatchObject({ name: "CodecError", code: "CODEC" });
    const found = await reopened.search(["a"]);
    expect(found.map(({ key }) => key)).toEqual(["other"]);
    expect(found.info.unreadable).toBe(1);
  });

  test("to have the value of an older version of itself fails with a typed error", async () => {
    const store = await open(FIRST);
    await store.put(["a"], "k", { n: 1 });
    await close(store);
    let older = Buffer.alloc(0);
    readCells((_database, cells) => ([, older] = parts(cells.get("k") as Buffer) as [unknown, Buffer<ArrayBuffer>]));
    const second = await open(FIRST);
    await second.put(["a"], "k", { n: 2 });
    await close(second);
    readCells((database, cells) => {
      const [header] = parts(cells.get("k") as Buffer);
      database.prepare("UPDATE items SET record = ?").run(cellOf(header, older));
    });
    const third = await open(FIRST);
    expect(await rejectionOf(third.get(["a"], "k"))).toMatchObject({ name: "CodecError", code: "CODEC" });
  });
});

describe("an item whose key is missing", () => {
  async function mixed(codec: Codec | undefined): Promise<ScyllaDBStore> {
    const store = await open(BOTH, { index: INDEX });
    await store.put(["a"], "lost", { text: "green tea", n: 1 });
    await close(store);
    const other = await open(FIRST, { index: INDEX });
    await other.put(["a"], "there", { text: "green tea leaves", n: 1 });
    await other.put(["b"], "there", { text: "iron", n: 1 });
    if (codec === FIRST) return other;
    await close(other);
    return open(codec, { index: INDEX });
  }

  test("fails only its own get", async () => {
    const store = await mixed(FIRST);
    const error = await rejectionOf(store.batch([{ namespace: ["a"], key: "lost" }, { namespace: ["a"], key: "there" }]));
    expect(error).toMatchObject({
      outcomes: [{ status: "rejected", reason: { details: { keyId: "k2" } } }, { status: "fulfilled", value: { key: "there" } }],
    });
  });

  test("is omitted from searches, which report it", async () => {
    const store = await mixed(FIRST);
    const emitted: string[] = [];
    store.on("values-unreadable", ({ cause }) => emitted.push(cause));
    for (const options of [{}, { filter: { n: 1 } }, { query: "green tea" }, { query: "green tea", filter: { n: 1 } }]) {
      const found = await store.search(["a"], options);
      expect(found.map(({ key }) => key)).toEqual(["there"]);
      expect(found.info.unreadable).toBe(1);
    }
    expect((await store.search(["b"])).info.unreadable).toBe(0);
    expect(emitted).toHaveLength(4);
    expect(emitted[0]).toContain('"k2"');
  });

  test("is counted and not changed by a repair, and can be deleted or written again", async () => {
    const store = await mixed(FIRST);
    expect(await store.repair()).toMatchObject({ examined: 2, unreadable: 1, orphaned: 0, failed: 0 });
    await store.put(["a"], "lost", { text: "new" });
    expect((await store.get(["a"], "lost"))?.value).toEqual({ text: "new" });
    await store.delete(["a"], "lost");
    expect(await store.get(["a"], "lost")).toBeNull();
  });

  test("in a store without a codec fails with an error that asks for one", async () => {
    const store = await mixed(undefined);
    const error = await rejectionOf(store.get(["a"], "there"));
    expect(error).toMatchObject({ code: "CODEC" });
    expect(error.message).toContain("this store has none");
    expect((await store.search(["a"])).info.unreadable).toBe(2);
  });
});

describe("a key that is a secret reference", () => {
  const written = (key: Buffer): Promise<void> => writeFile(join(folder, "key"), key.toString("base64"));

  test("is loaded by a reload with the same configuration after its file changed, and is named", async () => {
    await written(KEYS.k1);
    const codec = aesGcmCodec({ keys: { k: `file://${join(folder, "key")}` }, current: "k" });
    const config = { path: join(folder, "memory.db"), codec, limits: PATIENT };
    const store = await open(codec);
    await store.put(["a"], "first", { n: 1 });
    expect(await store.reload(config)).toEqual({ changed: [] });
    await written(KEYS.k2);
    const emitted = vi.fn();
    for (const type of ["config-reloaded", "secret-rotated"] as const) store.on(type, emitted);
    expect(await store.reload(config)).toEqual({ changed: ["codec.keys.k"] });
    expect(emitted.mock.calls).toEqual([[{ type: "config-reloaded", changed: ["codec.keys.k"] }]]);
    await store.put(["a"], "second", { n: 2 });
    await close(store);
    const other = await open(aesGcmCodec({ keys: { k: KEYS.k2 }, current: "k" }));
    expect((await other.get(["a"], "second"))?.value).toEqual({ n: 2 });
  });

  test("stays active if the file contains none, or if the reload is refused", async () => {
    await written(KEYS.k1);
    const codec = aesGcmCodec({ keys: { k: `file://${join(folder, "key")}` }, current: "k" });
    const config = { path: join(folder, "memory.db"), codec };
    const store = await open(codec);
    await store.put(["a"], "first", { n: 1 });
    await writeFile(join(folder, "key"), "no key");
    await expect(store.reload(config)).rejects.toMatchObject({ code: "CONFIGURATION" });
    await written(KEYS.k2);
    const audit = { file: { path: join(folder, "key", "audit") } };
    await expect(store.reload({ ...config, audit })).rejects.toThrow();
    expect((await store.get(["a"], "first"))?.value).toEqual({ n: 1 });
  });
});
