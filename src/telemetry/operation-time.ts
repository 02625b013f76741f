/** The time that an operation waits for each service, available to all code that runs for the operation. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Service } from "../ports/events.ts";

/** Wait times of an operation, milliseconds. */
export interface Breakdown {
  readonly embeddingMs: number;
  readonly recordsMs: number;
  readonly vectorsMs: number;
  readonly queueMs: number;
}

/** A cause of waiting. */
export type Wait = Service | "queue";

interface Waited {
  active: number;
  since: number;
  ms: number;
}

const noWait = (): Waited => ({ active: 0, since: 0, ms: 0 });

/** Sums the wait times of one operation; concurrent waits for the same service count once. */
export class OperationTime {
  readonly startedAt: number;
  readonly #waits: Readonly<Record<Wait, Waited>> = { records: noWait(), vectors: noWait(), embeddings: noWait(), queue: noWait() };

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  /** Starts a wait. */
  enter(wait: Wait, now: number): void {
    const waited = this.#waits[wait];
    if (waited.active === 0) waited.since = now;
    waited.active += 1;
  }

  /** Ends a wait. */
  leave(wait: Wait, now: number): void {
    const waited = this.#waits[wait];
    waited.active -= 1;
    if (waited.active === 0) waited.ms += now - waited.since;
  }

  /** Adds a wait that is over, milliseconds. */
  waited(wait: Wait, ms: number): void {
    this.#waits[wait].ms += ms;
  }

  /** The wait times until now, current waits included. */
  breakdown(now: number): Breakdown {
    const { embeddings, records, vectors, queue } = this.#waits;
    const waitedMs = ({ active, since, ms }: Waited): number => rounded(active === 0 ? ms : ms + now - since);
    return { embeddingMs: waitedMs(embeddings), recordsMs: waitedMs(records), vectorsMs: waitedMs(vectors), queueMs: waitedMs(queue) };
  }
}

/** Rounds milliseconds to two decimals. */
export function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** The operation that code runs for; null in background work and in grouped calls. */
export const currentOperation = new AsyncLocalStorage<OperationTime | null>();
