/** Verifies that a history satisfies the guarantees of the store. */
import { checkAnswers } from "./answers.ts";
import { checkCalls, type CallRules } from "./calls.ts";
import { checkFinalState } from "./final-state.ts";
import type { Call, History } from "./history.ts";
import { checkIsolation } from "./isolation.ts";
import { checkReads, KeyWrites, type ReadRules } from "./reads.ts";
import { checkRegister } from "./register.ts";
import { checkScores, type ScoreRules } from "./scores.ts";
import type { Violation } from "./violation.ts";

/** Parameters of the verification. */
export type HistoryRules = ReadRules &
  ScoreRules &
  CallRules & {
    /** Whether a judge has made the final check. */
    readonly isJudged: boolean;
    /** Whether hostile users ran, who must not affect others. */
    readonly isIsolated?: boolean;
  };

/** The violations, and the number of comparisons. */
export interface Judgement {
  readonly violations: readonly Violation[];
  /** Number of comparisons. */
  readonly checks: number;
}

/** Verifies a history. */
export function checkHistory(history: History, rules: HistoryRules): Judgement {
  const { writes, sights, rows, searches, calls } = history;
  const failedReads = calls.filter(isFailedRead);
  const violations: Violation[] = [
    ...checkCalls(history, rules),
    ...checkAnswers(history),
    ...checkScores(history, rules),
  ];
  for (const [place, seen] of sights) {
    const own = writes.get(place) ?? [];
    const key = new KeyWrites(own, seen, failedReads, rules);
    violations.push(...checkReads(place, key, seen), ...checkRegister(place, own, key, seen));
  }
  if (rules.isIsolated) violations.push(...checkIsolation(history));
  if (rules.isJudged) violations.push(...checkFinalState(history));
  const seen = [...sights.values()].reduce((sum, list) => sum + list.length, 0);
  return { violations, checks: seen + rows.length + searches.length + calls.length };
}

/** Whether a failed read may have refreshed the TTL of its items. */
function isFailedRead({ operations, outcomes }: Call): boolean {
  return operations.some(({ kind }, i) => (kind === "get" || kind === "search") && outcomes?.[i]?.ok !== true);
}
