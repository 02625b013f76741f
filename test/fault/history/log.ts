/**
 * The log of a client process: a JSON line at the start and the end of every call. Times `at` are milliseconds of
 * CLOCK_MONOTONIC, comparable between the processes of one machine; `wall` is the time of the process's own clock.
 */

/** One operation of a call. */
export type LoggedOperation =
  | { readonly kind: "get"; readonly namespace: readonly string[]; readonly key: string }
  | PutOperation
  | { readonly kind: "delete"; readonly namespace: readonly string[]; readonly key: string }
  | SearchOperation;

/** A put; it has at most one of `ttlMs` and `until`. */
export interface PutOperation {
  readonly kind: "put";
  readonly namespace: readonly string[];
  readonly key: string;
  /** See `value.ts`. */
  readonly id: string;
  /** TTL, which reads refresh. */
  readonly ttlMs?: number;
  /** Expiry, by the process's own clock. */
  readonly until?: number;
}

/** A search: ranked with a `query`, otherwise a listing. */
export interface SearchOperation {
  readonly kind: "search";
  readonly prefix: readonly string[];
  readonly query?: string;
  readonly tag?: number;
  readonly limit: number;
}

/** An item that was read. If its value was never written there, the id is null and `found` has the value. */
export interface Row {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly id: string | null;
  readonly score?: number;
  readonly createdAt?: number;
  readonly found?: unknown;
}

/** Result of a search. */
export interface SearchAnswer {
  readonly rows: readonly Row[];
  readonly mode: string;
  readonly degraded: boolean;
  readonly reason: string | null;
  /** Whether it stopped at a bound before its end. */
  readonly truncated: boolean;
}

/** Outcome of one operation. */
export type LoggedOutcome =
  | { readonly ok: true; readonly row?: Row | null; readonly answer?: SearchAnswer }
  | { readonly ok: false; readonly code: string | null; readonly message: string; readonly retryable: boolean };

/** Start of a call. */
interface StartLine {
  readonly s: number;
  readonly client: number;
  readonly operations: readonly LoggedOperation[];
  readonly at: number;
  readonly wall: number;
}

/** End of a call, with an outcome for each of its operations. */
interface EndLine {
  readonly e: number;
  readonly outcomes: readonly LoggedOutcome[];
  readonly at: number;
  readonly wall: number;
}

/** A fact about the entire store, reported by the process that makes the final check. */
interface FactLine {
  readonly fact: string;
  readonly value: unknown;
}

export type LogLine = StartLine | EndLine | FactLine;

/** Returns the current time in milliseconds of CLOCK_MONOTONIC. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Reads a log. A killed process can leave its last line incomplete; that line is ignored. */
export function parseLog(text: string): LogLine[] {
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogLine);
}
