/** Requests to Qdrant without a query: scans, expiries and their refresh. */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { collectionName } from "../../src/backends/qdrant/collection.ts";
import type { QdrantBackend } from "../../src/backends/qdrant/index.ts";
import { pointId } from "../../src/backends/qdrant/point.ts";
import type { VectorPoint } from "../../src/ports/vector-index.ts";
import { present, upTo } from "../../src/testing/expectations.ts";
import { scanAll } from "../../src/testing/scans.ts";
import { pointOf } from "../support/points.ts";
import { DIMS, qdrantBackends, using } from "../support/qdrant-backends.ts";
import { dropCollections, qdrantClient, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const { backend } = qdrantBackends(servers);
const client = qdrantClient(servers);

/** A separate collection for the tests of a group. */
function newCollection() {
  const alias = uniqueName("points");
  let vectors: QdrantBackend | undefined;
  beforeAll(async () => {
    vectors = backend(alias);
    await vectors.start();
  });
  afterAll(async () => {
    await vectors?.stop();
    await dropCollections(servers, alias);
  });
  return { name: collectionName(alias, { model: "test", dims: DIMS, metric: "cosine" }), vectors: () => present(vectors) };
}

/** A point with one vector. */
function ending(key: string, expiresAt: number | null, parts: Partial<VectorPoint> = {}): VectorPoint {
  return pointOf({ key, expiresAt, vectors: [[1, 0, 0, 0]], ...parts });
}

async function write(vectors: QdrantBackend, points: readonly VectorPoint[]): Promise<void> {
  const outcomes = await vectors.upsert(points);
  expect(outcomes.map(({ status }) => status)).toEqual(points.map(() => "fulfilled"));
}

describe("the expiry of an item in its payload", () => {
  const { name, vectors } = newCollection();

  async function endOf(key: string): Promise<unknown> {
    const [found] = await client.retrieve(name, { ids: [pointId(pointOf({ key, vectors: [] }))], with_payload: true });
    return present(found?.payload, "the payload")["expires_at"];
  }

  test("is in milliseconds, or absent", async () => {
    await write(vectors(), [ending("ends", 1_767_225_600_123), ending("stays", null)]);
    expect(await endOf("ends")).toBe(1_767_225_600_123);
    expect(await endOf("stays")).toBeUndefined();
  });

  test("is replaced together with its write", async () => {
    await write(vectors(), [ending("key", 1_000, { version: 1 })]);
    await write(vectors(), [ending("key", null, { version: 2 })]);
    expect(await endOf("key")).toBeUndefined();
  });

  test("is set, changed and deleted by refreshes, without another change of the point", async () => {
    await write(vectors(), [ending("renewed", null, { version: 5, writeId: "mine", value: { text: "kept" } })]);
    const [before] = await client.retrieve(name, { ids: [pointId({ namespace: "ns", key: "renewed" })], with_payload: true, with_vector: true });
    for (const expiresAt of [2_000, 3_000, null]) {
      await vectors().renew([{ namespace: "ns", key: "renewed", version: 5, expiresAt }]);
      expect(await endOf("renewed")).toBe(expiresAt ?? undefined);
    }
    const [after] = await client.retrieve(name, { ids: [pointId({ namespace: "ns", key: "renewed" })], with_payload: true, with_vector: true });
    expect(after).toEqual(before);
  });

  test("is indexed", async () => {
    await write(vectors(), [ending("indexed", 4_000)]);
    const { payload_schema: indexes } = await client.getCollection(name);
    expect(indexes["expires_at"]).toMatchObject({ data_type: "integer", params: { range: true, lookup: false } });
  });
});

describe("many refreshes", () => {
  const { vectors } = newCollection();

  test("are all written, equal or not, beyond the size of one request", async () => {
    const points = upTo(1_200).map((n) => ending(`${n}`, 1_000, { version: n < 600 ? 7 : n, writeId: `${n}` }));
    await write(vectors(), points);
    await vectors().renew(points.map((point, n) => ({ ...point, expiresAt: n % 3 === 0 ? null : 5_000 + (n % 2) })));
    const keys = async (now: number): Promise<number[]> =>
      (await vectors().expired(now, null, 5_000)).found.map(({ key }) => Number(key)).sort((a, b) => a - b);
    expect(await keys(4_999)).toEqual([]);
    expect(await keys(5_000)).toEqual(upTo(1_200).filter((n) => n % 3 !== 0 && n % 2 === 0));
    expect(await keys(5_001)).toEqual(upTo(1_200).filter((n) => n % 3 !== 0));
  });

  test("never change a point that a concurrent write re-created", async () => {
    const keys = upTo(200).map((n) => `raced ${n}`);
    await write(vectors(), keys.map((key) => ending(key, 9_000_000, { version: 1 })));
    await Promise.all(
      keys.flatMap((key) => [
        vectors().renew([{ namespace: "ns", key, version: 1, expiresAt: 1 }]),
        write(vectors(), [ending(key, null, { version: 2 })]),
      ]),
    );
    expect((await vectors().expired(10, null, 5_000)).found.filter(({ key }) => key.startsWith("raced"))).toEqual([]);
  });
});

describe("a scan", () => {
  const { name, vectors } = newCollection();

  test("omits points of other stores", async () => {
    await write(vectors(), upTo(30).map((n) => ending(`${n}`, 1_000)));
    const foreign = upTo(30).map((n) => ({ id: n + 1, vector: [[1, 0, 0, 0]], payload: { expires_at: 500, title: "theirs" } }));
    await client.upsert(name, { points: foreign, wait: true });
    const parts = await scanAll((after) => vectors().scan(after, 8));
    expect(parts.flatMap(({ found }) => found).map(({ key }) => Number(key)).sort((a, b) => a - b)).toEqual(upTo(30));
    expect(parts).toHaveLength(8);
    expect((await vectors().expired(1_000, null, 100)).found.every(({ namespace }) => namespace === "ns")).toBe(true);
  });

  test("has as many parts as there were points, and more when points are added", async () => {
    const first = await vectors().scan(null, 30);
    expect(first.done).toBeCloseTo(0.5, 1);
    await write(vectors(), upTo(300).map((n) => ending(`more ${n}`, null)));
    const parts = await scanAll((after) => vectors().scan(after ?? first.next, 30));
    expect(parts.every(({ done }) => done <= 1)).toBe(true);
    expect(parts.length).toBeGreaterThan(2);
  });

  test.each(["", "x", "{}", "null", "7"])("rejects %j as an invalid position", async (after) => {
    await expect(vectors().scan(after, 1)).rejects.toMatchObject({ code: "VALIDATION" });
  });
});

describe("after the vectors were lost", () => {
  test("scans, expiries and refreshes work during the rebuild", async () => {
    const lost = uniqueName("lost");
    await using(backend(lost), (vectors) => write(vectors, [ending("key", 1_000)]));
    await dropCollections(servers, lost);
    await using(backend(lost), async (vectors) => {
      expect(vectors.isComplete).toBe(false);
      expect(await vectors.scan(null, 10)).toEqual({ found: [], next: null, done: 1 });
      await write(vectors, [ending("key", 1_000)]);
      expect((await vectors.scan(null, 10)).found).toEqual([{ namespace: "ns", key: "key", version: 1, writeId: "w" }]);
      expect((await vectors.expired(1_000, null, 10)).found).toHaveLength(1);
      await vectors.renew([{ namespace: "ns", key: "key", version: 1, expiresAt: 2_000 }]);
      expect((await vectors.expired(1_000, null, 10)).found).toEqual([]);
    });
    await dropCollections(servers, lost);
  });

  test("a missing collection is an error, never an empty answer", async () => {
    const gone = uniqueName("gone");
    await using(backend(gone), async (vectors) => {
      await dropCollections(servers, gone);
      const unavailable = { code: "UNAVAILABLE", retryable: true };
      await expect(vectors.scan(null, 10)).rejects.toMatchObject(unavailable);
      await expect(vectors.expired(1_000, null, 10)).rejects.toMatchObject(unavailable);
      await expect(vectors.renew([{ namespace: "ns", key: "key", version: 1, expiresAt: 1 }])).rejects.toMatchObject(unavailable);
    });
    await expect(backend(gone).scan(null, 10)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
