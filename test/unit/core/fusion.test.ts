import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fuse, type Candidate } from "../../../src/core/fusion.ts";
import { DEFAULT_FUSION, FUSION_METHODS } from "../../../src/model/search-mode.ts";

const list = (...scores: readonly (readonly [string, number])[]): Candidate[] => scores.map(([id, score]) => ({ id, score }));
const idsOf = (fused: ReturnType<typeof fuse>): string[] => fused.map(({ candidate }) => candidate.id);

/** A ranking of distinct ids, best first. */
const ranking = fc
  .uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 40 }).map(String), score: fc.integer({ min: -5_000, max: 50_000 }).map((score) => score / 1_000) }), {
    selector: ({ id }) => id,
    maxLength: 30,
  })
  .map((candidates) => candidates.sort((a, b) => b.score - a.score));

describe.each(FUSION_METHODS)("%s", (method) => {
  const how = { method, semanticWeight: 0.3 };

  test("a candidate that is best in both rankings is first; one of both precedes one of either at the same positions", () => {
    const fused = fuse(list(["both", 0.9], ["s", 0.5], ["low", 0.1]), list(["both", 12], ["k", 7], ["low", 1]), how);
    expect(idsOf(fused)[0]).toBe("both");
    expect(idsOf(fuse(list(["a", 0.8], ["b", 0.4]), list(["a", 3], ["c", 2]), how))[0]).toBe("a");
  });

  test("the only candidate that matches the keywords precedes equal ones and poor ones, if the ranking holds every match", () => {
    const semantic = list(["a", 0.5], ["b", 0.48], ["c", 0.47], ["match", 0.46], ["d", 0.45]);
    const fused = fuse(semantic, list(["match", 4]), { ...how, isEveryMatch: true });
    expect(idsOf(fused)[0]).toBe("match");
    expect(fused[0]).toMatchObject({ keyword: 4, keywordRank: 1, semanticRank: 4 });
    expect(fused[1]).toMatchObject({ keyword: null, keywordRank: null });
    expect(idsOf(fused).slice(1)).toEqual(["a", "b", "c", "d"]);
  });

  test.each([2, 3, 4, 7, 11])("%d equal candidates have the same score, whatever their number", (count) => {
    for (const [similarity, weight] of [[0.1, 0.7], [0.3, 1.4], [0.123457, 2.345678]] as const) {
      const equal = (score: number): Candidate[] => Array.from({ length: count }, (_, i) => ({ id: `${i}`, score }));
      const scores = fuse(equal(similarity), equal(weight), how).map(({ score }) => Math.round(score * 1e6) / 1e6);
      if (method === "rank") expect(scores[0]).toBe(1);
      else expect(new Set(scores)).toEqual(new Set([0.5]));
    }
  });

  test("keywords that no item matches add nothing to the scores", () => {
    const fused = fuse(list(["a", 0.5], ["b", 0.4], ["c", 0.1]), [], { ...how, isEveryMatch: true });
    expect(idsOf(fused)).toEqual(["a", "b", "c"]);
    for (const { score } of fused) expect(score).toBeLessThanOrEqual(how.semanticWeight);
  });

  test("the weight decides between the first of each ranking", () => {
    const semantic = list(["s", 0.9], ["x", 0.2], ["y", 0.1]);
    const keyword = list(["k", 9], ["x", 2], ["y", 1]);
    expect(idsOf(fuse(semantic, keyword, { method, semanticWeight: 0.9 }))[0]).toBe("s");
    expect(idsOf(fuse(semantic, keyword, { method, semanticWeight: 0.1 }))[0]).toBe("k");
  });

  test("a weight of 1 or 0 ranks as one side alone does, and one empty side changes nothing", () => {
    fc.assert(
      fc.property(ranking, ranking, (semantic, keyword) => {
        const order = (side: Candidate[], fused: string[]): string[] => fused.filter((id) => side.some((each) => each.id === id));
        const scoreOf = new Map(semantic.map(({ id, score }) => [id, score]));
        const bySemantic = order(semantic, idsOf(fuse(semantic, keyword, { method, semanticWeight: 1 }))).map((id) => scoreOf.get(id) ?? 0);
        if (method !== "distribution") expect(bySemantic).toEqual([...bySemantic].sort((a, b) => b - a));
        expect(new Set(idsOf(fuse(semantic, [], how)))).toEqual(new Set(semantic.map(({ id }) => id)));
        expect(new Set(idsOf(fuse([], keyword, how)))).toEqual(new Set(keyword.map(({ id }) => id)));
      }),
    );
  });

  test("each candidate is there once, with a score from 0 to 1, best first, the same each time and with its parts", () => {
    fc.assert(
      fc.property(ranking, ranking, fc.double({ min: 0, max: 1, noNaN: true }), (semantic, keyword, semanticWeight) => {
        const fused = fuse(semantic, keyword, { method, semanticWeight });
        const ids = new Set([...semantic, ...keyword].map(({ id }) => id));
        expect(new Set(idsOf(fused))).toEqual(ids);
        expect(fused).toHaveLength(ids.size);
        expect(fused.every(({ score }) => score >= 0 && score <= 1)).toBe(true);
        expect(fused.every(({ score }, i) => i === 0 || score <= (fused[i - 1]?.score ?? 1))).toBe(true);
        expect(fuse(semantic, keyword, { method, semanticWeight })).toEqual(fused);
        for (const { candidate, semantic: bySemantic, keywordRank } of fused) {
          expect(bySemantic).toBe(semantic.find(({ id }) => id === candidate.id)?.score ?? null);
          expect(keywordRank === null ? -1 : keywordRank - 1).toBe(keyword.findIndex(({ id }) => id === candidate.id));
        }
      }),
    );
  });

  test("a better score on one side never ranks a candidate lower", () => {
    fc.assert(
      fc.property(ranking, ranking, (semantic, keyword) => {
        const fused = fuse(semantic, keyword, how);
        const positions = new Map(idsOf(fused).map((id, i) => [id, i]));
        const parts = new Map(fused.map((each) => [each.candidate.id, each]));
        for (const a of fused) {
          for (const b of fused) {
            if (a.semanticRank === null || b.semanticRank === null || a.keywordRank === null || b.keywordRank === null) continue;
            const [pa, pb] = [parts.get(a.candidate.id), parts.get(b.candidate.id)];
            if ((pa?.semantic ?? 0) > (pb?.semantic ?? 0) && (pa?.keyword ?? 0) > (pb?.keyword ?? 0) && a.score !== b.score) {
              expect(positions.get(a.candidate.id) ?? 0).toBeLessThan(positions.get(b.candidate.id) ?? 0);
            }
          }
        }
      }),
    );
  });
});

test("what both hold for poor does not precede what one holds for best", () => {
  const semantic = list(["s", 0.9], ["poor", 0.1], ["x", 0.05]);
  const keyword = list(["k", 9], ["y", 1], ["poor", 0.5]);
  expect(idsOf(fuse(semantic, keyword, DEFAULT_FUSION)).slice(0, 2).sort()).toEqual(["k", "s"]);
});

test("equal scores are in the order of ids; lists of equal scores are no error", () => {
  expect(idsOf(fuse(list(["b", 1], ["a", 1]), list(["a", 2], ["b", 2]), DEFAULT_FUSION))).toEqual(["a", "b"]);
  expect(idsOf(fuse(list(["only", 0]), [], DEFAULT_FUSION))).toEqual(["only"]);
});
