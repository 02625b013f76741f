/** Makes calls and logs the start, the end and the outcome of each. */
import { openSync, writeSync } from "node:fs";
import type { Operation } from "@langchain/langgraph-checkpoint";
import type { BatchError, isStoreError, ScyllaDBStore, SearchResults } from "../../../src/index.ts";
import type { LoggedOperation, LoggedOutcome, LogLine, Row, SearchAnswer } from "./log.ts";
import { monotonicMs } from "./log.ts";
import { isIndexed, valueOf, wholeIdOf } from "./value.ts";

type Item = NonNullable<Awaited<ReturnType<ScyllaDBStore["get"]>>> & { readonly score?: number };

/** Options of a recorder. */
export interface RecorderParts {
  readonly store: ScyllaDBStore;
  readonly isStoreError: typeof isStoreError;
  /** File to which the log is appended. */
  readonly log: string;
  /** Size of each value without its text in bytes. */
  readonly padBytes: number;
}

/** Records calls. */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #file: number;
  #calls = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#file = openSync(parts.log, "a");
  }

  /** Makes one call: a single operation, or several as a batch. Never rejects, because a failure is an outcome. */
  async call(client: number, operations: readonly LoggedOperation[], signal?: AbortSignal): Promise<LoggedOutcome[]> {
    const number = this.#calls;
    this.#calls += 1;
    this.#say({ s: number, client, operations, at: monotonicMs(), wall: Date.now() });
    const outcomes = await this.#outcomes(operations, signal === undefined ? {} : { signal });
    this.#say({ e: number, outcomes, at: monotonicMs(), wall: Date.now() });
    return outcomes;
  }

  /** Logs a fact. */
  fact(fact: string, value: unknown): void {
    this.#say({ fact, value });
  }

  async #outcomes(operations: readonly LoggedOperation[], options: { readonly signal?: AbortSignal }): Promise<LoggedOutcome[]> {
    const { store } = this.#parts;
    const [only, ...others] = operations;
    try {
      if (only !== undefined && others.length === 0) return [this.#outcomeOf(only, await this.#run(only, options))];
      const results: unknown[] = await store.batch(operations.map((each) => this.#toOperation(each)), options);
      return operations.map((operation, i) => this.#outcomeOf(operation, results[i]));
    } catch (error) {
      const settled = this.#parts.isStoreError(error) && error.code === "BATCH" ? (error as BatchError).outcomes : null;
      return operations.map((operation, i) => {
        const outcome = settled?.[i];
        if (outcome?.status === "fulfilled") return this.#outcomeOf(operation, outcome.value);
        return this.#failed(outcome === undefined ? error : outcome.reason);
      });
    }
  }

  #run(operation: LoggedOperation, options: { readonly signal?: AbortSignal }): Promise<unknown> {
    const { store, padBytes } = this.#parts;
    switch (operation.kind) {
      case "get":
        return store.get([...operation.namespace], operation.key, options);
      case "delete":
        return store.delete([...operation.namespace], operation.key, options);
      case "put": {
        const { namespace, key, id } = operation;
        const value = valueOf(id, namespace, key, padBytes);
        return store.put([...namespace], key, value, isIndexed(id) ? undefined : false, { ...lifetime(operation), ...options });
      }
      case "search": {
        const { prefix, query, tag, limit } = operation;
        return store.search([...prefix], {
          ...options,
          limit,
          ...(query === undefined ? {} : { query }),
          ...(tag === undefined ? {} : { filter: { tag } }),
        });
      }
    }
  }

  #toOperation(operation: LoggedOperation): Operation {
    switch (operation.kind) {
      case "get":
        return { namespace: [...operation.namespace], key: operation.key };
      case "delete":
        return { namespace: [...operation.namespace], key: operation.key, value: null };
      case "put": {
        const { namespace, key, id } = operation;
        const value = valueOf(id, namespace, key, this.#parts.padBytes);
        const index = isIndexed(id) ? {} : { index: false as const };
        return { namespace: [...namespace], key, value, ...index, ...lifetime(operation) };
      }
      case "search": {
        const { prefix, query, tag, limit } = operation;
        return {
          namespacePrefix: [...prefix],
          limit,
          ...(query === undefined ? {} : { query }),
          ...(tag === undefined ? {} : { filter: { tag } }),
        };
      }
    }
  }

  #outcomeOf(operation: LoggedOperation, result: unknown): LoggedOutcome {
    if (operation.kind === "get") return { ok: true, row: result === null ? null : toRow(result as Item) };
    return operation.kind === "search" ? { ok: true, answer: toAnswer(result as SearchResults) } : { ok: true };
  }

  #failed(error: unknown): LoggedOutcome {
    if (this.#parts.isStoreError(error)) {
      return { ok: false, code: error.code, message: error.message, retryable: error.retryable };
    }
    return { ok: false, code: null, message: error instanceof Error ? (error.stack ?? "") : String(error), retryable: false };
  }

  /** Writes synchronously and unbuffered, so that a line survives the end of the process. */
  #say(line: LogLine): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

function lifetime({ ttlMs, until }: { readonly ttlMs?: number; readonly until?: number }): { ttl?: number; expiresAt?: Date } {
  if (ttlMs !== undefined) return { ttl: ttlMs / 60_000 };
  return until === undefined ? {} : { expiresAt: new Date(until) };
}

function toRow({ namespace, key, value, score, createdAt }: Item): Row {
  const id = wholeIdOf(value, namespace, key);
  return {
    namespace,
    key,
    id,
    ...(score === undefined ? {} : { score }),
    createdAt: createdAt.getTime(),
    ...(id === null ? { found: JSON.stringify(value).slice(0, 500) } : {}),
  };
}

function toAnswer(results: SearchResults): SearchAnswer {
  const { mode, degraded, reason, truncated } = results.info;
  return { rows: results.map(toRow), mode, degraded, reason, truncated };
}
