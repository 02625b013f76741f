/** Maintenance of a local file: sweeps, scans and the namespace registry. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Connection } from "../../src/backends/sqlite/connection.ts";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { GenerationStore } from "../../src/backends/sqlite/generation-store.ts";
import { NamespaceTable } from "../../src/backends/sqlite/namespace-table.ts";
import { Sweep } from "../../src/backends/sqlite/sweep.ts";
import { ClosedError, ValidationError } from "../../src/model/errors.ts";
import type { ItemRecord } from "../../src/model/item.ts";
import { CLOCK_TOLERANCE_MS } from "../../src/model/ttl.ts";
import type { VectorIndex } from "../../src/ports/vector-index.ts";
import { present, rejectionOf, upTo } from "../../src/testing/expectations.ts";
import { flagsBelow, plain, putAll, recordOf, registeredBelow } from "../../src/testing/records.ts";
import { scanAll } from "../../src/testing/scans.ts";

const DIMS = 3;
const VECTOR = [1, 2, 3];

/** Time after which data that is written or expires now may be deleted. */
const LONG = CLOCK_TOLERANCE_MS + 60_000;

/** A clock that the test advances. */
class StandingClock {
  #time = Date.now();

  readonly now = (): number => this.#time;

  advance(ms: number): void {
    this.#time += ms;
  }
}

/** Returns a backend on its own file and its clock; deleted when the test ends. */
async function start() {
  const directory = await mkdtemp(join(tmpdir(), "sqlite-upkeep-"));
  const path = join(directory, "store.db");
  const clock = new StandingClock();
  const backend = new SqliteBackend({ path, dims: DIMS, now: clock.now });
  onTestFinished(async () => {
    await backend.stop();
    await rm(directory, { recursive: true });
  });
  await backend.start();
  return { backend, items: backend.items, vectors: present(backend.vectors), clock, path };
}

/** Writes the vectors of records, `count` each. */
async function score(vectors: VectorIndex, records: readonly ItemRecord[], count = 1): Promise<void> {
  const points = records.map((record) => ({ ...record, vectors: upTo(count).map(() => VECTOR), termWeights: null, value: {} }));
  const outcomes = await vectors.upsert(points);
  expect(outcomes.map(({ status }) => status)).toEqual(points.map(() => "fulfilled"));
}

