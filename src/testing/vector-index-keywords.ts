import { describe, expect, test } from "vitest";
import { parseFilter } from "../model/filter.ts";
import { newWriteId, type Value } from "../model/item.ts";
import { isWithin, join } from "../model/namespace.ts";
import type { KeywordQuery, VectorHit, VectorPoint } from "../ports/vector-index.ts";
import { present, upTo } from "./expectations.ts";
import { nextVersion } from "./records.ts";
import type { Bench, BenchContext } from "./vector-bench.ts";

/** Terms are any unsigned 32-bit integers. */
const [TEA, MILK, CAKE, RARE, LAST] = [0, 1, 2_593_981_612, 77, 4_294_967_295];

/** A point whose terms count `weights`. */
function termPoint(bench: Bench, namespace: string, key: string, weights: Readonly<Record<number, number>>, value: Value = {}): VectorPoint {
  const terms = Object.keys(weights).map(Number);
  return { ...bench.point(namespace, key, [bench.vector(1)], value), termWeights: { terms, weights: Object.values(weights) } };
}

function find(bench: Bench, prefix: string, terms: readonly number[], parts: Partial<KeywordQuery> = {}): Promise<VectorHit[]> {
  return bench.vectors.queryKeywords({ terms, prefix, filter: null, limit: 100, ...parts });
}

const keysOf = (hits: readonly VectorHit[]): string[] => hits.map(({ key }) => key);

