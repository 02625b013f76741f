/** Handwritten histories for the tests of the checker. */
import { checkHistory, type HistoryRules } from "../../fault/history/checker.ts";
import { historyOf, type FaultWindow } from "../../fault/history/history.ts";
import type { ProcessLog } from "../../fault/history/history-process.ts";
import type { LoggedOperation, LoggedOutcome, LogLine, Row, SearchAnswer } from "../../fault/history/log.ts";

/** Rules with round numbers. */
const RULES: HistoryRules = {
  deadlineMs: 1_000,
  slackMs: 100,
  recoveryMs: 500,
  refusals: [],
  clockSpreadMs: 0,
  scoresMayLag: false,
  isJudged: false,
};

/** The namespace and the keys of most histories. */
export const NS = ["t", "a"] as const;

/** A call in a history: operations, start, end and outcome; without an outcome if its process was killed. */
export interface MadeCall {
  readonly operations: readonly LoggedOperation[];
  readonly from: number;
  readonly to: number;
  readonly outcomes: readonly LoggedOutcome[] | null;
  readonly process: string;
}

type At = readonly [from: number, to: number];

const DONE: LoggedOutcome = { ok: true };

function call(operation: LoggedOperation, [from, to]: At, outcome: LoggedOutcome | null, process = "p"): MadeCall {
  return { operations: [operation], from, to, outcomes: outcome === null ? null : [outcome], process };
}

/** A failure. */
export function failed(code: string | null, retryable = true): LoggedOutcome {
  return { ok: false, code, message: "for a reason", retryable };
}

/** An item as it is read. */
export function row(key: string, id: string | null, more: Partial<Row> = {}): Row {
  return { namespace: NS, key, id, ...more };
}

export function put(key: string, id: string, at: At, outcome: LoggedOutcome | null = DONE, process = "p"): MadeCall {
  return call({ kind: "put", namespace: NS, key, id }, at, outcome, process);
}

/** A put of a value that expires at a time of the clock, which equals CLOCK_MONOTONIC in these histories. */
export function putUntil(key: string, id: string, at: At, until: number): MadeCall {
  return call({ kind: "put", namespace: NS, key, id, until }, at, DONE);
}

/** A put of a value with a TTL that reads refresh. */
export function putFor(key: string, id: string, at: At, ttlMs: number): MadeCall {
  return call({ kind: "put", namespace: NS, key, id, ttlMs }, at, DONE);
}

export function remove(key: string, at: At, outcome: LoggedOutcome | null = DONE): MadeCall {
  return call({ kind: "delete", namespace: NS, key }, at, outcome);
}

export function get(key: string, id: string | null, at: At): MadeCall {
  return call({ kind: "get", namespace: NS, key }, at, { ok: true, row: id === null ? null : row(key, id) });
}

/** A search; a listing without a query and a tag. */
export function search(
  rows: readonly Row[],
  at: At,
  asked: { readonly query?: string; readonly tag?: number; readonly limit?: number } = {},
  answer: Partial<SearchAnswer> = {},
): MadeCall {
  const mode = asked.query === undefined ? "filter" : "semantic";
  const whole = { rows, mode, degraded: false, reason: null, truncated: false, ...answer };
  return call({ kind: "search", prefix: NS, limit: 100, ...asked }, at, { ok: true, answer: whole });
}

/** A search that failed. */
export function failedSearch(code: string, at: At, query?: string): MadeCall {
  return call({ kind: "search", prefix: NS, limit: 100, ...(query === undefined ? {} : { query }) }, at, failed(code));
}

/** Returns the rules that a history violates, each once. */
export function broken(
  calls: readonly MadeCall[],
  { rules = {}, faults = [], processes = {} }: {
    readonly rules?: Partial<HistoryRules>;
    readonly faults?: readonly FaultWindow[];
    readonly processes?: Readonly<Record<string, Partial<ProcessLog>>>;
  } = {},
): string[] {
  const logs = [...Map.groupBy(calls, ({ process }) => process)].map(([name, own]) => logOf(name, own, processes[name]));
  const { violations } = checkHistory(historyOf(logs, faults), { ...RULES, ...rules });
  return [...new Set(violations.map(({ rule }) => rule))];
}

function logOf(name: string, calls: readonly MadeCall[], more: Partial<ProcessLog> = {}): ProcessLog {
  const lines = calls.flatMap(({ operations, from, to, outcomes }, s): LogLine[] => [
    { s, client: 0, operations, at: from, wall: from },
    ...(outcomes === null ? [] : [{ e: s, outcomes, at: to, wall: to }]),
  ]);
  const cut = calls.filter(({ outcomes }) => outcomes === null);
  const endedAt = Math.max(...(cut.length > 0 ? cut : calls).map(({ to }) => to));
  return { name, lines, endedAt, end: cut.length > 0 ? "killed" : "stopped", pauses: [], stderr: "", ...more };
}
