/** How the store is at a moment: what is not counted, but looked at. */
import { withinDeadline } from "../concurrency/deadline.ts";
import { settled } from "../concurrency/outcomes.ts";
import type { BreakerState, Service } from "../ports/events.ts";
import type { Outbox } from "../ports/outbox.ts";
import type { CqlNode } from "../ports/telemetry.ts";
import type { Observe } from "./instruments.ts";

/** A service behind its guard. */
export interface GuardState {
  readonly breaker: BreakerState;
  readonly calls: { readonly inFlight: number; readonly waiting: number };
}

/** What says how the store is. */
export interface StateSources {
  /** Of the services that a guard stands before. */
  readonly guards: Readonly<Partial<Record<Service, () => GuardState>>>;
  /** None where there is no cluster. */
  readonly nodes: () => readonly CqlNode[];
  /** Whether the vectors hold what the records say; null where there is no index. */
  readonly isComplete: () => boolean | null;
  /** Texts in the embedding cache; null where there is no index. */
  readonly cachedTexts: () => number | null;
  readonly outbox: Pick<Outbox, "backlog">;
}

const BREAKERS: Readonly<Record<BreakerState, number>> = { closed: 0, "half-open": 1, open: 2 };

/** Batches that are counted: enough to tell that there are many. */
const BATCHES_COUNTED = 1_000;

/** Longest time for that, milliseconds: the rest shall be read meanwhile. */
const BACKLOG_DEADLINE_MS = 2_000;

interface Backlog {
  readonly intents: number;
  readonly deadLettered: number;
  readonly oldestDueAt: number | null;
}

/** Counts the notes of writes, but not more often than it may. */
export class BacklogCount {
  #last: Backlog | null = null;
  #readAt = -Infinity;

  /** The notes, as they were counted last; null when they cannot be. */
  async read(outbox: Pick<Outbox, "backlog">, intervalMs: number): Promise<Backlog | null> {
    const now = performance.now();
    if (now - this.#readAt < intervalMs) return this.#last;
    this.#readAt = now;
    const counted = await settled(withinDeadline("Counting the backlog", BACKLOG_DEADLINE_MS, outbox.backlog(BATCHES_COUNTED)));
    // That the records cannot be read is told by their own metrics; a stale count would say that nothing changed.
    this.#last = counted.status === "fulfilled" ? counted.value : null;
    return this.#last;
  }
}

/** Observes all gauges. */
export async function observeState(sources: StateSources, count: BacklogCount, intervalMs: number, observe: Observe): Promise<void> {
  for (const [service, state] of Object.entries(sources.guards)) {
    const { breaker, calls } = state();
    observe("breakerState", BREAKERS[breaker], { service });
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

/** Host and port of an address such as "10.0.0.1:9042" or "[::1]:9042". */
export function endpointOf(address: string): { readonly serverAddress: string; readonly serverPort: number | null } {
  const parts = /^(?:\[(?<six>.+)\]|(?<host>[^:]+)):(?<port>\d+)$/.exec(address)?.groups;
  if (parts === undefined) return { serverAddress: address, serverPort: null };
  return { serverAddress: parts["six"] ?? parts["host"] ?? address, serverPort: Number(parts["port"]) };
}
