/** Behavior specific to Qdrant: the collection, conditional writes, filters as a superset, mapped failures. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import fc from "fast-check";
import { itemId, pointOf } from "../support/points.ts";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { QdrantClient } from "../../src/backends/qdrant/client.ts";
import { collectionName } from "../../src/backends/qdrant/collection.ts";
import type { QdrantBackend } from "../../src/backends/qdrant/index.ts";
import { pointId } from "../../src/backends/qdrant/point.ts";
import { matchesFilter } from "../../src/model/filter-match.ts";
import { parseFilter } from "../../src/model/filter.ts";
import type { DistanceMetric } from "../../src/model/distance-metric.ts";
import type { Value } from "../../src/model/item.ts";
import type { KeywordLanguage } from "../../src/model/keyword-language.ts";
import { refuseWhileLost } from "../../src/resilience/lost-vectors.ts";
import { vectorMetricSuite } from "../../src/testing/vector-index-metric.ts";
import { vectorIndexSuite } from "../../src/testing/vector-index-suite.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { DIMS, qdrantBackends, using } from "../support/qdrant-backends.ts";
import { dropCollections, qdrantClient, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const { backend, forget } = qdrantBackends(servers);

/** A started backend for a suite, on a collection of its own. */
async function opened(purpose: string, language?: KeywordLanguage | null, metric?: DistanceMetric) {
  const collection = uniqueName(purpose);
  const vectors = backend(collection, {}, "auto", language, metric);
  await vectors.start();
  return {
    vectors,
    items: null,
    async dispose() {
      await vectors.stop();
      await dropCollections(servers, collection);
    },
  };
}

vectorIndexSuite({
  keywords: true,
  name: "Qdrant",
  dims: DIMS,
  create: () => opened("suite"),
});

vectorMetricSuite({
  name: "Qdrant",
  dims: DIMS,
  create: (metric) => opened(metric, null, metric),
});

describe("concurrent queries", () => {
  const collection = uniqueName("moment");
  afterAll(() => dropCollections(servers, collection));

  test("performance pin: share requests, and each has its own result or failure", async () => {
    await using(backend(collection), async (vectors) => {
      const namespaces = Array.from({ length: 40 }, (_, n) => `tenant-${n}`);
      const points = namespaces.flatMap((namespace) =>
        [0, 1, 2].map((n) => pointOf({ ...itemId({ namespace, key: `${namespace} ${n}` }), vectors: [[1, n, 0, 0]] })),
      );
      await vectors.upsert(points);
      const request = vi.spyOn(QdrantClient.prototype, "request");
      const ask = (prefix: string, vector = [1, 0, 0, 0], limit = 2) => vectors.query({ vector, prefix, filter: null, limit });
      const wrong = expect(ask("tenant-0", [1, 0])).rejects.toMatchObject({ code: "VALIDATION" });
      // Qdrant rejects an entire request that contains such a query.
      const refused = expect(ask("tenant-0", [1, 0, 0, 0], 0)).rejects.toMatchObject({ retryable: false });
      const answers = await Promise.all(namespaces.map((namespace) => ask(namespace)));
      await Promise.all([wrong, refused]);
      const keys = answers.map((hits) => hits.map(({ key }) => key));
      expect(keys).toEqual(namespaces.map((namespace) => [`${namespace} 0`, `${namespace} 1`]));
      expect(request.mock.calls.length).toBeLessThan(namespaces.length / 2);
      request.mockRestore();
    });
  });
});

