import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Deadline } from "../../../../src/concurrency/deadline.ts";
import { directionOf, diversified } from "../../../../src/core/ranking/diversity.ts";
import { boostFactor, decayFactor, scaled } from "../../../../src/core/ranking/factors.ts";
import { changesOrder, factsOfSteps, rankingSteps, unscoredSteps } from "../../../../src/core/ranking/steps.ts";
import type { LiveRecord } from "../../../../src/model/item.ts";
import { RANKING_BOUNDS } from "../../../../src/model/ranking-options.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 1);

/** A record that was created and updated so many days ago. */
function aged(created: number, updated = created): LiveRecord {
  const version = (NOW - updated * DAY) * 1000;
  return {
    namespace: "", key: "k", created: (NOW - created * DAY) * 1000, version, writeId: "w", index: undefined, vectorCount: 1, expiresAt: null, ttlMs: null,
    value: { typed: false, bytes: new Uint8Array() },
  };
}

const score = fc.double({ min: -1, max: 100, noNaN: true });
const days = fc.double({ min: 0, max: 10_000, noNaN: true });

describe("decay", () => {
  test("a score counts half at the half-life, from the field that is named", () => {
    expect(decayFactor({ halfLifeDays: 30 }, NOW)(aged(90, 30), {})).toBeCloseTo(0.5);
    expect(decayFactor({ halfLifeDays: 30, field: "createdAt" }, NOW)(aged(90, 30), {})).toBeCloseTo(0.125);
    const byDate = decayFactor({ halfLifeDays: 10, field: "meta.date" }, NOW);
    const date = new Date(NOW - 20 * DAY);
    for (const given of [date, date.toISOString(), date.toISOString().slice(0, 10), date.getTime()]) expect(byDate(aged(0), { meta: { date: given } })).toBeCloseTo(0.25);
  });

  test("an item without a date there counts from its creation", () => {
    const byDate = decayFactor({ halfLifeDays: 10, field: "date" }, NOW);
    for (const date of [undefined, null, "yesterday", "2026", Number.NaN, {}, new Date(Number.NaN)]) expect(byDate(aged(10), { date })).toBeCloseTo(0.5);
  });

  test("a date and time without a zone is in UTC, whatever the zone of the process", () => {
    const byDate = decayFactor({ halfLifeDays: 10, field: "date" }, NOW);
    const before = process.env["TZ"];
    process.env["TZ"] = "Pacific/Auckland";
    try {
      const text = new Date(NOW - 20 * DAY).toISOString().slice(0, -1);
      expect(byDate(aged(0), { date: text })).toBeCloseTo(0.25, 6);
      expect(byDate(aged(0), { date: `${text}+13:00` })).toBeLessThan(0.25);
    } finally {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    }
  });

  test("is from 0 to 1, falls with age, and is 1 for a date in the future", () => {
    fc.assert(
      fc.property(days, days, fc.double({ min: 0.01, max: 1_000, noNaN: true }), (one, other, halfLifeDays) => {
        const factor = decayFactor({ halfLifeDays }, NOW);
        const [young, old] = [Math.min(one, other), Math.max(one, other)].map((age) => factor(aged(age), {})) as [number, number];
        expect(old).toBeGreaterThanOrEqual(0);
        expect(young).toBeLessThanOrEqual(1);
        expect(old).toBeLessThanOrEqual(young);
        expect(factor(aged(-one), {})).toBe(1);
      }),
    );
  });
});

describe("boost", () => {
  const boost = boostFactor({ field: "importance", weight: 0.5 });

  test("grows with the number in the value, and is 10 at most", () => {
    expect([0, 1, 4, true, 3n].map((importance) => boost(aged(0), { importance }))).toEqual([1, 1.5, 3, 1.5, 2.5]);
    expect([1e300, Infinity, 10n ** 400n].map((importance) => boost(aged(0), { importance }))).toEqual([10, 10, 10]);
  });

  test("is 1 with a weight of 0, also for an infinite number", () => {
    const none = boostFactor({ field: "importance", weight: 0 });
    for (const importance of [3, 1e300, Infinity, 10n ** 400n]) expect(none(aged(0), { importance })).toBe(1);
  });

  test("is 1 without a positive number", () => {
    for (const importance of [undefined, null, "5", -3, Number.NaN, {}, [1], false]) expect(boost(aged(0), { importance })).toBe(1);
  });
});

test("a scaled score keeps the order of scores, and grows with the factor, also below 0", () => {
  const factor = fc.double({ min: 0, max: 10, noNaN: true });
  fc.assert(
    fc.property(score, score, factor, factor, (a, b, f, g) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      expect(scaled(low, f)).toBeLessThanOrEqual(scaled(high, f));
      expect(scaled(a, Math.min(f, g))).toBeLessThanOrEqual(scaled(a, Math.max(f, g)) + 1e-12);
      expect(scaled(a, 1)).toBe(a);
    }),
  );
});

