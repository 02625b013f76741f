/** Merges the logs of all processes: the calls, and for each key its writes and reads. */
import type { LoggedOperation, LoggedOutcome, Row, SearchAnswer, SearchOperation } from "./log.ts";
import type { ProcessLog, Span } from "./history-process.ts";
import { tagOf } from "./value.ts";

/** The service that a fault makes unavailable. */
export type Service = "records" | "vectors" | "provider" | "processes";

/** A fault with its time span. */
export interface FaultWindow extends Span {
  readonly name: string;
  readonly hits: readonly Service[];
}

/** One call, of one operation or of a batch. */
export interface Call {
  readonly process: string;
  readonly number: number;
  readonly client: number;
  readonly operations: readonly LoggedOperation[];
  /** Null if the process ended before the call. */
  readonly outcomes: readonly LoggedOutcome[] | null;
  readonly start: number;
  /** End of the call or of its process. */
  readonly end: number;
  /** Time of the process's own clock. */
  readonly wallStart: number;
  readonly wallEnd: number;
}

/**
 * Whether a write took effect. `maybe`: it failed or was interrupted, and may have been applied. `never`: its error says
 * that nothing was stored.
 */
type WriteState = "acknowledged" | "maybe" | "never";

/** One put or delete. */
export interface Write {
  readonly place: string;
  /** Id of the value; null for a delete. */
  readonly id: string | null;
  readonly call: Call;
  readonly state: WriteState;
  /** Whether its vectors were acknowledged too. */
  readonly isSynced: boolean;
  readonly ttlMs: number | null;
  readonly until: number | null;
}

/** The result of one call for one key. */
export interface Sight {
  readonly place: string;
  readonly call: Call;
  /** The kind of call: a get, or a kind of search. */
  readonly route: "get" | "listing" | "filter" | "ranked" | "keyword";
  /** The value that was read; null for none. */
  readonly id: string | null;
  /** The tag of the filter, if no value was found. */
  readonly tag: number | null;
}

/** A completed search. */
export interface AnsweredSearch {
  readonly call: Call;
  readonly operation: SearchOperation;
  readonly answer: SearchAnswer;
}

/** The merged history. */
export interface History {
  readonly processes: readonly ProcessLog[];
  readonly faults: readonly FaultWindow[];
  readonly calls: readonly Call[];
  readonly writes: ReadonlyMap<string, readonly Write[]>;
  readonly sights: ReadonlyMap<string, readonly Sight[]>;
  readonly searches: readonly AnsweredSearch[];
  /** Results that were never written at their key, with their call. */
  readonly rows: readonly { readonly call: Call; readonly operation: LoggedOperation; readonly row: Row }[];
}

/** Whether a call overlaps one of the spans, or the time after it. */
export function isNear({ start, end }: Call, spans: readonly Span[], afterMs: number): boolean {
  return spans.some(({ from, to }) => from <= end && to + afterMs >= start);
}

/** Returns the name of a key: its labels and the key. */
export function placeOf(namespace: readonly string[], key: string): string {
  return `${namespace.join(".")}/${key}`;
}

/** Codes of errors after which nothing is stored. */
const NOTHING_SAVED: ReadonlySet<string> = new Set(["EMBEDDING", "VALIDATION"]);

/** The code of an error after which the record is stored and its vectors are queued. */
const STORED = "VECTOR_SYNC";

/** Merges the logs. */
export function historyOf(processes: readonly ProcessLog[], faults: readonly FaultWindow[]): History {
  const calls = processes.flatMap(callsOf);
  const writes = new Map<string, Write[]>();
  const sights = new Map<string, Sight[]>();
  const searches: AnsweredSearch[] = [];
  const rows: { call: Call; operation: LoggedOperation; row: Row }[] = [];
  for (const call of calls) {
    call.operations.forEach((operation, i) => {
      const outcome = call.outcomes?.[i] ?? null;
      if (operation.kind === "put" || operation.kind === "delete") {
        const write = writeOf(call, operation, outcome);
        add(writes, write.place, write);
      } else if (outcome?.ok) {
        for (const row of rowsOf(outcome)) rows.push({ call, operation, row });
        if (operation.kind === "search" && outcome.answer !== undefined) {
          searches.push({ call, operation, answer: outcome.answer });
        }
      }
    });
  }
  for (const call of calls) {
    call.operations.forEach((operation, i) => {
      const outcome = call.outcomes?.[i];
      if (outcome?.ok) for (const sight of sightsOf(call, operation, outcome, writes.keys())) add(sights, sight.place, sight);
    });
  }
  return { processes, faults, calls, writes, sights, searches, rows };
}