describe("the collection", () => {
  const alias = uniqueName("setup");
  afterAll(() => dropCollections(servers, alias));

  test("is created by several processes concurrently, with payload indexes and a readable alias", async () => {
    await Promise.all(Array.from({ length: 4 }, () => using(backend(alias), async () => undefined)));
    const client = qdrantClient(servers);
    const name = collectionName(alias, { model: "test", dims: DIMS, metric: "cosine" });
    const { payload_schema: indexes, config } = await client.getCollection(name);
    expect(Object.keys(indexes).sort()).toEqual(["expires_at", "partial", "prefixes", "terms"]);
    expect(config.hnsw_config).toMatchObject({ m: 16, payload_m: 16 });
    expect((await client.getAliases()).aliases).toContainEqual({ alias_name: alias, collection_name: name });
  });

  test("uses the configured Qdrant settings", async () => {
    const laidOut = uniqueName("layout");
    const optimizers = { max_segment_size: 400_000, default_segment_number: 3 };
    const quantization = { scalar: { type: "int8", always_ram: true } };
    const layout = { m: 8, payloadM: 24, efConstruct: 64, onDiskVectors: true, optimizers, quantization };
    await using(backend(laidOut, { layout }), async () => undefined);
    const { config } = await qdrantClient(servers).getCollection(collectionName(laidOut, { model: "test", dims: DIMS, metric: "cosine" }));
    expect(config).toMatchObject({
      params: { vectors: { on_disk: true } },
      hnsw_config: { m: 8, payload_m: 24, ef_construct: 64 },
      optimizer_config: optimizers,
      quantization_config: quantization,
    });
    await dropCollections(servers, laidOut);
  });

  test('is used if it exists with setup "never", else the error names the fix', async () => {
    await using(backend(alias, {}, "never"), async (vectors) => {
      expect(await vectors.query({ vector: [1, 0, 0, 0], prefix: "", filter: null, limit: 1 })).toEqual([]);
    });
    await expect(using(backend(uniqueName("none"), {}, "never"), async () => undefined)).rejects.toMatchObject({
      code: "SCHEMA",
      message: expect.stringContaining('setup "auto"') as string,
    });
  });

  test("is rejected if the store did not create it", async () => {
    const foreign = uniqueName("foreign");
    const name = collectionName(foreign, { model: "test", dims: DIMS, metric: "cosine" });
    await qdrantClient(servers).createCollection(name, { vectors: { size: DIMS + 1, distance: "Dot" } });
    await expect(using(backend(foreign), async () => undefined)).rejects.toMatchObject({ code: "SCHEMA" });
    await dropCollections(servers, foreign);
  });

  test("is rejected if it belongs to another store", async () => {
    const shared = uniqueName("shared");
    await using(backend(shared), async () => undefined);
    forget(shared);
    await expect(using(backend(shared), async () => undefined)).rejects.toMatchObject({
      code: "SCHEMA",
      message: expect.stringContaining("another keyspace") as string,
    });
    await dropCollections(servers, shared);
  });

  test("answers no search after a loss until its rebuild completes", async () => {
    const lost = uniqueName("lost");
    const point = pointOf({ vectors: [[1, 0, 0, 0]] });
    const query = { vector: [1, 0, 0, 0], prefix: "", filter: null, limit: 1 };
    await using(backend(lost), (vectors) => vectors.upsert([point]));
    await dropCollections(servers, lost);
    await using(backend(lost), async (vectors) => {
      expect(vectors.isComplete).toBe(false);
      await expect(refuseWhileLost(vectors, vectors).query(query)).rejects.toMatchObject({ code: "UNAVAILABLE" });
      await vectors.upsert([point]);
      await vectors.complete();
      expect(await vectors.query(query)).toHaveLength(1);
    });
    await using(backend(lost), async (vectors) => expect(await vectors.query(query)).toHaveLength(1));
    await dropCollections(servers, lost);
  });

  test("is an error, never an empty answer, if it is missing", async () => {
    const gone = uniqueName("gone");
    await using(backend(gone), async (collection) => {
      const vectors = refuseWhileLost(collection, collection);
      await dropCollections(servers, gone);
      const query = vectors.query({ vector: [1, 0, 0, 0], prefix: "", filter: null, limit: 1 });
      await expect(query).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
      expect(collection.isUnavailable).toBe(true);
      await expect(vectors.upsert([pointOf({ vectors: [[1, 0, 0, 0]] })])).rejects.toMatchObject({ code: "UNAVAILABLE" });
    });
  });
});

