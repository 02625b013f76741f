/** What a checker found wrong, and how it is told. */
import type { Call, FaultWindow, Write } from "./history.ts";

/** A promise that was broken. */
export interface Violation {
  /** Which rule, in a few words. */
  readonly rule: string;
  readonly message: string;
  /** The call that shows it. */
  readonly call?: Call;
  /** Writes to the same key around it. */
  readonly around?: readonly Write[];
}

/** Most rows of an answer that are told. */
const MOST_ROWS = 8;
const MOST_WRITES = 12;

/** Tells a violation, with times relative to `origin`. */
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

/** A call in one line. */
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
