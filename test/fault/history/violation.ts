/** Violations found by the checker, and their description. */
import type { Call, FaultWindow, Write } from "./history.ts";

/** A violated guarantee. */
export interface Violation {
  /** Short name of the rule. */
  readonly rule: string;
  readonly message: string;
  /** The call that proves it. */
  readonly call?: Call;
  /** Writes to the same key around the call. */
  readonly around?: readonly Write[];
}

/** Maximum number of reported rows of a result. */
const MOST_ROWS = 8;
const MOST_WRITES = 12;

/** Returns the description of a violation, with times relative to `origin`. */
export function describeViolation({ rule, message, call, around = [] }: Violation, origin: number, faults: readonly FaultWindow[]): string {
  const lines = [`${rule}: ${message}`];
  if (call !== undefined) {
    lines.push(`  call ${describeCall(call, origin)}`);
    const during = faults.filter(({ from, to }) => from <= call.end && to >= call.start - 10_000);
    for (const { name, from, to } of during) lines.push(`  fault ${name} ${span(from, to, origin)}`);
  }
  for (const write of [...around].sort((a, b) => a.call.start - b.call.start).slice(-MOST_WRITES)) {
    const end = write.ttlMs !== null ? `, lives ${write.ttlMs} ms` : write.until !== null ? `, until ${write.until}` : "";
    const wall = `wall ${write.call.wallStart}`;
    const when = span(write.call.start, write.call.end, origin);
    lines.push(`  write ${write.state} of ${write.id ?? "a delete"}${end} ${when} ${wall}`);
  }
  return lines.join("\n");
}

/** Returns a call in one line. */
function describeCall(call: Call, origin: number): string {
  const operations = JSON.stringify(call.operations);
  const outcomes = call.outcomes === null ? "no outcome" : JSON.stringify(call.outcomes.map(shortened));
  return `${call.process}#${call.number} ${span(call.start, call.end, origin)} ${operations} -> ${outcomes}`;
}

function shortened(outcome: NonNullable<Call["outcomes"]>[number]): unknown {
  if (!outcome.ok) return { ...outcome, message: outcome.message.slice(0, 300) };
  const { answer } = outcome;
  if (answer === undefined) return outcome;
  const rows = answer.rows.slice(0, MOST_ROWS).map(({ key, id, score }) => [key, id, score]);
  return { ...answer, rows: answer.rows.length > MOST_ROWS ? [...rows, `${answer.rows.length} in all`] : rows };
}

function span(from: number, to: number, origin: number): string {
  return `[${(from - origin).toFixed(1)}, ${(to - origin).toFixed(1)}]`;
}
