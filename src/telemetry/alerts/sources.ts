/** Takes snapshots of a store. */
import type { BreakerState, Service, StoreEvent, StoreEventType } from "../../ports/events.ts";
import type { Outbox } from "../../ports/outbox.ts";
import { countBacklog, overdueMsOf } from "../backlog.ts";
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
  const backlog = await countBacklog(outbox);
  return backlog === null ? null : { intents: backlog.intents, deadLettered: backlog.deadLettered, overdueMs: overdueMsOf(backlog) };
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
