import { expect, test } from "vitest";
import { encodeTerms, TermLists, TermQuery } from "../../src/backends/sqlite/term-lists.ts";

test("scores are the sums of the idf of common terms times their weights, also of terms with equal low bits", () => {
  const lists = new TermLists();
  lists.add(1, encodeTerms([5, 5 + 1024, 9], [1, 2, 4]));
  lists.add(2, encodeTerms([5 + 2048, 9 + 1024], [8, 8]));
  lists.add(3, encodeTerms([0xffff_ffff], [1]));
  const scoresOf = (idfs: readonly (readonly [number, number])[]): Map<number, number> => {
    const scores = new Map<number, number>();
    lists.score(new TermQuery(new Map(idfs)), (point, score) => scores.set(point, score));
    return scores;
  };
  expect(scoresOf([[5, 10], [9, 100]])).toEqual(new Map([[1, 410]]));
  expect(scoresOf([[5, 10], [5 + 1024, 1000], [9, 100]])).toEqual(new Map([[1, 2410]]));
  expect(scoresOf([[5 + 1024, 3], [5 + 2048, 7], [0xffff_ffff, 2]])).toEqual(new Map([[1, 6], [2, 56], [3, 2]]));
  expect(scoresOf([])).toEqual(new Map());
});
