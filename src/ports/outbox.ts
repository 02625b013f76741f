import type { Deadline } from "../concurrency/deadline.ts";
import type { ItemId } from "../model/item.ts";
import type { InputCounts } from "./decorate.ts";

/** A write-ahead intent: recorded before the write, so that any process can complete the write. */
export interface Intent extends ItemId {
  /** Id of the write; a record with this id shows that the write was done. */
  readonly writeId: string;
  /** When the intent was recorded, milliseconds since the epoch by the writer's clock. */
  readonly recordedAt: number;
  /** Set once retries are known not to help: retried at long intervals from then on, counted, and never dropped. */
  readonly isDeadLettered?: true;
}

/** Intents that are recorded, read and removed together: one group commit. */
export interface IntentBatch {
  /** Unique id. A postponed batch gets a deterministic id, so that two processes that postpone it create only one batch. */
  readonly id: string;
  /** When the batch becomes due, milliseconds since the epoch. Part of its storage key, so it never changes. */
  readonly dueAt: number;
  /** How often the batch was processed and postponed. */
  readonly attempts: number;
  readonly intents: readonly Intent[];
}

/** Batches that are due. */
export interface DueBatches {
  readonly batches: readonly IntentBatch[];
  /** Number of due batches in a newer format, which this version cannot read; complete if `batches` is complete. */
  readonly unreadable: number;
}

/** Size of the backlog. */
export interface OutboxBacklog {
  /** Number of batches, due or not; counted up to the bound. */
  readonly batches: number;
  /** Whether there are more than the bound. */
  readonly more: boolean;
  /** Earliest due time; null when there are no batches. */
  readonly oldestDueAt: number | null;
  /** Number of counted batches in a newer format; their intents are not counted. */
  readonly unreadable: number;
  /** Number of intents in the readable batches. */
  readonly intents: number;
  /** Number of dead-lettered intents. */
  readonly deadLettered: number;
}

/**
 * Durable intents of writes that may be in progress. Every process reads all of them without claiming them, so two processes
 * may work on the same batch.
 *
 * Every method rejects with a `StoreError` when the database cannot answer. Once its `deadline` is exceeded, it sends no
 * further request and rejects.
 */
export interface Outbox {
  /** Stores a batch; once it resolves, the batch is as durable as records. Adding a batch again changes nothing. */
  add(batch: IntentBatch, deadline?: Deadline): Promise<void>;

  /**
   * Returns at most `limit` batches due at `now` (milliseconds), earliest first; never misses one. Unreadable batches do not
   * count toward the limit, so they do not hide readable ones.
   */
  due(now: number, limit: number, deadline?: Deadline): Promise<DueBatches>;

  /** Removes batches; removing one that does not exist succeeds. Uses only `id` and `dueAt`. */
  remove(batches: readonly Pick<IntentBatch, "id" | "dueAt">[], deadline?: Deadline): Promise<void>;

  /** Counts the batches, up to `bound`. */
  backlog(bound: number, deadline?: Deadline): Promise<OutboxBacklog>;
}

/** For decorators of the outbox. */
export const OUTBOX_INPUTS: InputCounts<Outbox> = { add: 1, due: 2, remove: 1, backlog: 1 };
