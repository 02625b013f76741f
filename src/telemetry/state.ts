/** The current state of a store, for gauges. */
import { withinDeadline } from "../concurrency/deadline.ts";
import { settled } from "../concurrency/outcomes.ts";
import type { BreakerState, Service } from "../ports/events.ts";
import type { Outbox } from "../ports/outbox.ts";
import type { CqlNode } from "../ports/telemetry.ts";
import type { Observe } from "./instruments.ts";

/** State of the guard of a service. */
export interface GuardState {
  readonly breaker: BreakerState;
  readonly calls: { readonly inFlight: number; readonly waiting: number };
}

/** Sources of the state of a store. */
export interface StateSources {
  /** By service; only services with a guard. */
  readonly guards: Readonly<Partial<Record<Service, () => GuardState>>>;
  /** Empty without a cluster. */
  readonly nodes: () => readonly CqlNode[];
  /** False while a lost collection is rebuilt; null without an index. */
  readonly isComplete: () => boolean | null;
  /** Texts in the embedding cache; null without an index. */
  readonly cachedTexts: () => number | null;
  readonly outbox: Pick<Outbox, "backlog">;
}

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, "half-open": 1, open: 2 };

/** Bound of the number of batches that are counted. */
const BATCHES_COUNTED = 1_000;

/** Timeout of the count, milliseconds, so that it does not delay other gauges. */
const BACKLOG_DEADLINE_MS = 2_000;

interface Backlog {
  readonly intents: number;
  readonly deadLettered: number;
  readonly oldestDueAt: number | null;
}

/** Counts recorded intents, at most once per interval. */
export class BacklogCount {
  #last: Backlog | null = null;
  #readAt = -Infinity;

  /** The last count; null when counting failed. */
  async read(outbox: Pick<Outbox, "backlog">, intervalMs: number): Promise<Backlog | null> {
    const now = performance.now();
    if (now - this.#readAt < intervalMs) return this.#last;
    this.#readAt = now;
    const counted = await settled(withinDeadline("Counting the backlog", BACKLOG_DEADLINE_MS, outbox.backlog(BATCHES_COUNTED)));
    // Null instead of a stale count; the metrics of the records report the failure.
    this.#last = counted.status === "fulfilled" ? counted.value : null;
    return this.#last;
  }
}

/** Reports all gauges. */
export async function observeState(sources: StateSources, count: BacklogCount, intervalMs: number, observe: Observe): Promise<void> {
  for (const [service, state] of Object.entries(sources.guards)) {
    const { breaker, calls } = state();
    observe("breakerState", BREAKER_VALUES[breaker], { service });
    observe("callsInFlight", calls.inFlight, { service });
    observe("callsWaiting", calls.waiting, { service });
  }
  for (const node of sources.nodes()) {
    const labels = endpointOf(node.name);
    observe("hostUp", node.isUp ? 1 : 0, labels);
    observe("cqlConnections", node.connections, labels);
    observe("cqlInFlight", node.inFlight, labels);
    observe("cqlCapacity", node.capacity, labels);
  }
  const isComplete = sources.isComplete();
  if (isComplete !== null) observe("vectorsComplete", isComplete ? 1 : 0);
  const cached = sources.cachedTexts();
  if (cached !== null) observe("embeddingCacheEntries", cached);
  const backlog = await count.read(sources.outbox, intervalMs);
  if (backlog === null) return;
  observe("intentsPending", backlog.intents);
  observe("intentsDead", backlog.deadLettered);
  const { oldestDueAt } = backlog;
  observe("intentsOverdue", oldestDueAt === null ? 0 : Math.max(0, Date.now() - oldestDueAt) / 1_000);
}

/** Splits an address such as "10.0.0.1:9042" or "[::1]:9042" into host and port. */
export function endpointOf(address: string): { readonly serverAddress: string; readonly serverPort: number | null } {
  const parts = /^(?:\[(?<six>.+)\]|(?<host>[^:]+)):(?<port>\d+)$/.exec(address)?.groups;
  if (parts === undefined) return { serverAddress: address, serverPort: null };
  return { serverAddress: parts["six"] ?? parts["host"] ?? address, serverPort: Number(parts["port"]) };
}