describe("failures are mapped to errors of the store", () => {
  test("if the port is closed", async () => {
    await expect(using(backend("x", { url: "http://127.0.0.1:1" }), async () => undefined)).rejects.toMatchObject({
      code: "CONNECTION",
      retryable: true,
    });
  });

  test("if there is no answer in time", async () => {
    const mute = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const silent = backend("x", { url: `http://127.0.0.1:${port}`, requestTimeoutMs: 200 });
    await expect(using(silent, async () => undefined)).rejects.toMatchObject({ code: "TIMEOUT", retryable: true });
    mute.close();
  });
});

describe("writes of points", () => {
  const collection = uniqueName("writes");
  let vectors: QdrantBackend;
  beforeAll(async () => {
    vectors = backend(collection);
    await vectors.start();
  });
  afterAll(async () => {
    await vectors.stop();
    await dropCollections(servers, collection);
  });

  test("let an invalid point of a group fail alone", async () => {
    const outcomes = await vectors.upsert([
      pointOf({ key: "good", vectors: [[1, 0, 0, 0]] }),
      pointOf({ key: "short", vectors: [[1, 0]] }),
      pointOf({ key: "nan", vectors: [[1, 0, 0, Number.NaN]] }),
      pointOf({ key: "good too", vectors: [[0, 1, 0, 0]] }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
  });

  test("of a group with mixed versions replace only older points", async () => {
    const at = (key: string, version: number, x: number) => pointOf({ key, version, writeId: `w${version}`, vectors: [[x, 1, 0, 0]] });
    await vectors.upsert([at("a", 50, 1), at("b", 50, 1), at("c", 50, 1)]);
    await vectors.upsert([at("a", 10, 2), at("b", 60, 2), at("c", 50, 2), at("d", 5, 2)]);
    const stored = await qdrantClient(servers).retrieve(collectionName(collection, { model: "test", dims: DIMS, metric: "cosine" }), {
      ids: ["a", "b", "c", "d"].map((key) => pointId(itemId({ key }))),
      with_payload: ["key", "write_id"],
    });
    expect(Object.fromEntries(stored.map(({ payload }) => [payload?.["key"], payload?.["write_id"]]))).toEqual({
      a: "w50",
      b: "w60",
      c: "w50",
      d: "w5",
    });
  });

  test("with equal versions keep one point and report the other, unless it belongs to the record", async () => {
    const at = (writeId: string, x: number) => pointOf({ key: "tie", version: 7, writeId, vectors: [[x, 1, 0, 0]] });
    const statusOf = async (...args: Parameters<QdrantBackend["upsert"]>) => (await vectors.upsert(...args))[0];
    expect(await statusOf([at("first", 1)])).toMatchObject({ value: "stored" });
    expect(await statusOf([at("first", 1)])).toMatchObject({ value: "stored" });
    expect(await statusOf([at("second", 2)])).toMatchObject({ value: "contested" });
    expect(await vectors.stored([itemId({ key: "tie" }), itemId({ key: "none" })])).toEqual([{ version: 7, writeId: "first" }, null]);
    expect(await statusOf([at("second", 2)], { overEqual: true })).toMatchObject({ value: "stored" });
    expect(await vectors.stored([itemId({ key: "tie" })])).toEqual([{ version: 7, writeId: "second" }]);
  });

  test("keep a value from forging reserved payload fields", async () => {
    const namespace = uniqueName("forge");
    const forged = { ns: "victim", key: "other", prefixes: ["victim"], write_id: "x", version: 9e15, terms: ["a"], partial: true };
    await vectors.upsert([pointOf({ namespace, key: "mine", vectors: [[1, 0, 0, 0]], value: forged })]);
    const hits = await vectors.query({ vector: [1, 0, 0, 0], prefix: namespace, filter: null, limit: 5 });
    expect(hits.map((hit) => [hit.namespace, hit.key])).toEqual([[namespace, "mine"]]);
    expect(await vectors.query({ vector: [1, 0, 0, 0], prefix: "victim", filter: null, limit: 5 })).toEqual([]);
  });
});

describe("a filter sent to Qdrant matches at least all matching items", () => {
  const collection = uniqueName("filters");
  let vectors: QdrantBackend;
  beforeAll(async () => {
    vectors = backend(collection);
    await vectors.start();
  });
  afterAll(async () => {
    await vectors.stop();
    await dropCollections(servers, collection);
  });

  const name = fc.constantFrom("a", "b", "a.b", 'q"uote', "ü", "0", "$x", "with space", "back\\slash", "x".repeat(80));
  const scalar = fc.oneof(
    fc.constantFrom(null, true, false, "", "x", "y", "3", 0, -0, 3, 0.1 + 0.2, 1e21, 2 ** 53, Number.NaN, Infinity, -Infinity, 5e-324),
    fc.double(),
    fc.integer(),
    fc.string({ unit: "grapheme", maxLength: 80 }).filter((text) => text.isWellFormed()),
    fc.constantFrom(3n, new Date(0), new Date(1_700_000_000_000), new Uint8Array([1])),
  );
  const field = fc.oneof(
    { weight: 4, arbitrary: scalar },
    fc.dictionary(name, scalar, { maxKeys: 3, noNullPrototype: true }),
    fc.array(scalar, { maxLength: 3 }),
  );
  const value = fc.dictionary(name, field, { maxKeys: 4, noNullPrototype: true });
  const huge = fc.constant(Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`f${i}`, i])));
  const path = fc.oneof(name, fc.tuple(name, name).map((names) => names.join(".")), fc.constant("f399"));
  const bound = scalar.filter((each) => ["number", "string", "bigint"].includes(typeof each) && !Number.isNaN(each) || each instanceof Date);
  const test_ = fc.oneof(
    field.filter((each) => typeof each !== "object" || each === null || Object.keys(each).every((key) => !key.startsWith("$"))),
    fc.record({ $ne: scalar }),
    fc.record({ $in: fc.array(scalar, { maxLength: 3 }) }),
    fc.record({ $nin: fc.array(scalar, { maxLength: 3 }) }),
    fc.record({ $exists: fc.boolean() }),
    fc.record({ $gte: bound }),
    fc.record({ $gt: bound, $lte: bound }),
    fc.record({ $not: fc.record({ $lt: bound }) }),
  );
  const condition = fc.dictionary(path.filter((each) => !each.startsWith("$")), test_, { minKeys: 1, maxKeys: 2, noNullPrototype: true });
  const filter = fc.oneof(
    condition,
    fc.record({ $or: fc.array(condition, { minLength: 1, maxLength: 3 }) }),
    fc.record({ $not: condition }),
    fc.record({ $not: fc.record({ $and: fc.array(condition, { minLength: 1, maxLength: 2 }) }) }),
  );

  test("for random values and filters", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 9, arbitrary: value }, huge), { minLength: 1, maxLength: 12 }),
        fc.array(filter, { minLength: 1, maxLength: 8 }),
        async (values, filters) => {
          const namespace = uniqueName("ns");
          const outcomes = await vectors.upsert(
            values.map((each, i) => pointOf({ namespace, key: `${i}`, vectors: [[1, 0, 0, 0]], value: each })),
          );
          expect(outcomes.every(({ status }) => status === "fulfilled")).toBe(true);
          for (const each of filters) {
            const parsed = parseFilter(each);
            const hits = await vectors.query({ vector: [1, 0, 0, 0], prefix: namespace, filter: parsed, limit: 100 });
            const found = new Set(hits.map(({ key }) => key));
            const missing = values.flatMap((stored, i) => (matchesFilter(stored, parsed) && !found.has(`${i}`) ? [stored] : []));
            expect(missing).toEqual([]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test("and excludes what cannot match by equality, ranges and existence", async () => {
    const namespace = uniqueName("ns");
    const values: Value[] = [{ n: 1, t: "x" }, { n: 5, t: "y" }, { t: "y", at: new Date(1_000) }];
    await vectors.upsert(values.map((each, i) => pointOf({ namespace, key: `${i}`, vectors: [[1, 0, 0, 0]], value: each })));
    const keysFor = async (each: unknown): Promise<string[]> =>
      (await vectors.query({ vector: [1, 0, 0, 0], prefix: namespace, filter: parseFilter(each), limit: 9 }))
        .map(({ key }) => key)
        .sort();
    expect(await keysFor({ t: "y" })).toEqual(["1", "2"]);
    expect(await keysFor({ n: { $gt: 2 } })).toEqual(["1"]);
    expect(await keysFor({ n: { $exists: true } })).toEqual(["0", "1"]);
    expect(await keysFor({ at: { $lt: new Date(2_000) } })).toEqual(["2"]);
    expect(await keysFor({ $or: [{ n: 1 }, { t: { $in: ["z"] } }] })).toEqual(["0"]);
    expect(await keysFor({ $not: { t: { $nin: ["x"] } } })).toEqual(["0"]);
  });
});

describe("after Qdrant has built its graphs", () => {
  const collection = uniqueName("graph");
  const ITEMS = 9_000;
  let vectors: QdrantBackend;
  const vectorOf = (i: number): number[] => [Math.sin(i), Math.cos(i * 1.7), Math.sin(i * 0.3), Math.cos(i * 2.9)];

  beforeAll(async () => {
    vectors = backend(collection);
    await vectors.start();
    const client = qdrantClient(servers);
    const name = collectionName(collection, { model: "test", dims: DIMS, metric: "cosine" });
    // Build graphs at a size at which the defaults would still scan all points.
    await client.updateCollection(name, { optimizers_config: { indexing_threshold: 10 }, hnsw_config: { full_scan_threshold: 10 } });
    for (let start = 0; start < ITEMS; start += 500) {
      await vectors.upsert(
        Array.from({ length: 500 }, (_, j) => start + j).map((i) =>
          pointOf({ namespace: `t${i % 3}`, key: `${i}`, vectors: [vectorOf(i)], value: { odd: Math.floor(i / 3) % 2 === 1, rare: i % 1_500 === 0 } }),
        ),
      );
    }
    const isIndexed = async (): Promise<boolean> => ((await client.getCollection(name)).indexed_vectors_count ?? 0) > ITEMS / 2;
    await waitUntil("Qdrant to build its graphs", isIndexed);
  });
  afterAll(async () => {
    await vectors.stop();
    await dropCollections(servers, collection);
  });

  test.each([
    ["t0", { odd: true }, 1_500],
    ["t1", { odd: false }, 1_500],
    ["t0", { rare: true }, 6],
    ["", { odd: true }, 4_500],
  ])("below %j, the filter %j finds all matching items", async (prefix, filter, count) => {
    for (const vector of [vectorOf(1), vectorOf(77), [0, 0, 0, 1]]) {
      const hits = await vectors.query({ vector, prefix, filter: parseFilter(filter), limit: 5_000 });
      expect(hits).toHaveLength(count);
      const ten = await vectors.query({ vector, prefix, filter: parseFilter(filter), limit: Math.min(10, count) });
      expect(ten.map(({ key }) => key)).toEqual(hits.slice(0, ten.length).map(({ key }) => key));
    }
  });

  test("short pages are parts of one list, and a long one misses nothing", async () => {
    const query = { vector: vectorOf(5), prefix: "t1", filter: null };
    const keysOf = async (limit: number): Promise<string[]> => (await vectors.query({ ...query, limit })).map(({ key }) => key);
    const longest = await keysOf(60);
    for (const limit of [1, 10, 25, 59]) expect(await keysOf(limit)).toEqual(longest.slice(0, limit));
    expect(await keysOf(5_000)).toHaveLength(ITEMS / 3);
  });
});
