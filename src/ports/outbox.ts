import type { Deadline } from "../concurrency/deadline.ts";
import type { ItemId } from "../model/item.ts";
import type { InputCounts } from "./decorate.ts";

/** What a writer means to do: noted before it does it, so that any process can see to the end of it. */
export interface Intent extends ItemId {
  /** The write that is meant; a record that carries it shows that the write was done. */
  readonly writeId: string;
  /** When it was noted, milliseconds since the epoch by the writer's clock. */
  readonly recordedAt: number;
  /** Set once trying again was seen not to help: looked at seldom from then on, counted, and never dropped. */
  readonly isDeadLettered?: true;
}

/** Intents that are noted, found and removed together: those of one group commit. */
export interface IntentBatch {
  /** Unique; whoever postpones a batch gives it the same new id, so that two who do so make one batch, not two. */
  readonly id: string;
  /** When somebody shall look at it, milliseconds since the epoch. Part of where it is kept: it never changes. */
  readonly dueAt: number;
  /** How often it was looked at and postponed. */
  readonly attempts: number;
  readonly intents: readonly Intent[];
}

/** Batches that are due. */
export interface DueBatches {
  readonly batches: readonly IntentBatch[];
  /** Due batches that were met and that this version cannot read, as a newer one wrote them; all of them where `batches` is complete. */
  readonly unreadable: number;
}

/** How much waits. */
export interface OutboxBacklog {
  /** Batches that are kept, due or not; at most the bound that was given. */
  readonly batches: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
  /** Due time of the first of them, or null when there are none. */
  readonly oldestDueAt: number | null;
  /** Batches, of those counted, that this version cannot read: their intents are not counted. */
  readonly unreadable: number;
  /** Intents in the other batches counted. */
  readonly intents: number;
  /** Those that are dead. */
  readonly deadLettered: number;
}

/**
 * Durable notes of writes that may be under way. Every process reads all of them; reading one changes nothing, so two
 * may work on the same batch.
 *
 * Every method rejects with a `StoreError` when the database cannot answer. Once its `deadline` is over, it sends no further
 * request and rejects with what the deadline says.
 */
export interface Outbox {
  /** Keeps a batch. Once it resolves, the batch survives what records survive. Adding one again changes nothing. */
  add(batch: IntentBatch, deadline?: Deadline): Promise<void>;

  /**
   * Batches due at `now` (milliseconds), the longest due first, at most `limit`. Never misses one that was added. Unreadable
   * batches are counted and do not count toward the limit: thousands of them do not hide one that is readable.
   */
  due(now: number, limit: number, deadline?: Deadline): Promise<DueBatches>;

  /** Removes batches; removing one that is not there succeeds. Only `id` and `dueAt` are looked at. */
  remove(batches: readonly Pick<IntentBatch, "id" | "dueAt">[], deadline?: Deadline): Promise<void>;

  /** Counts what is kept, up to `bound`. */
  backlog(bound: number, deadline?: Deadline): Promise<OutboxBacklog>;
}

/** For decorators of the outbox. */
export const OUTBOX_INPUTS: InputCounts<Outbox> = { add: 1, due: 2, remove: 1, backlog: 1 };
