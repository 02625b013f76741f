/**
 * The log of a client process: a JSON line at the start and at the end of every call. Times `at` are milliseconds of
 * CLOCK_MONOTONIC, comparable between the processes of one machine; `wall` is what the process's own clock shows.
 */

/** One operation of a call. */
export type LoggedOperation =
  | { readonly kind: "get"; readonly namespace: readonly string[]; readonly key: string }
  | PutOperation
  | { readonly kind: "delete"; readonly namespace: readonly string[]; readonly key: string }
  | SearchOperation;

/** A put; at most one of `ttlMs` and `until` is there. */
export interface PutOperation {
  readonly kind: "put";
  readonly namespace: readonly string[];
  readonly key: string;
  /** See `value.ts`. */
  readonly id: string;
  /** Lives so long, and reading renews it. */
  readonly ttlMs?: number;
  /** Ends at this time of the process's own clock. */
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

/** An item that was read. The id is null, and `found` holds the value, where it is not what anybody wrote there. */
export interface Row {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly id: string | null;
  readonly score?: number;
  readonly createdAt?: number;
  readonly found?: unknown;
}

/** What a search gave. */
export interface SearchAnswer {
  readonly rows: readonly Row[];
  readonly mode: string;
  readonly degraded: boolean;
  readonly reason: string | null;
  /** Whether it stopped at a bound before it had seen all. */
  readonly truncated: boolean;
}

/** What became of one operation. */
export type LoggedOutcome =
  | { readonly ok: true; readonly row?: Row | null; readonly answer?: SearchAnswer }
  | { readonly ok: false; readonly code: string | null; readonly message: string; readonly retryable: boolean };

/** A call begins. */
interface StartLine {
  readonly s: number;
  readonly client: number;
  readonly operations: readonly LoggedOperation[];
  readonly at: number;
  readonly wall: number;
}

/** A call has ended, with an outcome for each of its operations. */
interface EndLine {
  readonly e: number;
  readonly outcomes: readonly LoggedOutcome[];
  readonly at: number;
  readonly wall: number;
}

/** A fact about the whole store, told by the process that makes the last checks. */
interface FactLine {
  readonly fact: string;
  readonly value: unknown;
}

export type LogLine = StartLine | EndLine | FactLine;

/** This moment, milliseconds of CLOCK_MONOTONIC. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Reads a log. A process that is killed may leave its last line unfinished; that line was then not said. */
export function parseLog(text: string): LogLine[] {
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogLine);
}