describe("diversity", () => {
  const diverse = (relevances: readonly number[], vectors: readonly (readonly (readonly number[])[] | null)[], lambda: number): Promise<number[]> =>
    diversified(relevances, vectors.map((own) => (own === null ? null : directionOf(own))), lambda, new Deadline(60_000));
  const vector = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 });
  const candidates = fc.array(fc.tuple(score, fc.option(fc.array(vector, { minLength: 1, maxLength: 3 }))), { minLength: 1, maxLength: 20 }).map((list) => list.sort(([a], [b]) => b - a));

  test("a near duplicate of the first follows what differs", async () => {
    const vectors = [[[1, 0]], [[1, 0.01]], [[0, 1]]];
    expect(await diverse([0.9, 0.89, 0.7], vectors, 0.5)).toEqual([0, 2, 1]);
    expect(await diverse([0.9, 0.89, 0.7], vectors, 1)).toEqual([0, 1, 2]);
  });

  test("each candidate is there once, the best first; λ = 1 and equal candidates keep the order", async () => {
    await fc.assert(
      fc.asyncProperty(candidates, fc.double({ min: 0, max: 1, noNaN: true }), async (list, lambda) => {
        const scores = list.map(([each]) => each);
        const vectors = list.map(([, own]) => own);
        const order = await diverse(scores, vectors, lambda);
        expect([...order].sort((a, b) => a - b)).toEqual([...scores.keys()]);
        expect(order[0]).toBe(0);
        expect(await diverse(scores, vectors, 1)).toEqual([...scores.keys()]);
        expect(await diverse(scores.map(() => 1), vectors.map(() => [[1, 2, 3]]), lambda)).toEqual([...scores.keys()]);
      }),
    );
  });

  test("the greatest and least scores that a reranker can return keep their order", async () => {
    const huge = Number.MAX_VALUE;
    expect(await diverse([huge, 1, 0, -1, -huge], [null, null, null, null, null], 0.5)).toEqual([0, 1, 2, 3, 4]);
    expect(await diverse([0, -Number.MIN_VALUE], [null, null], 0)).toEqual([0, 1]);
    expect(await diverse([huge, huge / 2, -huge], [[[1, 0]], [[1, 0]], [[0, 1]]], 0.4)).toEqual([0, 2, 1]);
  });

  test("a repeated vector counts once, as one backend stores the second of two twice", async () => {
    const of = (own: number[][]) => diverse([1, 0.9, 0.8, 0.7], [[[1, 0, 0]], own, [[0, 1, 0]], [[1, 1, 0]]], 0.4);
    expect(await of([[1, 0, 0], [0, 1, 0], [0, 1, 0]])).toEqual(await of([[1, 0, 0], [0, 1, 0]]));
  });

  test("the largest pool of long vectors leaves turns of the event loop to others, and ends with its search", async () => {
    const size = RANKING_BOUNDS.maxPool;
    const long = Array.from({ length: size }, (_, i) => directionOf([Array.from({ length: 1_536 }, (_, j) => Math.sin(i * j))]));
    const scores = long.map((_, i) => 1 - i / size);
    const caller = new AbortController();
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (turns === 3) caller.abort();
      else setImmediate(turn);
    };
    setImmediate(turn);
    // The abort is one of the turns, so that the speed of the machine does not matter.
    await expect(diversified(scores, long, 0.5, new Deadline(60_000, [caller.signal]))).rejects.toMatchObject({ code: "ABORTED" });
    expect(turns).toBe(3);
  });
});

describe("steps", () => {
  test("those of a call come before those of the configuration; false turns one off", () => {
    const configured = { decay: { halfLifeDays: 30 }, boost: { field: "n", weight: 1 }, pool: 20 };
    expect(rankingSteps(null, null)).toBeNull();
    expect(rankingSteps(configured, { decay: false, diversity: { lambda: 0.5 } })).toMatchObject({ decay: null, boost: { field: "n" }, diversity: { lambda: 0.5 }, pool: 20 });
    const off = rankingSteps(configured, { decay: false, boost: false });
    expect(off !== null && changesOrder(off)).toBe(false);
  });

  test("those of a search without scores are reported as skipped", () => {
    const skipped = (step: string) => ({ step, reason: "unscored", cause: null });
    expect(unscoredSteps(rankingSteps(null, { decay: { halfLifeDays: 1 }, rerank: () => [] }))).toEqual([skipped("decay"), skipped("rerank")]);
    expect(unscoredSteps(null)).toEqual([]);
  });

  test("their facts distinguish lists, and ignore what changes none", () => {
    const facts = (own: Parameters<typeof rankingSteps>[1]) => JSON.stringify(factsOfSteps(rankingSteps(null, own)));
    const decay = { halfLifeDays: 30 };
    expect(facts({ explain: true, pool: 7, rerankTimeoutMs: 5 })).toBe("null");
    expect(new Set([facts({ decay }), facts({ decay: { halfLifeDays: 31 } }), facts({ decay, pool: 7 }), facts({ decay, rerank: () => [] })]).size).toBe(4);
    expect(facts({ decay, explain: true })).toBe(facts({ decay }));
  });
});