/** Cases of keyword search, for an index that was made with terms. */
export function keywordCases(context: BenchContext): void {
  describe("keywords", () => {
    test("find the items that have a term of the query, and no others", async () => {
      const { bench, root } = context();
      await bench.write([
        termPoint(bench, root, "tea", { [TEA]: 1 }),
        termPoint(bench, root, "both", { [TEA]: 1, [CAKE]: 1 }),
        termPoint(bench, root, "last", { [LAST]: 1 }),
        bench.point(root, "without terms", [bench.vector(1)]),
      ]);
      expect(keysOf(await find(bench, root, [TEA])).sort()).toEqual(["both", "tea"]);
      expect(keysOf(await find(bench, root, [LAST, MILK]))).toEqual(["last"]);
      expect(await find(bench, root, [MILK])).toEqual([]);
      expect(await find(bench, root, [])).toEqual([]);
      expect(await bench.query(root, bench.vector(1))).toHaveLength(4);
    });

    test("scores grow with weights, with the number of terms in common and with how rare they are", async () => {
      const { bench, root } = context();
      await bench.write([
        termPoint(bench, root, "weak", { [TEA]: 0.5 }),
        termPoint(bench, root, "strong", { [TEA]: 2 }),
        termPoint(bench, root, "two", { [TEA]: 2, [MILK]: 1 }),
        termPoint(bench, root, "rare", { [RARE]: 2 }),
        ...upTo(20).map((n) => termPoint(bench, join(root, "more"), `${n}`, { [TEA]: 0.1 })),
      ]);
      const hits = await find(bench, root, [TEA, MILK, RARE], { limit: 4 });
      expect(keysOf(hits).slice(2)).toEqual(["strong", "weak"]);
      expect(keysOf(hits).slice(0, 2).sort()).toEqual(["rare", "two"]);
      const scoreOf = (key: string): number => present(hits.find((hit) => hit.key === key)).score;
      expect(scoreOf("rare")).toBeGreaterThan(2 * scoreOf("strong"));
      expect(Math.abs(scoreOf("strong") / scoreOf("weak") - 4)).toBeLessThan(0.001);
      expect(hits.every(({ score }) => score > 0)).toBe(true);
    });

    test("the idf of a term is ln(1 + (N - n + 0.5) / (n + 0.5))", async () => {
      const { bench, root } = context();
      const [few, many] = [3_000_000_000, 3_500_000_000].map((start) => start + Math.floor(Math.random() * 100_000_000)) as [number, number];
      await bench.write(upTo(3).map((n) => termPoint(bench, root, `few ${n}`, { [few]: 1 })));
      await bench.write(upTo(12).map((n) => termPoint(bench, root, `many ${n}`, { [many]: 1 })));
      const scoreOf = async (term: number): Promise<number> => present((await find(bench, root, [term]))[0]).score;
      // N is what the score of one term says; the score of the other has to agree.
      const all = (Math.exp(await scoreOf(few)) - 1) * 3.5 + 3 - 0.5;
      expect(all).toBeGreaterThan(14);
      expect(Math.abs((await scoreOf(many)) - Math.log(1 + (all - 12 + 0.5) / 12.5))).toBeLessThan(0.01);
    });

    test("only what lies at or below the prefix, by whole labels", async () => {
      const { bench, root } = context();
      const paths = ["user1", "user1.a", "user1.a.b", "user10", "user1 ", "user"].map((path) => join(root, path));
      await bench.write(paths.map((path) => termPoint(bench, path, "key", { [TEA]: 1 })));
      const found = async (prefix: string): Promise<string[]> =>
        (await find(bench, prefix, [TEA], { limit: 10_000 })).map(({ namespace }) => namespace).sort();
      expect(await found(root)).toEqual([...paths].sort());
      expect(await found(join(root, "user1"))).toEqual([...paths.slice(0, 3)].sort());
      expect(await found(join(root, "use"))).toEqual([]);
      expect((await found("")).filter((path) => isWithin(root, path))).toEqual([...paths].sort());
    });

    test("the limit counts within the prefix and the filter, however well the rest matches", async () => {
      const { bench, root } = context();
      const [mine, theirs] = [join(root, "mine"), join(root, "theirs")];
      await bench.write(upTo(60).map((n) => termPoint(bench, theirs, `${n}`, { [TEA]: 2 })));
      await bench.write(upTo(4).map((n) => termPoint(bench, mine, `${n}`, { [TEA]: 0.1 }, { even: n % 2 === 0 })));
      expect(await find(bench, mine, [TEA], { limit: 3 })).toHaveLength(3);
      const even = await find(bench, mine, [TEA], { filter: parseFilter({ even: true }) });
      expect(keysOf(even)).toEqual(expect.arrayContaining(["0", "2"]));
    });

    test("those of an older write never count, and those of a late older write neither", async () => {
      const { bench, root } = context();
      const older = termPoint(bench, root, "key", { [TEA]: 1 });
      const newer = termPoint(bench, root, "key", { [CAKE]: 1 });
      await bench.write([older]);
      expect(await find(bench, root, [TEA])).toHaveLength(1);
      await bench.write([newer]);
      expect(await find(bench, root, [TEA])).toEqual([]);
      await bench.upsert([older]);
      expect(await find(bench, root, [TEA])).toEqual([]);
      expect(await find(bench, root, [CAKE])).toMatchObject([{ key: "key", writeId: newer.writeId }]);
      const without = bench.point(root, "key", [bench.vector(1)]);
      await bench.write([without]);
      expect(await find(bench, root, [TEA, CAKE])).toEqual([]);
    });

    test("those of a removed item do not count", async () => {
      const { bench, root } = context();
      const point = termPoint(bench, root, "key", { [TEA]: 1 });
      await bench.write([point]);
      await bench.vectors.remove([{ namespace: root, key: "key", version: nextVersion(), writeId: newWriteId() }]);
      expect(await find(bench, root, [TEA])).toEqual([]);
    });

    test("equal scores leave none out, and come in the same order each time", async () => {
      const { bench, root } = context();
      const points = upTo(30).map((n) => termPoint(bench, join(root, `n${n % 3}`), `key ${n}`, { [TEA]: 1, [MILK]: 1 }));
      await bench.write(points);
      const first = await find(bench, root, [TEA]);
      expect(keysOf(first).sort()).toEqual(points.map(({ key }) => key).sort());
      expect(new Set(first.map(({ score }) => score)).size).toBe(1);
      for (let i = 0; i < 3; i += 1) expect(keysOf(await find(bench, root, [TEA]))).toEqual(keysOf(first));
    });

    test("many terms in one item, and many in one query, are found", async () => {
      const { bench, root } = context();
      const many = Object.fromEntries(upTo(5_000).map((n) => [n * 858_993, 1]));
      await bench.write([termPoint(bench, root, "many", many), termPoint(bench, root, "one", { [TEA]: 1 })]);
      expect(keysOf(await find(bench, root, [4_999 * 858_993]))).toEqual(["many"]);
      expect(keysOf(await find(bench, root, upTo(64).map((n) => n * 858_993))).sort()).toEqual(["many", "one"]);
    });

    test("a query by both gives what each gives alone", async () => {
      const { bench, root } = context();
      const words = [TEA, MILK, CAKE, RARE];
      await bench.write(
        upTo(25).map((n) => ({
          ...termPoint(bench, root, `key ${n}`, { [present(words[n % 4])]: 1 + n / 50, [LAST]: 0.5 }, { third: n % 3 === 0 }),
          vectors: [bench.vector(1, n)],
        })),
      );
      for (const filter of [null, parseFilter({ third: true })]) {
        const query = { vector: bench.vector(1), terms: [CAKE, LAST], prefix: root, filter, limit: 10 };
        const both = await bench.vectors.queryBoth(query);
        expect(both.semantic).toEqual(await bench.vectors.query(query));
        expect(keysOf(both.keyword)).toEqual(keysOf(await bench.vectors.queryKeywords(query)));
        expect(keysOf(both.keyword)).toHaveLength(filter === null ? 10 : both.keyword.length);
      }
      expect((await bench.vectors.queryBoth({ vector: bench.vector(1), terms: [], prefix: root, filter: null, limit: 3 })).keyword).toEqual([]);
    });
  });
}