/** Changes the file directly. */
function behind<T>(path: string, work: (connection: Connection) => T): T {
  const connection = new Connection(path);
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

/** Rows of each table, and vectors. */
function rowsOf(path: string): Record<string, number> {
  const counts = {
    items: "SELECT count(*) FROM items",
    points: "SELECT count(*) FROM points",
    vectors: "SELECT coalesce(sum(length(vectors) / 4 / dims), 0) FROM points",
    namespaces: "SELECT count(*) FROM namespaces",
  };
  return behind(path, (connection) => Object.fromEntries(Object.entries(counts).map(([name, sql]) => [name, connection.number(sql)])));
}

describe("a sweep", () => {
  test("deletes only items that expired or were deleted longer ago than clocks can differ, with their vectors", async () => {
    const { items, vectors, clock, path } = await start();
    const now = clock.now();
    const [live, renewed] = [recordOf("a", "live"), recordOf("a", "renewed", { expiresAt: now + 1_000 })];
    const ended = upTo(20).map((n) => recordOf(`a.${n}`, "ended", { expiresAt: now + 1_000 }));
    const later = recordOf("a", "later", { expiresAt: now + 60_000 });
    const deleted = recordOf("a", "deleted", { version: now * 1_000 });
    const all = [live, renewed, later, deleted, ...ended];
    await putAll(items, all);
    await score(vectors, all, 3);
    const marker = recordOf("a", "deleted", { value: null, vectorCount: 0, version: (now + 1_000) * 1_000 });
    await putAll(items, [marker, { ...renewed, expiresAt: now + 60_000 }]);
    clock.advance(CLOCK_TOLERANCE_MS + 999);
    expect(await items.sweep(1_000)).toBe(0);
    clock.advance(1);
    expect(await items.sweep(1_000)).toBe(21);
    expect((await items.get([...all, marker])).map((record) => record?.key)).toEqual([
      ...["live", "renewed", "later", undefined],
      ...upTo(21).map(() => undefined),
    ]);
    expect(rowsOf(path)).toMatchObject({ items: 3, points: 3, vectors: 9 });
    expect(await items.sweep(1_000)).toBe(0);
    clock.advance(60_000);
    expect(await items.sweep(1_000)).toBe(2);
    expect(rowsOf(path)).toMatchObject({ items: 1, points: 1, vectors: 3 });
  });

  test("keeps the marker of a fast clock until a slow clock has passed it", async () => {
    const { items, clock } = await start();
    const marker = recordOf("a", "key", { value: null, version: (Date.now() + 600_000) * 1000 });
    await putAll(items, [marker]);
    clock.advance(CLOCK_TOLERANCE_MS + 590_000);
    expect(await items.sweep(10)).toBe(0);
    expect((await items.get([marker])).map(plain)).toEqual([plain(marker)]);
    clock.advance(20_000);
    expect(await items.sweep(10)).toBe(1);
  });

  test("deletes the marker of a record that had a TTL", async () => {
    const { items, clock, path } = await start();
    await putAll(items, [recordOf("a", "key", { value: null, expiresAt: Date.now() })]);
    clock.advance(LONG);
    expect(await items.sweep(10)).toBe(1);
    expect(rowsOf(path)).toMatchObject({ items: 0 });
  });

  test("deletes vectors that never had a record, and keeps those whose record came later", async () => {
    const { items, vectors, path } = await start();
    const [lone, early, usual] = ["lone", "early", "usual"].map((key) => recordOf("a", key));
    await score(vectors, [present(lone), present(early)], 2);
    await putAll(items, [present(early), present(usual)]);
    await score(vectors, [present(usual)]);
    expect(await items.sweep(10)).toBe(1);
    expect(await vectors.stored([present(lone), present(early), present(usual)])).toMatchObject([
      null,
      { writeId: present(early).writeId },
      { writeId: present(usual).writeId },
    ]);
    expect(rowsOf(path)).toMatchObject({ points: 2, vectors: 3 });
    expect(await items.sweep(10)).toBe(0);
  });

  test("deletes vectors that arrived after the sweep of their record", async () => {
    const { items, vectors, clock, path } = await start();
    const record = recordOf("a", "key", { expiresAt: Date.now() });
    await putAll(items, [record]);
    clock.advance(LONG);
    expect(await items.sweep(10)).toBe(1);
    await score(vectors, [record]);
    expect(await items.sweep(10)).toBe(1);
    expect(rowsOf(path)).toMatchObject({ points: 0, vectors: 0 });
  });

  test("deletes exactly its limit, including orphans", async () => {
    const { items, vectors, clock, path } = await start();
    const expiresAt = Date.now();
    await putAll(items, upTo(30).map((n) => recordOf("a", `${n}`, n % 2 === 0 ? { expiresAt } : { value: null })));
    await score(vectors, upTo(10).map((n) => recordOf("b", `${n}`)));
    clock.advance(LONG);
    const removed: number[] = [];
    do removed.push(await items.sweep(12));
    while (removed.at(-1) !== 0);
    expect(removed).toEqual([12, 12, 12, 4, 0]);
    await putAll(items, upTo(1_300).map((n) => recordOf("a", `${n}`, { expiresAt })));
    for (const [limit, expected] of [[0, 0], [700, 700], [700, 600], [700, 0]] as const) {
      expect(await items.sweep(limit)).toBe(expected);
    }
    expect(rowsOf(path)).toMatchObject({ items: 0, points: 0, vectors: 0 });
  });

  test("lets other calls read and write in between, for any amount of data", async () => {
    const { items, vectors, clock, path } = await start();
    const expiresAt = Date.now();
    for (const part of upTo(8)) {
      const records = upTo(1_000).map((n) => recordOf(`a.${part}`, `${n}`, { expiresAt }));
      await putAll(items, records);
      await score(vectors, records, 4);
    }
    clock.advance(LONG);
    let isSwept = false;
    const sweeping = items.sweep(100_000).finally(() => (isSwept = true));
    let writes = 0;
    for (; !isSwept; writes += 1) await putAll(items, [recordOf("b", `${writes}`)]);
    expect(await sweeping).toBe(8_000);
    expect(writes).toBeGreaterThan(5);
    expect(rowsOf(path)).toMatchObject({ items: writes, points: 0, vectors: 0 });
  });

  test("ends a long transaction and continues in another", async () => {
    const { items, clock, path } = await start();
    await putAll(items, upTo(10).map((n) => recordOf("a", `${n}`, { expiresAt: clock.now() })));
    const request = { before: clock.now(), limit: 1_000 };
    behind(path, (connection) => {
      let uptime = 0;
      const generations = new GenerationStore(connection, new NamespaceTable(connection), { path, vectorCacheBytes: 1_000_000 });
      // Each removal takes six milliseconds.
      const sweep = new Sweep(connection, generations, () => (uptime += 6));
      expect(sweep.run(request)).toEqual({ removed: 4, isDone: false });
      expect(sweep.run(request)).toEqual({ removed: 4, isDone: false });
      expect(sweep.run(request)).toEqual({ removed: 2, isDone: true });
    });
    expect(rowsOf(path)).toMatchObject({ items: 0 });
  });

  test("deletes everything once if two run concurrently", async () => {
    const { items, clock, path } = await start();
    const other = new SqliteBackend({ path, dims: DIMS, now: clock.now });
    onTestFinished(() => other.stop());
    await other.start();
    const expiresAt = Date.now();
    await putAll(items, upTo(2_000).map((n) => recordOf("a", `${n}`, { expiresAt })));
    clock.advance(LONG);
    const removed = await Promise.all([items.sweep(10_000), other.items.sweep(10_000)]);
    expect(removed.reduce((sum, each) => sum + each, 0)).toBe(2_000);
    expect(rowsOf(path)).toMatchObject({ items: 0 });
  });
});

describe("a scan", () => {
  test("ends its pages early if values are large", async () => {
    const { items } = await start();
    const text = "x".repeat(4 * 1024 * 1024);
    const records = upTo(12).map((n) => recordOf("a", `${n}`, { value: { text } }));
    for (const record of records) await putAll(items, [record]);
    const parts = await scanAll((after) => items.scan(after, 1_000));
    expect(parts.map(({ found }) => found.length)).toEqual([4, 4, 4]);
    expect(parts.map(({ done }) => done)).toEqual([4 / 12, 8 / 12, 1]);
    expect(parts.flatMap(({ found }) => found).map(({ key }) => key)).toEqual(records.map(({ key }) => key));
  });

  test("omits records that cannot be decoded, and counts them", async () => {
    const { items, path } = await start();
    await putAll(items, upTo(9).map((n) => recordOf("a", `${n}`)));
    behind(path, (connection) => {
      const spoil = connection.writer("UPDATE items SET record = ? WHERE id = ?");
      spoil([Buffer.from("no record"), 2]);
      spoil([Buffer.from('{"r":99}\n{}'), 5]);
      spoil([Buffer.alloc(0), 9]);
    });
    const parts = await scanAll((after) => items.scan(after, 4));
    expect(parts.map(({ found, unreadable }) => [found.map(({ key }) => key).join(""), unreadable])).toEqual([
      ["023", 1],
      ["567", 1],
      ["", 1],
    ]);
  });

  test("ends at once on an empty file, and if the remaining rows are gone", async () => {
    const { items, vectors, clock } = await start();
    expect(await items.scan(null, 10)).toEqual({ found: [], unreadable: 0, next: null, done: 1 });
    expect(await vectors.scan(null, 10)).toEqual({ found: [], next: null, done: 1 });
    await putAll(items, [recordOf("a", "live")]);
    await putAll(items, upTo(5).map((n) => recordOf("a", `${n}`, { value: null })));
    const { next } = await items.scan(null, 2);
    clock.advance(LONG);
    expect(await items.sweep(10)).toBe(5);
    expect(await items.scan(next, 2)).toEqual({ found: [], unreadable: 0, next: null, done: 1 });
  });

  test.each(["", "x", "-1", "1.5", "9007199254740993", "{}"])("rejects %j as an invalid position", async (after) => {
    const { items, vectors } = await start();
    expect(await rejectionOf(items.scan(after, 1))).toBeInstanceOf(ValidationError);
    expect(await rejectionOf(vectors.scan(after, 1))).toBeInstanceOf(ValidationError);
  });
});

describe("the namespace registry", () => {
  const flagOf = async ({ items }: Pick<SqliteBackend, "items">): Promise<unknown> =>
    Object.values(await flagsBelow(items, "a"));

  test.each<[string, (tested: Awaited<ReturnType<typeof start>>) => Promise<void>, boolean]>([
    ["has no vectors", ({ items }) => putAll(items, [recordOf("a", "key")]), true],
    [
      "has those of another write",
      async ({ items, vectors }) => {
        const record = recordOf("a", "key");
        await putAll(items, [record]);
        await score(vectors, [record]);
        await putAll(items, [recordOf("a", "key")]);
      },
      true,
    ],
    [
      "has its vectors",
      async ({ items, vectors }) => {
        const record = recordOf("a", "key");
        await putAll(items, [record]);
        await score(vectors, [record]);
      },
      false,
    ],
    [
      "has ended",
      ({ items }) => putAll(items, [recordOf("a", "key", { vectorCount: 0, expiresAt: Date.now() - 60_000 })]),
      false,
    ],
    [
      "was deleted",
      async ({ items, vectors }) => {
        const record = recordOf("a", "other");
        await putAll(items, [record, recordOf("a", "key", { value: null })]);
        await score(vectors, [record]);
      },
      false,
    ],
  ])("has a flag taken off exactly where nothing lacks its vectors: the one item %s", async (_, make, expected) => {
    const tested = await start();
    await make(tested);
    await tested.items.markUnscored(["a"]);
    // Independent of times: the file has the rows.
    for (const asOf of [0, tested.clock.now() + 1_000_000]) await tested.items.clearUnscored(["a"], asOf);
    expect(await flagOf(tested)).toEqual([expected]);
  });

  test("is corrected for a thousand namespaces during writes to others", async () => {
    const { items, vectors } = await start();
    const records = upTo(1_000).map((n) => recordOf(`a.${n}`, "key"));
    await putAll(items, records);
    await items.markUnscored(records.map(({ namespace }) => namespace));
    await score(vectors, records.slice(0, 990));
    const clearing = items.clearUnscored(records.map(({ namespace }) => namespace), 0);
    await Promise.all([clearing, ...upTo(50).map((n) => putAll(items, [recordOf("b", `${n}`, { vectorCount: 0 })]))]);
    const flagged = await registeredBelow(items, "", { unscored: true });
    expect(flagged.sort()).toEqual([...upTo(10).map((n) => `a.${990 + n}`), "b"]);
  });

  test("deletes a namespace only when it has no record and no vector", async () => {
    const { items, vectors, clock, path } = await start();
    await putAll(items, [recordOf("a", "key", { value: null })]);
    await score(vectors, [recordOf("b", "lone")]);
    await items.markUnscored(["c", "not named"]);
    const paths = ["a", "b", "c", "never there"];
    await items.unregister(paths, clock.now() + 1_000_000);
    expect(rowsOf(path)).toMatchObject({ namespaces: 3 });
    clock.advance(LONG);
    expect(await items.sweep(10)).toBe(2);
    await items.unregister(paths, 0);
    expect(rowsOf(path)).toMatchObject({ namespaces: 1 });
    await items.unregister(["not named"], 0);
    // Row ids are reused: new data must not be found under an old name.
    await putAll(items, [recordOf("d", "key")]);
    expect(await registeredBelow(items, "")).toEqual(["d"]);
    expect(await items.get([{ namespace: "a", key: "key" }])).toEqual([null]);
  });
});

describe("points of expired items", () => {
  test("are found while their record exists, the longest expired first; those of deleted items are not", async () => {
    const { items, vectors } = await start();
    const now = Date.now();
    const records = [3, 1, 2].map((n) => recordOf("a", `${n}`, { expiresAt: now - 10_000 + n }));
    const unindexed = recordOf("a", "unindexed", { vectorCount: 0, expiresAt: now - 10_000 });
    const deleted = recordOf("a", "deleted", { expiresAt: now - 10_000 });
    await putAll(items, [...records, unindexed, deleted]);
    await score(vectors, [...records, deleted]);
    await putAll(items, [recordOf("a", "deleted", { value: null })]);
    const keys = async (limit: number): Promise<string[]> => (await vectors.expired(now, null, limit)).found.map(({ key }) => key);
    expect(await keys(10)).toEqual(["1", "2", "3"]);
    expect(await keys(2)).toEqual(["1", "2"]);
    expect(await keys(-1)).toEqual([]);
  });
});

test("after stop every maintenance call is rejected", async () => {
  const { backend, items, vectors } = await start();
  await backend.stop();
  for (const call of [
    () => items.scan(null, 1),
    () => items.listed([recordOf("a", "b")]),
    () => items.clearUnscored(["a"], 0),
    () => items.unregister(["a"], 0),
    () => items.sweep(1),
    () => vectors.scan(null, 1),
    () => vectors.expired(0, null, 1),
  ]) {
    expect(await rejectionOf(call())).toBeInstanceOf(ClosedError);
  }
});
