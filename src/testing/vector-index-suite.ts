import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isStoreError } from "../model/errors.ts";
import { parseFilter } from "../model/filter.ts";
import { matchesFilter } from "../model/filter-match.ts";
import { newWriteId, type Value } from "../model/item.ts";
import { isWithin, join } from "../model/namespace.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Vector, VectorHit, VectorIndex } from "../ports/vector-index.ts";
import { vectorDeadlineCases } from "./deadline-cases.ts";
import { present, rejectionOf, upTo } from "./expectations.ts";
import { noise } from "./noise.ts";
import { nextVersion } from "./records.ts";
import { Bench, type BenchContext as Context } from "./vector-bench.ts";
import { keywordCases } from "./vector-index-keywords.ts";
import { pointScanCases } from "./vector-index-scan.ts";

/** Options of the suite. */
export interface VectorIndexSuite {
  /** Name of the index in the report. */
  readonly name: string;
  /** Length of its vectors; at least 4. */
  readonly dims: number;
  /**
   * Creates an index, which may contain other data. Called twice: one index must be empty. With `items`, the suite first writes
   * the record of each point there, for an index that reads records.
   */
  create(): Promise<{
    readonly vectors: VectorIndex;
    readonly items: ItemRepository | null;
    dispose(): Promise<void>;
  }>;
  /** Whether the index is made with terms, for keyword search. */
  readonly keywords?: boolean;
  /** Timeout of a case, in milliseconds. 60,000 by default. */
  readonly timeoutMs?: number;
}

/** Scores may differ by what single precision loses. */
const PRECISION = 1e-5;

function cosine(a: Vector, b: Vector): number {
  const dot = a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}

const namesOf = (hits: readonly VectorHit[]): string[] => hits.map(({ namespace, key }) => `${namespace} ${key}`);

/**
 * Registers vitest cases that verify an index against the contract of `VectorIndex`. Each uses its own namespace.
 */
export function vectorIndexSuite(suite: VectorIndexSuite): void {
  describe(`${suite.name} keeps the contract of VectorIndex`, { timeout: suite.timeoutMs ?? 60_000 }, () => {
    let made: Awaited<ReturnType<VectorIndexSuite["create"]>> | undefined;
    let bench: Bench | undefined;
    beforeAll(async () => {
      made = await suite.create();
      bench = new Bench(suite.dims, made.vectors, made.items);
    }, 600_000);
    afterAll(async () => made?.dispose(), 600_000);
    const context: Context = () => ({
      bench: present(bench, "the index"),
      root: `suite-${randomUUID()}`,
    });
    emptyIndexCases(suite);
    scoreCases(context);
    writeCases(context);
    scopeCases(context);
    refusalCases(context);
    pointScanCases(context);
    if (suite.keywords === true) keywordCases(context);
    vectorDeadlineCases(context);
  });
}

/** The first search of an index that holds nothing must not hide what is written later. */
function emptyIndexCases(suite: VectorIndexSuite): void {
  test("a prefix that was searched while the index was empty finds what is written later", async () => {
    const made = await suite.create();
    try {
      const bench = new Bench(suite.dims, made.vectors, made.items);
      const root = `suite-${randomUUID()}`;
      expect(await bench.query(root, bench.vector(1))).toEqual([]);
      await bench.write([bench.point(root, "first", [bench.vector(1)])]);
      expect((await bench.query(root, bench.vector(1))).map(({ key }) => key)).toEqual(["first"]);
    } finally {
      await made.dispose();
    }
  });
}

