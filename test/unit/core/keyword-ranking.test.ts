import { expect, test } from "vitest";
import { rankByKeywords } from "../../../src/core/keyword-ranking.ts";
import { Analyzer } from "../../../src/core/keywords/analyzer.ts";

const english = await Analyzer.of("english");
const rank = (texts: readonly string[], query: string) => rankByKeywords(english, texts.length, (i) => texts[i] ?? "", query);
const words = (count: number, name: string): string => Array.from({ length: count }, (_, i) => `${name}${i}`).join(" ");

test("texts with query words rank first, in any form of the word; rare words score higher, long texts lower", async () => {
  const texts = ["a pot of green tea", "iron and steel", "cooking green beans", "Cook: GREEN!", "green"];
  expect(await rank(texts, "cook something green")).toEqual({ positions: [3, 2, 4, 0], truncated: false });
});

test("a query of punctuation, or an empty list of texts, matches nothing", async () => {
  expect(await rank(["a", "b"], " ?! ")).toEqual({ positions: [], truncated: false });
  expect(await rank([], "tea")).toEqual({ positions: [], truncated: false });
  expect(await rank([""], "tea")).toEqual({ positions: [], truncated: false });
});

test("repeated query words count once", async () => {
  expect(await rank(["tea", "coffee"], "tea ".repeat(1_000))).toEqual(await rank(["tea", "coffee"], "tea"));
});

test("a query of many words is truncated, and the ranking reports it", async () => {
  const { positions, truncated } = await rank(["first0", "last"], `${words(64, "first")} last`);
  expect([positions, truncated]).toEqual([[0], true]);
});

test("a long text is compared up to a bound, and the ranking reports it", async () => {
  const { positions, truncated } = await rank([`tea ${"x ".repeat(40_000)} coffee`], "coffee");
  expect([positions, truncated]).toEqual([[], true]);
  expect((await rank([`tea ${"x ".repeat(40_000)}`], "tea")).positions).toEqual([0]);
});

test("many long texts are compared up to a bound in total; those beyond are not read", async () => {
  let read = 0;
  const { positions, truncated } = await rankByKeywords(
    english,
    10_000,
    () => {
      read += 1;
      return "tea ".repeat(8_192);
    },
    "tea",
  );
  expect([read, positions.length, truncated]).toEqual([256, 256, true]);
});

test("20,000 distinct words and a query that repeats prefixes 1,000 times stay within the bounds", async () => {
  const texts = Array.from({ length: 50 }, () => words(20_000, "prefix"));
  const { positions } = await rank(texts, "prefix7 ".repeat(1_000));
  expect(positions).toHaveLength(50);
});

test("the event loop runs between candidates, and an aborted ranking stops there", async () => {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const busy = (): string => {
    const end = performance.now() + 10;
    while (performance.now() < end);
    return "tea";
  };
  await rankByKeywords(english, 10, busy, "tea");
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(10);
  let read = 0;
  const ended = rankByKeywords(english, 10, () => ((read += 1), busy()), "tea", () => {
    throw new Error("over");
  });
  await expect(ended).rejects.toThrow("over");
  expect(read).toBe(1);
});
