import { expect, test } from "vitest";
import { reachesScore, toRankScore, toScore } from "../../../src/model/score.ts";

test("a score lies within [-1, 1] and has six decimals, whatever a database computed", () => {
  expect([1.00001, -1.00001, 0.123456789, -0.0000001].map((score) => toScore(score))).toEqual([1, -1, 0.123457, 0]);
});

test("a lowest score includes items of that score, as it is shown and exact", () => {
  const score = toScore(0.123456789);
  expect([reachesScore(score, score), reachesScore(score, 0.123456789), reachesScore(score, 0.1234576)]).toEqual([true, true, false]);
});

test("a lowest score above 1 excludes a score of 1, the greatest of most rankings", () => {
  expect([1, 1.0000001, 1.0000004].map((minScore) => reachesScore(1, minScore))).toEqual([true, false, false]);
  expect(reachesScore(toRankScore(2.5), 2.5000001)).toBe(true);
});

test("a score of a reranker stays finite, however large", () => {
  for (const score of [Number.MAX_VALUE, -Number.MAX_VALUE, 1e303]) expect(toRankScore(score)).toBe(score);
});
