import { expect, test } from "vitest";
import type { Measured } from "../../bench/recall/measured.ts";
import { asMarkdown } from "../../bench/recall/report.ts";
import { judgeRecall } from "../../bench/recall/targets.ts";

const CONVERSATIONS = ["a", "b"];

/** A ranking whose recall at each depth is given for conversation a, and for b. */
function ranking(system: string, name: string, a: number, b = a): Measured {
  const answers = [a, b].map((recall, i) => ({ conversation: CONVERSATIONS[i] as string, category: 1, recall: [recall, recall, recall], reciprocalRank: recall, ms: 1 }));
  return { system, ranking: name, answers };
}

const backend = (system: string, hybrid: readonly [number, number] = [0.7, 0.7]): Measured[] => [
  ranking(system, "semantic", 0.4),
  ranking(system, "keyword", 0.65),
  ranking(system, "hybrid", ...hybrid),
  ranking(system, "hybrid with decay", 0.6),
  ranking(system, "provider down", 0.65),
];
const all = (...hybrid: readonly (readonly [number, number])[]): Measured[] => [
  ...backend("local file", hybrid[0]),
  ...backend("servers", hybrid[1] ?? hybrid[0]),
  ranking("PostgresStore", "hybrid", 0.5),
];
const judged = (measured: readonly Measured[]) => judgeRecall(measured, CONVERSATIONS, ["b"]);
const missed = (measured: readonly Measured[]) => judged(measured).flatMap(({ what, reached, isMet }) => (isMet === false ? [`${what}: ${reached}`] : []));

test("targets of recall are met, or not measured", () => {
  expect(judged(all()).map(({ isMet }) => isMet)).toEqual(Array.from({ length: 27 }, () => true));
  expect(judged([]).every(({ reached, isMet }) => reached === null && isMet === null)).toBe(true);
});

test("a conversation in which hybrid finds less is named, although the total is higher", () => {
  expect(missed(all([0.61, 0.8]))).toEqual(
    ["local file", "servers"].flatMap((system) => [10, 20].map((depth) => `${system}: the same at ${depth}, lowest of all conversations: -0.040 (a)`)),
  );
  expect(missed(all([0.625, 0.8]))).toEqual([]);
});

test("a difference of the backends is missed, and so is a PostgresStore that finds as much", () => {
  expect(missed(all([0.66, 0.66], [0.69, 0.69]))).toEqual(["hybrid: largest difference of the backends at 5, 10, 20: 0.030"]);
  const equal = [...backend("servers"), ranking("PostgresStore", "hybrid", 0.7)];
  expect(missed(equal)).toEqual([5, 10, 20].map((depth) => `servers: hybrid recall@${depth}: 0.700 / 0.700`));
});

test("the report has recall by conversation, and the targets", () => {
  const conversations = CONVERSATIONS.map((id) => ({ id, turns: [], questions: [{ question: "where?", evidence: ["t"], category: 1 }] }));
  const text = asMarkdown(all([0.61, 0.8]), conversations, ["b"], judged(all([0.61, 0.8])));
  expect(text).toContain("| a | 1 | servers | 0.400 | 0.650 | 0.610 | -0.040 | 0.400 | 0.650 | 0.610 | -0.040 |");
  expect(text).toContain("| b | 1 | local file | 0.400 | 0.650 | 0.800 | 0.150 |");
  expect(text).toContain("-0.040 (a) | **missed** |");
});
