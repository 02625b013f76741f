/** The health check: a request to each service, the breakers, and the backlog. */
import { Deadline } from "../concurrency/deadline.ts";
import { settled } from "../concurrency/outcomes.ts";
import { messageOf } from "../model/errors.ts";
import type { BreakerState, StoreEventType } from "../ports/events.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Outbox } from "../ports/outbox.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { countBacklog, overdueMsOf } from "./backlog.ts";

/** Result of a request to one service. */
export interface ServiceHealth {
  readonly status: "up" | "down";
  /** Latency of the answer in milliseconds; null without an answer. */
  readonly latencyMs: number | null;
  /** Why the service is down; null when it is up. */
  readonly error: string | null;
  /** Null for services without a breaker, such as a local file. */
  readonly breaker: BreakerState | null;
}

/** Recorded intents of writes that are not known to be complete. */
export interface BacklogHealth {
  /** Number of intents, those of recently completed writes included; counted up to a bound. */
  readonly intents: number;
  /** Whether there are more than the bound. */
  readonly more: boolean;
  /** Batches of intents in a newer format; processes of the newer version complete them. */
  readonly unreadable: number;
  /** Dead-lettered intents: a retry does not help. */
  readonly deadLettered: number;
  /** Age of the oldest due intent in milliseconds; 0 when none is due. */
  readonly overdueMs: number;
}

/** The health of a store. */
export interface Health {
  /**
   * `down`: records cannot be read. `degraded`: searches are not ranked by similarity or miss vectors, the backlog is overdue or has
   * dead-lettered intents, a breaker is not closed, or the audit trail cannot be written. `ok`: none of these.
   */
  readonly status: "ok" | "degraded" | "down";
  readonly records: ServiceHealth;
  /**
   * Null when the store has no index. `complete` is false while a lost collection is rebuilt. `keywords`: whether the index has terms
   * for keyword and hybrid search; while they are missing, such searches are semantic, and `status` ignores that. "off" by `index.keyword`.
   * `previousCollection`: the `qdrant.collection` that the keyspace records, if the configured one is another: earlier items are not
   * found by their vectors until `repair` has completed. Null otherwise, and on a local file.
   */
  readonly vectors: (ServiceHealth & { readonly complete: boolean; readonly keywords: "ready" | "missing" | "off"; readonly previousCollection: string | null }) | null;
  /** Null when the store has no index. The check does not call the provider, because a call may cost money. */
  readonly embeddings: { readonly breaker: BreakerState } | null;
  /** Null when the backlog could not be read. */
  readonly backlog: BacklogHealth | null;
  /** Whether writing entries fails, and how many entries were lost; null when the store has no audit trail. */
  readonly audit: { readonly failing: boolean; readonly lost: number } | null;
  /** Number of events of each type since the store was created, in this process. */
  readonly events: Partial<Record<StoreEventType, number>>;
}

/** Dependencies of the health check. */
export interface HealthSources {
  readonly items: ItemRepository;
  readonly outbox: Pick<Outbox, "backlog">;
  readonly vectors: VectorIndex | null;
  readonly isComplete: () => boolean;
  readonly previousCollection: () => string | null;
  readonly keywords: () => "ready" | "missing" | "off";
  readonly breakers: {
    readonly records: (() => BreakerState) | null;
    readonly vectors: (() => BreakerState) | null;
    readonly embeddings: (() => BreakerState) | null;
  };
  readonly audit: () => Health["audit"];
  readonly events: () => Partial<Record<StoreEventType, number>>;
}

/** Timeout of the entire health check, milliseconds. */
const DEADLINE_MS = 2_000;

/** Age of a due intent above which the reconciler is considered behind, milliseconds. */
const OVERDUE_MS = 60_000;

/** An id that no item can have: puts cannot write to the root namespace. */
const NO_ITEM = { namespace: "", key: "" };

/** Checks each service without its guard, so that an open breaker does not hide a recovered service. Never rejects. */
export async function readHealth(sources: HealthSources): Promise<Health> {
  const { items, outbox, vectors, breakers } = sources;
  const deadline = new Deadline(DEADLINE_MS);
  const [records, index, backlog] = await Promise.all([
    checkService(deadline, breakers.records, () => items.get([NO_ITEM])),
    vectors === null ? null : checkService(deadline, breakers.vectors, () => vectors.stored([NO_ITEM])),
    readBacklog(deadline, outbox),
  ]);
  const isComplete = sources.isComplete();
  const previousCollection = sources.previousCollection();
  const audit = sources.audit();
  const embeddings = breakers.embeddings === null ? null : { breaker: breakers.embeddings() };
  const isWell =
    (index === null || (index.status === "up" && isComplete && previousCollection === null)) &&
    [records, index, embeddings].every((part) => part === null || part.breaker === null || part.breaker === "closed") &&
    audit?.failing !== true &&
    backlog !== null &&
    backlog.deadLettered === 0 &&
    backlog.overdueMs <= OVERDUE_MS;
  return {
    status: records.status === "down" ? "down" : isWell ? "ok" : "degraded",
    records,
    vectors: index === null ? null : { ...index, complete: isComplete, keywords: sources.keywords(), previousCollection },
    embeddings,
    backlog,
    audit,
    events: sources.events(),
  };
}

/** The health of a store that could not be started or was stopped. */
export function healthOfUnstarted(error: unknown): Health {
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
  const backlog = await countBacklog(outbox, deadline);
  if (backlog === null) return null;
  const { intents, more, unreadable, deadLettered } = backlog;
  return { intents, more, unreadable, deadLettered, overdueMs: overdueMsOf(backlog) };
}
