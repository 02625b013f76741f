/** Cases about the distance metric: order and scores are those of a plain model. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseFilter } from "../model/filter.ts";
import { DISTANCE_METRICS, type DistanceMetric } from "../model/distance-metric.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Vector, VectorIndex, VectorPoint } from "../ports/vector-index.ts";
import { present, upTo } from "./expectations.ts";
import { noise } from "./noise.ts";
import { Bench } from "./vector-bench.ts";

/** Options of the suite. */
export interface VectorMetricSuite {
  /** Name of the index in the report. */
  readonly name: string;
  /** Length of its vectors. */
  readonly dims: number;
  /** Creates an empty index with the metric. With `items`, the suite first writes the record of each point there. */
  create(metric: DistanceMetric): Promise<{ readonly vectors: VectorIndex; readonly items: ItemRepository | null; dispose(): Promise<void> }>;
}

/** Relative difference that single precision may make. */
const PRECISION = 1e-5;

const POINTS = 60;

/** The score that the contract of `VectorHit` states. */
const PLAIN: Readonly<Record<DistanceMetric, (a: Vector, b: Vector) => number>> = {
  cosine: (a, b) => (Math.hypot(...a) === 0 || Math.hypot(...b) === 0 ? 0 : dot(a, b) / (Math.hypot(...a) * Math.hypot(...b))),
  dot,
  euclid: (a, b) => 1 / (1 + Math.hypot(...a.map((x, i) => x - (b[i] ?? 0)))),
};

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
}

/** Registers vitest cases that compare an index of each metric with a plain model. */
export function vectorMetricSuite(suite: VectorMetricSuite): void {
  describe.each(DISTANCE_METRICS)(`${suite.name} ranks by its metric: %s`, { timeout: 600_000 }, (metric) => {
    let made: Awaited<ReturnType<VectorMetricSuite["create"]>> | undefined;
    const points: VectorPoint[] = [];
    const bench = (): Bench => new Bench(suite.dims, present(made, "the index").vectors, present(made, "the index").items);
    const root = `metric-${randomUUID()}`;
    const numbers = noise(7);
    /** Lengths differ by a factor of up to a hundred. */
    const random = (): Vector => {
      const length = 10 ** (2 * Math.abs(numbers.next().value) - 1);
      return upTo(suite.dims).map(() => length * numbers.next().value);
    };
    const scoreOf = (query: Vector, { vectors }: VectorPoint): number => Math.max(...vectors.map((vector) => PLAIN[metric](query, vector)));

    beforeAll(async () => {
      made = await suite.create(metric);
      for (let i = 0; i < POINTS; i += 1) {
        const vectors = upTo(1 + (i % 3)).map(random);
        points.push(bench().point(`${root}.n${i % 2}`, `k${i}`, vectors, { even: i % 2 === 0, n: i }));
      }
      await bench().write(points);
    }, 600_000);
    afterAll(async () => made?.dispose(), 600_000);

    test("hits are in the order of the plain model, with its scores, within prefix and filter", async () => {
      for (let i = 0; i < 20; i += 1) {
        const query = random();
        const cases = [
          { prefix: root, filter: null, expected: points },
          { prefix: `${root}.n1`, filter: null, expected: points.filter(({ namespace }) => namespace === `${root}.n1`) },
          { prefix: root, filter: parseFilter({ n: { $lt: 20 } }), expected: points.slice(0, 20) },
        ];
        for (const { prefix, filter, expected } of cases) {
          const best = expected.map((point) => ({ key: point.key, score: scoreOf(query, point) })).sort((a, b) => b.score - a.score).slice(0, 15);
          // With a filter, an index may return more than what matches.
          const all = await bench().query(prefix, query, { limit: filter === null ? 15 : POINTS, filter });
          const hits = all.filter(({ key }) => expected.some((point) => point.key === key)).slice(0, 15);
          expect(hits.map(({ key }) => key)).toEqual(best.map(({ key }) => key));
          for (const [j, hit] of hits.entries()) {
            const score = present(best[j]).score;
            expect(Math.abs(hit.score - score), `${hit.score} is not ${score}`).toBeLessThanOrEqual(PRECISION * Math.max(1, Math.abs(score)));
          }
        }
      }
    });

    test("a stored vector that equals the query, and a zero vector, have the scores of the plain model", async () => {
      const namespace = `${root}-own`;
      const vector = bench().vector(3, 4);
      const own = [bench().point(namespace, "equal", [vector]), bench().point(namespace, "zero", [bench().vector()])];
      await bench().write(own);
      const hits = await bench().query(namespace, vector);
      const scores = Object.fromEntries(hits.map(({ key, score }) => [key, score]));
      expect(scores["equal"]).toBeCloseTo({ cosine: 1, dot: 25, euclid: 1 }[metric], 5);
      expect(scores["zero"]).toBeCloseTo({ cosine: 0, dot: 0, euclid: 1 / 6 }[metric], 5);
    });

    test("a vector whose length single precision cannot hold is rejected where lengths count, alone", async () => {
      const namespace = `${root}-large`;
      const [large, small] = [bench().point(namespace, "large", [bench().vector(1e20)]), bench().point(namespace, "small", [bench().vector(1)])];
      await bench().record([large, small]);
      const outcomes = await bench().vectors.upsert([large, small]);
      expect(outcomes.map(({ status }) => status)).toEqual([metric === "cosine" ? "fulfilled" : "rejected", "fulfilled"]);
      const query = bench().query(namespace, bench().vector(1e20));
      if (metric === "cosine") expect(await query).toHaveLength(2);
      else await expect(query).rejects.toMatchObject({ code: "VALIDATION" });
    });
  });
}
