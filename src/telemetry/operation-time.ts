/** What an operation waited for, found by whatever runs on its behalf. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Service } from "../ports/events.ts";

/** Time of an operation by what it waited for, milliseconds. */
export interface Breakdown {
  readonly embeddingMs: number;
  readonly recordsMs: number;
  readonly vectorsMs: number;
  readonly queueMs: number;
}

/** What is waited for. */
export type Wait = Service | "queue";

interface Waited {
  active: number;
  since: number;
  ms: number;
}

const noWait = (): Waited => ({ active: 0, since: 0, ms: 0 });

/** Adds up what one call of the store waits for; what it waits for twice at once counts once. */
export class OperationTime {
  readonly startedAt: number;
  readonly #waits: Readonly<Record<Wait, Waited>> = { records: noWait(), vectors: noWait(), embeddings: noWait(), queue: noWait() };

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  /** It begins to wait. */
  enter(wait: Wait, now: number): void {
    const waited = this.#waits[wait];
    if (waited.active === 0) waited.since = now;
    waited.active += 1;
  }

  /** It waits no more. */
  leave(wait: Wait, now: number): void {
    const waited = this.#waits[wait];
    waited.active -= 1;
    if (waited.active === 0) waited.ms += now - waited.since;
  }

  /** It has waited for so long, milliseconds. */
  waited(wait: Wait, ms: number): void {
    this.#waits[wait].ms += ms;
  }

  /** What it has waited for until now; what it still waits for included. */
  breakdown(now: number): Breakdown {
    const { embeddings, records, vectors, queue } = this.#waits;
    const of = ({ active, since, ms }: Waited): number => rounded(active === 0 ? ms : ms + now - since);
    return { embeddingMs: of(embeddings), recordsMs: of(records), vectorsMs: of(vectors), queueMs: of(queue) };
  }
}

/** Milliseconds with two digits after the point. */
export function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** The operation on whose behalf code runs; null where it is on nobody's, or on that of several. */
export const currentOperation = new AsyncLocalStorage<OperationTime | null>();
