/** The current state of a store, for gauges. */
import type { BreakerState, Service } from "../ports/events.ts";
import type { Outbox, OutboxBacklog } from "../ports/outbox.ts";
import type { CqlNode } from "../ports/telemetry.ts";
import { countBacklog, overdueMsOf } from "./backlog.ts";
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

/** Counts recorded intents, at most once per interval. */
export class BacklogCount {
  #last: OutboxBacklog | null = null;
  #readAt = -Infinity;

  /** The last count; null when counting failed. */
  async read(outbox: Pick<Outbox, "backlog">, intervalMs: number): Promise<OutboxBacklog | null> {
    const now = performance.now();
    if (now - this.#readAt < intervalMs) return this.#last;
    this.#readAt = now;
    this.#last = await countBacklog(outbox);
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
  observe("intentsOverdue", overdueMsOf(backlog) / 1_000);
}

/** Splits an address such as "10.0.0.1:9042" or "[::1]:9042" into host and port. */
export function endpointOf(address: string): { readonly serverAddress: string; readonly serverPort: number | null } {
  const parts = /^(?:\[(?<six>.+)\]|(?<host>[^:]+)):(?<port>\d+)$/.exec(address)?.groups;
  if (parts === undefined) return { serverAddress: address, serverPort: null };
  return { serverAddress: parts["six"] ?? parts["host"] ?? address, serverPort: Number(parts["port"]) };
}
