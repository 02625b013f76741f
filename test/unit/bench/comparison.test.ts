import { expect, test } from "vitest";
import { bootstrapInterval, compareRounds } from "../../bench/baseline/comparison.ts";
import { compareCases, type ComparedWorker, type Pair } from "../../bench/baseline/compare-cases.ts";
import { comparisonAsMarkdown, reasonsToFail } from "../../bench/baseline/comparison-report.ts";
import type { CaseName } from "../../bench/cases.ts";
import type { Round } from "../../bench/measure.ts";
import { Random } from "../../fault/history/random.ts";

/** Speeds of both versions with independent noise. */
function rounds(count: number, ratio: number, noise: number, random: Random): { current: number; baseline: number }[] {
  const noisy = (): number => 1_000 * random.between(1 - noise, 1 + noise);
  return Array.from({ length: count }, () => ({ current: ratio * noisy(), baseline: noisy() }));
}

test("the interval of equal numbers is that number", () => {
  expect(bootstrapInterval(Array<number>(9).fill(0.9), new Random(1))).toEqual([0.9, 0.9]);
});

test("the interval contains the median in about 95 of 100 samples, and a seed repeats it", () => {
  const random = new Random("coverage");
  const normal = (): number => Array.from({ length: 12 }, () => random.next()).reduce((sum, each) => sum + each, 0) - 6;
  const contains = Array.from({ length: 200 }, () => {
    const [low, high] = bootstrapInterval(Array.from({ length: 9 }, normal), random);
    return low <= 0 && 0 <= high;
  });
  const share = contains.filter(Boolean).length / contains.length;
  expect(share).toBeGreaterThan(0.9);
  const numbers = [1, 5, 2, 4, 3, 9, 7, 8, 6];
  expect(bootstrapInterval(numbers, new Random(7))).toEqual(bootstrapInterval(numbers, new Random(7)));
});

test("a regression is an interval below 0.95; 25 % noise around equal speeds is not", () => {
  const random = new Random("decision");
  const decide = (ratio: number): boolean[] =>
    Array.from({ length: 50 }, () => compareRounds("get-1", "servers", rounds(9, ratio, 0.12, random), random).isRegression);
  expect(decide(1).filter(Boolean)).toEqual([]);
  expect(decide(0.7).filter((found) => !found)).toEqual([]);
});

test("rounds that differ too much to exclude a loss of a tenth are reported as uncertain", () => {
  const speeds = [40, 60, 80, 90, 100, 110, 120, 150, 200];
  const compared = compareRounds("get-1", "servers", speeds.map((current) => ({ current, baseline: 100 })), new Random(1));
  expect(compared).toMatchObject({ isRegression: false, isUncertain: true });
  expect(comparisonAsMarkdown({ ...REPORT, comparisons: [compared], failures: [] })).toContain("Uncertain in 1 of 1");
  expect(compareRounds("get-1", "servers", rounds(9, 1, 0.01, new Random(1)), new Random(1)).isUncertain).toBe(false);
});

test("one slow round of nine is not a regression", () => {
  const even = Array.from({ length: 8 }, () => ({ current: 100, baseline: 100 }));
  const compared = compareRounds("get-1", "servers", [...even, { current: 10, baseline: 100 }], new Random(1));
  expect(compared).toMatchObject({ ratio: 1, isRegression: false });
});

test("fewer than nine rounds never report a regression", () => {
  expect(() => compareRounds("get-1", "servers", rounds(8, 0.1, 0, new Random(1)), new Random(1))).toThrow(/at least 9 rounds.*has 8/);
});

const PLAN = { rounds: 9, roundMs: 2, warmMs: 1, only: "list-namespaces" };

/** A worker of constant speed that records which version ran; it fails for a case without a speed. */
function worker(opsPerSec: number | null, ran: string[], name: string): ComparedWorker {
  return {
    isRunning: true,
    settle: () => Promise.resolve(),
    run: (each: CaseName, forMs: number) => {
      if (opsPerSec === null) return Promise.reject(new Error(`${each} is not a function`));
      if (forMs === PLAN.roundMs) ran.push(name);
      return Promise.resolve(roundOf(opsPerSec));
    },
  };
}

function roundOf(opsPerSec: number): Round {
  return { opsPerSec, p50Ms: 1, p95Ms: 1, p99Ms: 1, longestPauseMs: 1, rssMb: 1 };
}

function pair(current: number | null, baseline: number | null, ran: string[] = []): Pair {
  return { system: "embedded", current: worker(current, ran, "current"), baseline: worker(baseline, ran, "baseline") };
}

test("the versions alternate, and the one that runs first changes from round to round", async () => {
  const ran: string[] = [];
  const { comparisons } = await compareCases([pair(100, 100, ran)], PLAN, () => undefined);
  expect(comparisons).toHaveLength(1);
  expect(ran).toHaveLength(18);
  expect(ran.slice(0, 4)).toEqual(["baseline", "current", "current", "baseline"]);
});

test("a suspected regression is decided by three times as many rounds", async () => {
  const speeds = [100, ...Array<number>(9).fill(80), 100, ...Array<number>(18).fill(100)];
  const disturbed = { ...pair(100, 100), current: { ...worker(100, [], "current"), run: () => Promise.resolve(roundOf(speeds.shift() ?? 0)) } };
  const { comparisons } = await compareCases([disturbed], PLAN, () => undefined);
  expect(comparisons).toMatchObject([{ ratio: 1, rounds: 27, isRegression: false }]);
  const slow = await compareCases([pair(90, 100)], PLAN, () => undefined);
  expect(slow.comparisons).toMatchObject([{ ratio: 0.9, rounds: 27, isRegression: true }]);
});

test("a slower version fails the comparison, and the report names the case", async () => {
  const compared = await compareCases([pair(90, 100)], PLAN, () => undefined);
  expect(reasonsToFail(compared)).toEqual(["regression: list-namespaces on embedded, 0.90 (0.90–0.90)"]);
  const text = comparisonAsMarkdown({ ...REPORT, ...compared });
  expect(text).toContain("| `list-namespaces` | embedded | 100 | 90 | **0.90** | 0.90–0.90 | **regression** |");
  expect(text).toContain("baseline main (0123456789), 9 alternating rounds of 0.5 s");
});

test("an equal and a faster version pass", async () => {
  for (const speed of [100, 200]) {
    const compared = await compareCases([pair(speed, 100)], PLAN, () => undefined);
    expect(reasonsToFail(compared)).toEqual([]);
    expect(comparisonAsMarkdown({ ...REPORT, ...compared })).toContain("No regression");
  }
});

test("a case that the baseline cannot run is reported; one that this version cannot run fails", async () => {
  const other = { ...pair(100, 100), system: "servers" as const };
  const newer = await compareCases([pair(100, null), other], PLAN, () => undefined);
  expect(reasonsToFail(newer)).toEqual([]);
  expect(comparisonAsMarkdown({ ...REPORT, ...newer })).toContain("Not compared: `list-namespaces` on embedded, as the baseline version failed");
  const broken = await compareCases([pair(null, 100), other], PLAN, () => undefined);
  expect(reasonsToFail(broken)).toEqual(["list-namespaces on embedded failed: list-namespaces is not a function"]);
});

test("a run that compared nothing fails", () => {
  expect(reasonsToFail({ comparisons: [], failures: [] })).toEqual(["nothing was compared"]);
});

const REPORT = {
  date: "2026-01-01",
  command: "npm run bench",
  machine: "a machine",
  servers: "Cassandra and Qdrant (local)",
  ref: "main",
  commit: "0123456789abcdef",
  rounds: 9,
  roundMs: 500,
};