function scoreCases(context: Context): void {
  describe("scores", () => {
    test("are the cosine of the angle, whatever the lengths", async () => {
      const { bench, root } = context();
      await bench.write([
        bench.point(root, "same", [bench.vector(2, 0)]),
        bench.point(root, "near", [bench.vector(3, 4)]),
        bench.point(root, "square", [bench.vector(0, 0, 7)]),
        bench.point(root, "opposite", [bench.vector(-0.5)]),
      ]);
      const hits = await bench.query(root, bench.vector(10));
      expect(hits.map(({ key }) => key)).toEqual(["same", "near", "square", "opposite"]);
      for (const [i, expected] of [1, 0.6, 0, -1].entries()) {
        expect(Math.abs(present(hits[i]).score - expected)).toBeLessThan(PRECISION);
        expect(Math.abs(present(hits[i]).score)).toBeLessThanOrEqual(1 + PRECISION);
      }
    });

    test("an item's is that of its best vector, and it stands once", async () => {
      const { bench, root } = context();
      const many = [bench.vector(1), bench.vector(0, 1), bench.vector(0, 0, 1), bench.vector(3, 4)];
      await bench.write([bench.point(root, "many", many), bench.point(root, "one", [bench.vector(1, 0.1)])]);
      for (const vector of many) {
        const hits = await bench.query(root, vector);
        expect(namesOf(hits).sort()).toEqual([`${root} many`, `${root} one`]);
        expect(Math.abs(present(hits.find(({ key }) => key === "many")).score - 1)).toBeLessThan(PRECISION);
      }
    });

    test("stored vectors are read by id, with their directions; null where there are none", async () => {
      const { bench, root } = context();
      await bench.write([bench.point(root, "one", [bench.vector(3, 4)]), bench.point(root, "two", [bench.vector(1), bench.vector(0, 0, 2)])]);
      const ids = ["two", "none", "one"].map((key) => ({ namespace: root, key }));
      const [two, none, one] = await bench.vectors.vectorsOf(ids);
      expect(none).toBeNull();
      expect(await bench.vectors.vectorsOf([])).toEqual([]);
      const directions = (vectors: readonly Vector[] | null | undefined, expected: readonly Vector[]): void => {
        for (const vector of expected) expect(Math.max(...(vectors ?? []).map((each) => cosine(each, vector)))).toBeGreaterThan(1 - PRECISION);
        for (const each of vectors ?? []) expect(Math.max(...expected.map((vector) => cosine(each, vector)))).toBeGreaterThan(1 - PRECISION);
      };
      directions(one, [bench.vector(3, 4)]);
      directions(two, [bench.vector(1), bench.vector(0, 0, 1)]);
    });

    test("an item of exactly two one-hot vectors is found by either and by nothing else", async () => {
      const { bench, root } = context();
      await bench.write([bench.point(root, "two", [bench.vector(1), bench.vector(0, 1)])]);
      for (const [vector, expected] of [
        [bench.vector(1), 1],
        [bench.vector(0, 1), 1],
        [bench.vector(0, 0, 1), 0],
        [bench.vector(1, 1), Math.SQRT1_2],
        [bench.vector(-1, -1), -Math.SQRT1_2],
      ] as const) {
        expect(Math.abs((await bench.scoreOf(root, vector)) - expected)).toBeLessThan(PRECISION);
      }
    });

    test("equal ones leave none out", async () => {
      const { bench, root } = context();
      const points = upTo(30).map((n) => bench.point(join(root, `n${n % 3}`), `key ${n}`, [bench.vector(0, 1)]));
      await bench.write(points);
      const hits = await bench.query(root, bench.vector(0, 5));
      expect(namesOf(hits).sort()).toEqual(points.map(({ namespace, key }) => `${namespace} ${key}`).sort());
    });

    test("rank many items as arithmetic does, best first", async () => {
      const { bench, root } = context();
      const numbers = noise(42);
      const vector = (): Vector => upTo(bench.dims).map(() => numbers.next().value);
      const points = upTo(120).map((n) => bench.point(root, `key ${n}`, upTo(1 + (n % 3)).map(vector)));
      await bench.write(points);
      for (const query of upTo(5).map(vector)) {
        const scores = points.map(({ vectors }) => Math.max(...vectors.map((each) => cosine(each, query))));
        const best = [...scores].sort((a, b) => b - a).slice(0, 15);
        const hits = await bench.query(root, query, { limit: 15 });
        expect(new Set(namesOf(hits)).size).toBe(15);
        for (const [i, { key, score }] of hits.entries()) {
          expect(Math.abs(score - present(best[i]))).toBeLessThan(PRECISION);
          const own = present(scores[points.findIndex((point) => point.key === key)]);
          expect(Math.abs(score - own)).toBeLessThan(PRECISION);
        }
      }
    });

    test("the best of a limit are returned; fewer means that there are no more", async () => {
      const { bench, root } = context();
      await bench.write(upTo(5).map((n) => bench.point(root, `${n}`, [bench.vector(1, n)])));
      const keys = async (limit: number): Promise<string[]> =>
        (await bench.query(root, bench.vector(1), { limit })).map(({ key }) => key);
      expect(await keys(1)).toEqual(["0"]);
      expect(await keys(3)).toEqual(["0", "1", "2"]);
      expect(await keys(5)).toEqual(["0", "1", "2", "3", "4"]);
      expect(await keys(50)).toEqual(["0", "1", "2", "3", "4"]);
    });
  });
}