function callsOf({ name, lines, endedAt }: ProcessLog): Call[] {
  const calls = new Map<number, Call>();
  for (const line of lines) {
    if ("s" in line) {
      const { s: number, client, operations, at: start, wall: wallStart } = line;
      const wallEnd = wallStart + Math.max(0, endedAt - start);
      calls.set(number, { process: name, number, client, operations, outcomes: null, start, end: endedAt, wallStart, wallEnd });
    } else if ("e" in line) {
      const call = calls.get(line.e);
      if (call === undefined) throw new Error(`Call ${line.e} of ${name} ended and never began.`);
      calls.set(line.e, { ...call, outcomes: line.outcomes, end: line.at, wallEnd: line.wall });
    }
  }
  return [...calls.values()];
}

function writeOf(
  call: Call,
  operation: LoggedOperation & { readonly kind: "put" | "delete" },
  outcome: LoggedOutcome | null,
): Write {
  const isPut = operation.kind === "put";
  return {
    place: placeOf(operation.namespace, operation.key),
    id: isPut ? operation.id : null,
    call,
    state: stateOf(outcome),
    isSynced: outcome?.ok ?? false,
    ttlMs: isPut ? (operation.ttlMs ?? null) : null,
    until: isPut ? (operation.until ?? null) : null,
  };
}

function stateOf(outcome: LoggedOutcome | null): WriteState {
  if (outcome === null) return "maybe";
  if (outcome.ok || outcome.code === STORED) return "acknowledged";
  return outcome.code !== null && NOTHING_SAVED.has(outcome.code) ? "never" : "maybe";
}

function rowsOf(outcome: LoggedOutcome & { readonly ok: true }): readonly Row[] {
  if (outcome.answer !== undefined) return outcome.answer.rows;
  return outcome.row ? [outcome.row] : [];
}

/** Returns the result of a call for each key, including keys that it had to return and did not. */
function* sightsOf(
  call: Call,
  operation: LoggedOperation,
  outcome: LoggedOutcome & { readonly ok: true },
  places: Iterable<string>,
): Generator<Sight> {
  if (operation.kind === "get") {
    const place = placeOf(operation.namespace, operation.key);
    yield { place, call, route: "get", id: outcome.row?.id ?? null, tag: null };
    return;
  }
  const { answer } = outcome;
  if (operation.kind !== "search" || answer === undefined) return;
  const { query, tag, limit, prefix } = operation;
  const route = query !== undefined ? (answer.degraded ? "keyword" : "ranked") : tag === undefined ? "listing" : "filter";
  const seen = new Set<string>();
  for (const { namespace, key, id } of answer.rows) {
    const place = placeOf(namespace, key);
    seen.add(place);
    if (id !== null) yield { place, call, route, id, tag: null };
  }
  if (answer.truncated || answer.rows.length >= limit) return;
  for (const place of places) {
    if (!seen.has(place) && isBelow(prefix, place)) yield { place, call, route, id: null, tag: tag ?? null };
  }
}

function isBelow(prefix: readonly string[], place: string): boolean {
  if (prefix.length === 0) return true;
  const path = prefix.join(".");
  return place.startsWith(`${path}/`) || place.startsWith(`${path}.`);
}

/** Whether a missing value may have been excluded by the filter. */
export function isFilteredOut(sight: Sight, id: string): boolean {
  return sight.tag !== null && tagOf(id) !== sight.tag;
}

function add<T>(map: Map<string, T[]>, name: string, item: T): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [item]);
  else list.push(item);
}
