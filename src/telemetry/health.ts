/** How the store is: each service asked now, the breakers, and what waits to be finished. */
import { Deadline } from "../concurrency/deadline.ts";
import { settled } from "../concurrency/outcomes.ts";
import { messageOf } from "../model/errors.ts";
import type { BreakerState, StoreEventType } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Outbox } from "../ports/outbox.ts";
import type { VectorIndex } from "../ports/vector-index.ts";

/** A service that was asked just now. */
export interface ServiceHealth {
  readonly status: "up" | "down";
  /** Milliseconds that its answer took; null when there was none. */
  readonly latencyMs: number | null;
  /** Why it is down; null when it is up. */
  readonly error: string | null;
  /** Null where no breaker stands before it, as before a local file. */
  readonly breaker: BreakerState | null;
}

/** Writes that are noted and not known to be finished. */
export interface BacklogHealth {
  /** All notes, those of writes that ended moments ago included; at most the bound to which they are counted. */
  readonly intents: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  /** Batches of intents in a format that this version cannot read; processes of the newer version finish them. */
  readonly unreadable: number;
  /** Notes that are kept although trying again does not help. */
  readonly dead: number;
  /** For how many milliseconds the longest waiting one has been due; 0 when none is due. */
  readonly overdueMs: number;
}

/** How the store is. */
export interface Health {
  /**
   * `down`: records cannot be read. `degraded`: something else is not as it should be: searches are not ranked by
   * similarity, writes wait to be finished, or the audit trail cannot be written. `ok`: all is well.
   */
  readonly status: "ok" | "degraded" | "down";
  readonly records: ServiceHealth;
  /** Null when the store has no index. `complete` says whether they hold what the records say. */
  readonly vectors: (ServiceHealth & { readonly complete: boolean }) | null;
  /** Null when the store has no index. The provider is not asked, as that may cost money. */
  readonly embeddings: { readonly breaker: BreakerState } | null;
  /** Null when it could not be read. */
  readonly backlog: BacklogHealth | null;
  /** Whether entries cannot be kept at the moment, and how many were lost; null when the store has no audit trail. */
  readonly audit: { readonly failing: boolean; readonly lost: number } | null;
  /** How often each event happened since the store was made, in this process. */
  readonly events: Partial<Record<StoreEventType, number>>;
}

/** What health is told from. */
export interface HealthSources {
  readonly items: ItemRepository;
  readonly outbox: Pick<Outbox, "backlog">;
  readonly vectors: VectorIndex | null;
  readonly isComplete: () => boolean;
  readonly breakers: {
    readonly records: (() => BreakerState) | null;
    readonly vectors: (() => BreakerState) | null;
    readonly embeddings: (() => BreakerState) | null;
  };
  readonly audit: () => Health["audit"];
  readonly events: () => Partial<Record<StoreEventType, number>>;
}

/** Longest time for all of it, milliseconds: whoever asks wants to know now. */
const DEADLINE_MS = 2_000;

const BATCHES_COUNTED = 1_000;

/** A write that is due for longer than this waits for more than the next look, milliseconds. */
const LATE_MS = 60_000;

/** An item that is never stored: its namespace is the root, which no put can name. */
const NO_ITEM = { namespace: "", key: "" };

/** Asks each service, past its guard: a breaker shall not hide that it is back. Never rejects. */
export async function readHealth(sources: HealthSources): Promise<Health> {
  const { items, outbox, vectors, breakers } = sources;
  const deadline = new Deadline(DEADLINE_MS);
  const [records, index, backlog] = await Promise.all([
    checkService(deadline, breakers.records, () => items.get([NO_ITEM])),
    vectors === null ? null : checkService(deadline, breakers.vectors, () => vectors.stored([NO_ITEM])),
    readBacklog(deadline, outbox),
  ]);
  const isComplete = sources.isComplete();
  const audit = sources.audit();
  const embeddings = breakers.embeddings === null ? null : { breaker: breakers.embeddings() };
  const isWell =
    (index === null || (index.status === "up" && isComplete)) &&
    [records, index, embeddings].every((part) => part === null || part.breaker === null || part.breaker === "closed") &&
    audit?.failing !== true &&
    backlog !== null &&
    backlog.dead === 0 &&
    backlog.overdueMs <= LATE_MS;
  return {
    status: records.status === "down" ? "down" : isWell ? "ok" : "degraded",
    records,
    vectors: index === null ? null : { ...index, complete: isComplete },
    embeddings,
    backlog,
    audit,
    events: sources.events(),
  };
}

/** The health of a store that could not be started, or was stopped. */
export function healthOfNone(error: unknown): Health {
  return {
    status: "down",
    records: { status: "down", latencyMs: null, error: messageOf(error), breaker: null },
    vectors: null,
    embeddings: null,
    backlog: null,
    audit: null,
    events: {},
  };
}

async function checkService(
  deadline: Deadline,
  breaker: (() => BreakerState) | null,
  question: () => Promise<unknown>,
): Promise<ServiceHealth> {
  const started = performance.now();
  const answer = await settled(deadline.wait("An answer to the health check", question()));
  const isUp = answer.status === "fulfilled";
  return {
    status: isUp ? "up" : "down",
    latencyMs: isUp ? Math.round((performance.now() - started) * 100) / 100 : null,
    error: isUp ? null : messageOf(answer.reason),
    breaker: breaker?.() ?? null,
  };
}

async function readBacklog(deadline: Deadline, outbox: Pick<Outbox, "backlog">): Promise<BacklogHealth | null> {
  const answer = await settled(deadline.wait("Counting the backlog", outbox.backlog(BATCHES_COUNTED)));
  // That it could not be counted is said by null; why, by the health of the records, beside which it lies.
  if (answer.status === "rejected") return null;
  const { intents, deadLettered, unreadable, more, oldestDueAt } = answer.value;
  const overdueMs = oldestDueAt === null ? 0 : Math.max(0, Date.now() - oldestDueAt);
  return { intents, more, unreadable, dead: deadLettered, overdueMs };
}