function writeCases(context: Context): void {
  describe("writes", () => {
    test("empty calls do nothing", async () => {
      const { bench } = context();
      expect(await bench.vectors.upsert([])).toEqual([]);
      expect(await bench.vectors.remove([])).toEqual([]);
    });

    test("a hit says whose it is and which write it belongs to", async () => {
      const { bench, root } = context();
      for (const key of ["", "a\0b", "a.b", "😀", "é", "e\u0301", "x".repeat(3_000)]) {
        const namespace = join(root, `label ${key.replaceAll(".", ":")}`);
        const point = bench.point(namespace, key, [bench.vector(0, 0, 1)]);
        await bench.write([point]);
        const [hit] = await bench.query(namespace, bench.vector(0, 0, 1));
        expect(hit).toMatchObject({ namespace, key, writeId: point.writeId });
      }
    });

    test("a newer point replaces the older one with all its vectors", async () => {
      const { bench, root } = context();
      await bench.write([bench.point(root, "key", [bench.vector(1), bench.vector(0, 1), bench.vector(0, 0, 1)])]);
      const newer = bench.point(root, "key", [bench.vector(0, 1)]);
      await bench.write([newer]);
      const [hit] = await bench.query(root, bench.vector(1));
      expect(present(hit).writeId).toBe(newer.writeId);
      expect(Math.abs(present(hit).score)).toBeLessThan(PRECISION);
    });

    test("an older point that comes late changes nothing and succeeds", async () => {
      const { bench, root } = context();
      const older = bench.point(root, "key", [bench.vector(1)]);
      const newer = bench.point(root, "key", [bench.vector(0, 1)]);
      await bench.write([newer]);
      await bench.upsert([older]);
      const hits = await bench.query(root, bench.vector(0, 1));
      expect(hits).toHaveLength(1);
      expect(hits[0]).toMatchObject({ writeId: newer.writeId });
      expect(Math.abs(present(hits[0]).score - 1)).toBeLessThan(PRECISION);
    });

    test("writing a point again changes nothing", async () => {
      const { bench, root } = context();
      const point = bench.point(root, "key", [bench.vector(1), bench.vector(0, 1)]);
      await bench.write([point]);
      await bench.upsert([point]);
      expect(Math.abs((await bench.scoreOf(root, bench.vector(0, 1))) - 1)).toBeLessThan(PRECISION);
    });

    test("in one call, old and new points each have their own outcome", async () => {
      const { bench, root } = context();
      const older = ["a", "b", "c"].map((key) => bench.point(root, key, [bench.vector(1)]));
      const newer = bench.point(root, "b", [bench.vector(0, 1)]);
      await bench.write([newer]);
      await bench.record(older);
      await bench.upsert(older);
      const hits = await bench.query(root, bench.vector(0, 1));
      expect(hits.map(({ key }) => key).sort()).toEqual(["a", "b", "c"]);
      expect(hits[0]).toMatchObject({ key: "b", writeId: newer.writeId });
    });

    test("concurrent upserts of one item leave the newest", async () => {
      const { bench, root } = context();
      const points = upTo(20).map((n) => bench.point(root, "hot", [bench.vector(1, n)]));
      const newest = present(points.at(-1));
      await bench.record([newest]);
      const shuffled = [...points].sort((a, b) => (a.writeId < b.writeId ? -1 : 1));
      await Promise.all(shuffled.map((point) => bench.upsert([point])));
      const hits = await bench.query(root, bench.vector(1, 19));
      expect(hits).toHaveLength(1);
      expect(hits[0]).toMatchObject({ writeId: newest.writeId });
      expect(Math.abs(present(hits[0]).score - 1)).toBeLessThan(PRECISION);
    });

    test("remove deletes older points and the point of its write; removing a missing one succeeds", async () => {
      const { bench, root } = context();
      const points = ["kept", "own", "rival", "older"].map((key) => bench.point(root, key, [bench.vector(1)]));
      await bench.write(points);
      const [kept, own, rival, older] = points.map((point) => point);
      const writeId = newWriteId();
      const outcomes = await bench.vectors.remove([
        { namespace: root, key: "kept", version: present(kept).version - 1, writeId },
        { namespace: root, key: "own", version: present(own).version, writeId: present(own).writeId },
        { namespace: root, key: "rival", version: present(rival).version, writeId },
        { namespace: root, key: "never there", version: nextVersion(), writeId },
        { namespace: join(root, "nor here"), key: "x", version: nextVersion(), writeId },
        { namespace: root, key: "older", version: present(older).version + 1, writeId },
      ]);
      expect(outcomes).toEqual(upTo(6).map(() => ({ status: "fulfilled", value: undefined })));
      expect((await bench.query(root, bench.vector(1))).map(({ key }) => key).sort()).toEqual(["kept", "rival"]);
      const again = bench.point(root, "own", [bench.vector(1)]);
      await bench.write([again]);
      expect(await bench.query(root, bench.vector(1))).toHaveLength(3);
    });

    test("a namespace whose only item was removed and written again is found below every prefix", async () => {
      const { bench, root } = context();
      const [child, other] = [join(root, "child"), join(root, "other")];
      const first = bench.point(child, "k", [bench.vector(1)]);
      await bench.write([first, bench.point(other, "k", [bench.vector(1)])]);
      // Searched by itself while it holds an item, and as part of the root for the first time while it holds none.
      expect(await bench.query(child, bench.vector(1))).toHaveLength(1);
      await bench.vectors.remove([{ namespace: child, key: "k", version: nextVersion(), writeId: first.writeId }]);
      expect((await bench.query(root, bench.vector(1))).map(({ namespace }) => namespace)).toEqual([other]);
      await bench.write([bench.point(child, "k", [bench.vector(1)])]);
      expect((await bench.query(root, bench.vector(1))).map(({ namespace }) => namespace).sort()).toEqual([child, other]);
    });

    test("queries see a write once it is acknowledged, under load", async () => {
      const { bench, root } = context();
      await Promise.all(
        upTo(40).map(async (n) => {
          const namespace = join(root, `n${n}`);
          const point = bench.point(namespace, "key", [bench.vector(1, n)]);
          await bench.write([point]);
          const hits = await bench.query(namespace, bench.vector(1, n));
          expect(hits.map(({ writeId }) => writeId)).toEqual([point.writeId]);
        }),
      );
    });
  });
}

