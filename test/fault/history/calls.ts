/** Rules for every call: it ends in time, fails only with a reason, and a search answers during outages. */
import { JUDGE } from "./final-state.ts";
import { isNear, placeOf, type Call, type History, type Service } from "./history.ts";
import type { Span } from "./history-process.ts";
import type { Violation } from "./violation.ts";

/** Parameters of the rules for calls. */
export interface CallRules {
  /** Configured deadline in milliseconds. */
  readonly deadlineMs: number;
  /** Tolerated delay of a call on a busy machine, in milliseconds. */
  readonly slackMs: number;
  /** Time after a fault during which calls may still fail because of it, in milliseconds. */
  readonly recoveryMs: number;
  /** Codes that are allowed without a fault: those of an overloaded store. */
  readonly refusals: readonly string[];
  /** Whether clients abort calls. */
  readonly mayAbort?: boolean;
}

/** Verifies all calls of a history. */
export function checkCalls(history: History, rules: CallRules): Violation[] {
  const { processes } = history;
  const died = processes.flatMap(({ name, end, stderr }): Violation[] =>
    end === "stopped" || end === "killed" ? [] : [{ rule: `a process ${end}`, message: `${name}: ${stderr}` }],
  );
  const pauses = new Map(processes.map(({ name, pauses: spans }) => [name, spans]));
  const ends = new Map(processes.map(({ name, end }) => [name, end]));
  const called = history.calls.flatMap((call) => {
    const own = pauses.get(call.process) ?? [];
    return [...checkTime(call, own, ends.get(call.process) !== "killed", rules), ...checkFailures(call, own, history, rules)];
  });
  return [...died, ...called, ...history.calls.flatMap(checkOwnBatch)];
}

function checkTime(call: Call, pauses: readonly Span[], mustEnd: boolean, { deadlineMs, slackMs }: CallRules): Violation[] {
  if (call.outcomes === null && mustEnd) return [{ rule: "never ended", message: "the call had no end", call }];
  const took = awake(call, pauses);
  // The judge has longer deadlines.
  if (call.process === JUDGE || took <= deadlineMs + slackMs) return [];
  return [{ rule: "too long", message: `the call took ${Math.round(took)} ms, with a deadline of ${deadlineMs} ms`, call }];
}

/** Returns the duration of a call, without the time in which its process was stopped. */
export function awake(call: Call, pauses: readonly Span[]): number {
  const still = pauses.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, call.end) - Math.max(from, call.start)), 0);
  return call.end - call.start - still;
}

function checkFailures(call: Call, pauses: readonly Span[], history: History, rules: CallRules): Violation[] {
  return call.operations.flatMap((operation, i): Violation[] => {
    const outcome = call.outcomes?.[i];
    if (outcome === undefined || outcome.ok) return [];
    const { code, message, retryable } = outcome;
    if (code === null) return [{ rule: "foreign error", message: `an error that is not of the store's family: ${message}`, call }];
    if (rules.refusals.includes(code) && retryable) return [];
    if (code === "ABORTED" && rules.mayAbort) return [];
    const near = (spans: readonly Span[]): boolean => isNear(call, spans, rules.recoveryMs);
    if (near(pauses)) return [];
    const hit = (service: Service): boolean => near(history.faults.filter(({ hits }) => hits.includes(service)));
    if (hit("records")) return [];
    // While records are readable, a read must answer, degraded if necessary.
    if (operation.kind === "search" || operation.kind === "get") {
      return [{ rule: "no answer", message: `a read failed although the records could be read: ${code}`, call }];
    }
    if (hit("vectors") || hit("provider")) return [];
    const around = (history.writes.get(placeOf(operation.namespace, operation.key)) ?? []).filter(
      (write) => write.call.end > call.start && write.call.start < call.end,
    );
    return [{ rule: "failed without a fault", message: `${code}: ${message.slice(0, 300)}`, call, around }];
  });
}

/** Verifies that reads of a batch see the state before the batch. */
function checkOwnBatch(call: Call): Violation[] {
  const own = new Set(call.operations.flatMap((operation) => (operation.kind === "put" ? [operation.id] : [])));
  if (own.size === 0) return [];
  return (call.outcomes ?? []).flatMap((outcome): Violation[] => {
    if (!outcome.ok) return [];
    const rows = [...(outcome.row ? [outcome.row] : []), ...(outcome.answer?.rows ?? [])];
    const found = rows.find(({ id }) => id !== null && own.has(id));
    return found === undefined ? [] : [{ rule: "own write", message: `a read of a batch saw its own put ${found.id}`, call }];
  });
}
