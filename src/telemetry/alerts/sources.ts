/** Takes snapshots of a store. */
import { withinDeadline } from "../../concurrency/deadline.ts";
import type { BreakerState, Service, StoreEvent, StoreEventType } from "../../ports/events.ts";
import type { Outbox } from "../../ports/outbox.ts";
import type { AlertCounts, AlertSnapshot, BacklogState, NodeState, PoolState } from "./snapshot.ts";

/** Counts that come from events. */
type EventCounts = Pick<AlertCounts, "vectorSyncFailures" | "breakerOpenings" | "secretFailures">;

/** Counts of operations and of the embedding cache. */
type MeasuredCounts = Omit<AlertCounts, keyof EventCounts>;

/** A source of events. */
export interface EventSource {
  on(type: StoreEventType, listener: (event: StoreEvent) => void): unknown;
  off(type: StoreEventType, listener: (event: StoreEvent) => void): unknown;
}

/** Sources of a snapshot. */
export interface SnapshotSources {
  readonly breakers: Readonly<Partial<Record<Service, () => BreakerState>>>;
  readonly pool: () => PoolState | null;
  readonly nodes: () => readonly NodeState[];
  readonly measured: () => MeasuredCounts;
  readonly p99Ms: () => Readonly<Record<string, number>>;
  readonly outbox: Pick<Outbox, "backlog">;
  readonly hasAllVectors: () => boolean;
  readonly isSearchDegraded: () => boolean;
  readonly isAuditFailing: () => boolean;
}

/** Events that trigger an evaluation at once. */
const URGENT: readonly StoreEventType[] = ["breaker-opened", "vectors-lost", "audit-failed"];

const COUNTED: readonly StoreEventType[] = ["breaker-opened", "vector-sync-failed", "embedding-postponed", "secret-refresh-failed"];

/** Bound of the number of batches that are counted. */
const BATCHES_COUNTED = 1_000;

/** Timeout of the count, milliseconds, so that it does not delay other conditions. */
const BACKLOG_DEADLINE_MS = 2_000;

/** Most secrets whose failures are counted. */
const MAX_SECRETS = 100;

/** Counts the events that alert conditions use, for the lifetime of a store. */
export class AlertEvents {
  readonly #breakerOpenings = new Map<Service, number>();
  readonly #secretFailures = new Map<string, number>();
  #vectorSyncFailures = 0;
  #onUrgent: () => void = () => undefined;
  readonly #source: EventSource;

  constructor(source: EventSource) {
    this.#source = source;
    for (const type of COUNTED) source.on(type, this.#count);
    for (const type of URGENT) source.on(type, this.#onUrgentEvent);
  }

  /** Sets the listener for urgent events. */
  set onUrgent(listener: () => void) {
    this.#onUrgent = listener;
  }

  /** The counts so far. */
  counts(): EventCounts {
    return {
      vectorSyncFailures: this.#vectorSyncFailures,
      breakerOpenings: Object.fromEntries(this.#breakerOpenings),
      secretFailures: Object.fromEntries(this.#secretFailures),
    };
  }

  /** Removes its listeners. */
  close(): void {
    for (const type of COUNTED) this.#source.off(type, this.#count);
    for (const type of URGENT) this.#source.off(type, this.#onUrgentEvent);
  }

  readonly #onUrgentEvent = (): void => this.#onUrgent();

  readonly #count = (event: StoreEvent): void => {
    if (event.type === "breaker-opened") increase(this.#breakerOpenings, event.service);
    else if (event.type === "secret-refresh-failed") {
      if (this.#secretFailures.size < MAX_SECRETS || this.#secretFailures.has(event.secret)) increase(this.#secretFailures, event.secret);
    } else this.#vectorSyncFailures += 1;
  };
}

/** Takes a snapshot. */
export async function takeSnapshot(sources: SnapshotSources, events: AlertEvents): Promise<AlertSnapshot> {
  const backlog = await readBacklog(sources.outbox);
  return {
    breakers: Object.fromEntries(Object.entries(sources.breakers).map(([service, state]) => [service, state()])),
    pool: sources.pool(),
    nodes: sources.nodes(),
    counts: { ...sources.measured(), ...events.counts() },
    p99Ms: sources.p99Ms(),
    backlog,
    hasAllVectors: sources.hasAllVectors(),
    isSearchDegraded: sources.isSearchDegraded(),
    isAuditFailing: sources.isAuditFailing(),
  };
}

async function readBacklog(outbox: Pick<Outbox, "backlog">): Promise<BacklogState | null> {
  try {
    const counting = outbox.backlog(BATCHES_COUNTED);
    const { intents, deadLettered, oldestDueAt } = await withinDeadline("Counting the backlog", BACKLOG_DEADLINE_MS, counting);
    return { intents, deadLettered, overdueMs: oldestDueAt === null ? 0 : Math.max(0, Date.now() - oldestDueAt) };
  } catch {
    // The breaker of the records reports their failure; the rest of the snapshot is still useful.
    return null;
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