function scopeCases(context: Context): void {
  describe("what is searched", () => {
    test("only what lies at or below the prefix, by whole labels", async () => {
      const { bench, root } = context();
      const below = ["user1", "user1.a", "user1.a.b", "user10", "user1 ", "user1/a", "user", "User1"];
      const paths = below.map((path) => join(root, path));
      await bench.write(paths.map((path) => bench.point(path, "key", [bench.vector(1)])));
      const found = async (prefix: string): Promise<string[]> =>
        (await bench.query(prefix, bench.vector(1), { limit: 10_000 })).map(({ namespace }) => namespace).sort();
      expect(await found(root)).toEqual([...paths].sort());
      expect(await found(join(root, "user1"))).toEqual([...paths.slice(0, 3)].sort());
      expect(await found(join(root, "user1.a"))).toEqual([...paths.slice(1, 3)].sort());
      expect(await found(join(root, "use"))).toEqual([]);
      const everywhere = await found("");
      expect(everywhere.filter((path) => isWithin(root, path))).toEqual([...paths].sort());
    });

    test("the limit counts within the prefix, however near the rest", async () => {
      const { bench, root } = context();
      const [mine, theirs] = [join(root, "mine"), join(root, "theirs")];
      await bench.write(upTo(60).map((n) => bench.point(theirs, `${n}`, [bench.vector(1)])));
      await bench.write(upTo(3).map((n) => bench.point(mine, `${n}`, [bench.vector(-1, n)])));
      expect(await bench.query(mine, bench.vector(1), { limit: 3 })).toHaveLength(3);
    });

    test("a filter leaves out no item that matches it", async () => {
      const { bench, root } = context();
      const values: Value[] = [
        { kind: "a", n: 1, tags: ["x", "y"], at: new Date(1_000) },
        { kind: "b", n: 2.5, nested: { deep: "yes" }, big: 2n ** 60n },
        { kind: "a", n: -3, text: "l'été 😀", flag: true },
        { kind: null, n: "2", "nested.deep": "yes", flag: false },
        { other: 1, list: [{ a: 1 }, { a: 2 }] },
        { kind: "😀\0", n: Number.POSITIVE_INFINITY },
        {},
      ];
      const points = values.map((value, n) => bench.point(root, `${n}`, [bench.vector(1, n)], value));
      await bench.write(points);
      for (const given of [
        { kind: "a" }, { kind: null }, { kind: "😀\0" }, { n: { $gt: 0 } }, { n: { $gte: 1, $lt: 2.5 } }, { n: "2" },
        { n: { $ne: 1 } }, { kind: { $in: ["a", "b", null] } }, { kind: { $nin: ["a"] } }, { flag: { $exists: true } },
        { flag: { $exists: false } }, { flag: false }, { "nested.deep": "yes" }, { tags: ["x", "y"] },
        { nested: { deep: "yes" } }, { at: { $lte: new Date(1_000) } }, { big: 2n ** 60n }, { text: { $gt: "l" } },
        { "list.1.a": 2 }, { $or: [{ kind: "b" }, { n: { $lt: 0 } }] }, { $not: { kind: "a" } }, { n: { $not: { $gt: 1 } } },
      ]) {
        const filter = parseFilter(given);
        const matching = points.filter(({ value }) => matchesFilter(value, filter)).map(({ key }) => key);
        const hits = await bench.query(root, bench.vector(1), { filter });
        expect(hits.map(({ key }) => key), JSON.stringify(Object.keys(given))).toEqual(expect.arrayContaining(matching));
        expect(new Set(namesOf(hits)).size).toBe(hits.length);
      }
    });

    test("nothing is found where nothing is", async () => {
      const { bench, root } = context();
      expect(await bench.query(root, bench.vector(1))).toEqual([]);
    });
  });
}

