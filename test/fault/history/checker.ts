/** Decides whether a history keeps the promises of the store. */
import { checkAnswers } from "./answers.ts";
import { checkCalls, type CallRules } from "./calls.ts";
import { checkFinalState } from "./final-state.ts";
import type { Call, History } from "./history.ts";
import { checkIsolation } from "./isolation.ts";
import { checkReads, KeyWrites, type ReadRules } from "./reads.ts";
import { checkRegister } from "./register.ts";
import { checkScores, type ScoreRules } from "./scores.ts";
import type { Violation } from "./violation.ts";

/** What a history is judged by. */
export type HistoryRules = ReadRules &
  ScoreRules &
  CallRules & {
    /** Whether a judge has looked at the end. */
    readonly isJudged: boolean;
    /** Whether hostile users were at work, whom nobody else may notice. */
    readonly isIsolated?: boolean;
  };

/** What was found, and how much was looked at. */
export interface Judgement {
  readonly violations: readonly Violation[];
  /** Single comparisons that were made. */
  readonly checks: number;
}

/** Judges a history. */
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

/** A read of which nobody knows whether it renewed what it would have returned. */
function isFailedRead({ operations, outcomes }: Call): boolean {
  return operations.some(({ kind }, i) => (kind === "get" || kind === "search") && outcomes?.[i]?.ok !== true);
}