function refusalCases(context: Context): void {
  describe("refusals", () => {
    test("a bad vector fails alone, at its position", async () => {
      const { bench, root } = context();
      const points = [
        bench.point(root, "good", [bench.vector(1)]),
        bench.point(root, "short", [bench.vector(1), [1]]),
        bench.point(root, "long", [[...bench.vector(1), 1]]),
        bench.point(root, "NaN", [bench.vector(1, Number.NaN)]),
        bench.point(root, "infinite", [bench.vector(Number.POSITIVE_INFINITY)]),
        bench.point(root, "good too", [bench.vector(1, 1)]),
      ];
      await bench.record(points);
      const outcomes = await bench.vectors.upsert(points);
      const statuses = outcomes.map(({ status }) => status);
      expect(statuses).toEqual(["fulfilled", "rejected", "rejected", "rejected", "rejected", "fulfilled"]);
      const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
      expect(reasons.every(isStoreError)).toBe(true);
      expect((reasons[0] as Error).message).toMatch(new RegExp(`\\b1\\b.*\\b${bench.dims}\\b`, "s"));
      expect((await bench.query(root, bench.vector(1))).map(({ key }) => key)).toEqual(["good", "good too"]);
    });

    test("a query by a vector of another length is an error that names both", async () => {
      const { bench, root } = context();
      const error = await rejectionOf(bench.query(root, [...bench.vector(1), 1]));
      expect(isStoreError(error)).toBe(true);
      expect(error.message).toMatch(new RegExp(`\\b${bench.dims + 1}\\b.*\\b${bench.dims}\\b`, "s"));
    });
  });
}
