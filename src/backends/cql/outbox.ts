/** The outbox in CQL. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { mapBounded } from "../../concurrency/bounded.ts";
import { checkDueAt, encodeIntents, readableBatches, readableIntents } from "../../model/intent-batch.ts";
import type { DueBatches, IntentBatch, Outbox, OutboxBacklog } from "../../ports/outbox.ts";
import { fnv1a } from "./hash.ts";
import { type ListedSlot, OutboxSlots, type OutboxSlotsParts } from "./outbox-slots.ts";
import type { Param, Row } from "./session.ts";
import { bigint, numberIn } from "./values.ts";

/** Dependencies of the outbox. */
export type CqlOutboxParts = OutboxSlotsParts;

/** Duration of a slot, milliseconds. Stored, so it must never change. */
const SLOT_MS = 60_000;

/**
 * Number of partitions of a slot. Stored, so it must never change. Most batches are removed before they are due, so a read of
 * a slot passes the tombstones of one minute. Servers abort reads above 100,000 tombstones per partition by default; eight
 * partitions allow more than ten thousand group commits per second.
 */
const SHARDS = 8;

/** Concurrent requests of one call. */
const SLOTS_AT_ONCE = 2;
const REMOVALS_AT_ONCE = 64;

/** Bounds of concurrent reads when intents are counted, because a batch may have megabytes. */
const CELL_READS_AT_ONCE = 4;
const CELLS_A_PAGE = 10;

/** Most slots that are read together before the result is checked. */
const MOST_SLOTS_IN_GROUP = 8;

/** Size of one shard of a slot. */
interface ShardSize {
  readonly slot: number;
  readonly shard: number;
  readonly batches: number;
  /** Milliseconds since the epoch. */
  readonly oldestDueAt: number;
}

/**
 * Stores batches in the tables `outbox` and `outbox_slots` of one keyspace. A batch is one row with one cell, so limits on
 * the size of CQL batches do not apply; a hundred intents with keys of 32 KiB are 3 MB, below the limit of 16 MB.
 *
 * The write timestamp of a batch is its due time in milliseconds, which CQL reads as microseconds: a moment in January 1970. Its
 * removal has the next microsecond. So a removal always wins, also over a repeated or delayed add, regardless of clocks, and is never in
 * the future, which ScyllaDB rejects.
 */
export class CqlOutbox implements Outbox {
  readonly #parts: CqlOutboxParts;
  readonly #slots: OutboxSlots;

  constructor(parts: CqlOutboxParts) {
    this.#parts = parts;
    this.#slots = new OutboxSlots(parts);
  }

  async add(batch: IntentBatch, deadline?: Deadline): Promise<void> {
    const { session, statements } = this.#parts;
    const { dueAt } = batch;
    checkDueAt(dueAt);
    const row = [...placeOf(batch), encodeIntents(batch), bigint(dueAt)];
    await Promise.all([
      this.#slots.ensureListed(slotOf(dueAt)),
      session.write({ query: statements.addBatch, params: row }, deadline),
    ]);
    // Again after the write: if the lease expired meanwhile, the slot may have been found empty and removed from its list.
    await this.#slots.ensureListed(slotOf(dueAt));
  }

  async due(now: number, limit: number, deadline?: Deadline): Promise<DueBatches> {
    const found: IntentBatch[] = [];
    let unreadable = 0;
    if (limit < 1) return { batches: found, unreadable };
    for await (const slots of this.#slots.upTo(slotOf(now), deadline)) {
      for (const group of inGroups(slots)) {
        const due = await mapBounded(group, SLOTS_AT_ONCE, (slot) => this.#dueIn(slot, now, limit, deadline));
        for (const each of due) unreadable += each.unreadable;
        found.push(...due.flatMap(({ batches }) => batches));
        if (found.length >= limit) return { batches: found.slice(0, limit), unreadable };
      }
    }
    return { batches: found, unreadable };
  }

  async remove(batches: readonly Pick<IntentBatch, "id" | "dueAt">[], deadline?: Deadline): Promise<void> {
    const { session, statements } = this.#parts;
    for (const { dueAt } of batches) checkDueAt(dueAt);
    await mapBounded(batches, REMOVALS_AT_ONCE, (batch) =>
      session.write({ query: statements.removeBatch, params: [bigint(batch.dueAt + 1), ...placeOf(batch)] }, deadline),
    );
  }

  async backlog(bound: number, deadline?: Deadline): Promise<OutboxBacklog> {
    const counted = { batches: 0, intents: 0, deadLettered: 0, unreadable: 0 };
    let oldestDueAt: number | null = null;
    for await (const slots of this.#slots.upTo(Infinity, deadline)) {
      for (const group of inGroups(slots)) {
        const remaining = bound - counted.batches;
        const shards = (await mapBounded(group, SLOTS_AT_ONCE, (slot) => this.#sizesOf(slot, remaining + 1, deadline))).flat();
        const dueTimes = shards.map((shard) => shard.oldestDueAt);
        if (oldestDueAt === null && shards.length > 0) oldestDueAt = Math.min(...dueTimes);
        const cells = await this.#countCells(shards, remaining, deadline);
        counted.intents += cells.intents;
        counted.deadLettered += cells.deadLettered;
        counted.unreadable += cells.unreadable;
        const found = shards.reduce((sum, { batches }) => sum + batches, 0);
        counted.batches += Math.min(found, remaining);
        if (found > remaining) return { ...counted, more: true, oldestDueAt };
      }
    }
    return { ...counted, more: false, oldestDueAt };
  }

  /** Returns at most `limit` due batches of one slot, earliest first. */
  async #dueIn(slot: ListedSlot, now: number, limit: number, deadline: Deadline | undefined): Promise<DueBatches> {
    const isPast = slotOf(now) > slot.slot;
    for (let most = limit; ; most *= 2) {
      const rows = (await this.#read(slot, this.#parts.statements.readDue, [bigint(now), most], isPast, deadline)).map(toRow);
      const { batches, unreadable } = readableBatches(rows);
      // Reads more only if unreadable batches displaced others, which may be due earlier.
      const end = endOfRead(rows, most);
      if (end !== null && batches.filter(({ dueAt }) => dueAt <= end).length < limit) continue;
      // By id for equal due times, so that the order is the same in every process.
      const ordered = batches.sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
      return { batches: ordered.slice(0, limit), unreadable };
    }
  }

  /** Returns the sizes of the non-empty shards of a slot, each counted up to `limit`. */
  async #sizesOf(slot: ListedSlot, limit: number, deadline: Deadline | undefined): Promise<ShardSize[]> {
    const rows = await this.#read(slot, this.#parts.statements.readDueTimes, [limit], true, deadline);
    const shards = Map.groupBy(rows, (row) => row["shard"] as number);
    return [...shards].map(([shard, inShard]) => ({
      slot: slot.slot,
      shard,
      batches: inShard.length,
      oldestDueAt: Math.min(...inShard.map((row) => numberIn(row, "due_at"))),
    }));
  }

  /** Counts the intents of the first `remaining` batches of shards. */
  async #countCells(
    shards: readonly ShardSize[],
    remaining: number,
    deadline: Deadline | undefined,
  ): Promise<{ intents: number; deadLettered: number; unreadable: number }> {
    const { session, statements } = this.#parts;
    const counted = { intents: 0, deadLettered: 0, unreadable: 0 };
    let left = remaining;
    const reads = shards.map(({ slot, shard, batches }) => {
      const limit = Math.min(batches, left);
      left -= limit;
      return { params: [bigint(slot), shard, limit], limit };
    });
    const isNeeded = ({ limit }: { limit: number }): boolean => limit > 0;
    await mapBounded(reads.filter(isNeeded), CELL_READS_AT_ONCE, async ({ params }) => {
      const budget = session.pageBudget("read", CELLS_A_PAGE);
      let after: string | null = null;
      do {
        const page = { after, size: CELLS_A_PAGE };
        const { rows, next } = await session.page({ query: statements.readCells, params }, page, "read", deadline);
        for (const row of rows) {
          const batch = readableIntents(row["intents"] as Buffer);
          if (batch === null) counted.unreadable += 1;
          counted.intents += batch?.intents.length ?? 0;
          counted.deadLettered += batch?.intents.filter(({ isDeadLettered }) => isDeadLettered === true).length ?? 0;
        }
        after = next;
        if (after !== null) budget.spend(rows.length);
      } while (after !== null);
    });
    return counted;
  }

  /** Reads rows of all partitions of a slot. @param readsEntireSlot - whether the query matches every row, so that no result means an empty slot */
  async #read(
    slot: ListedSlot,
    query: string,
    params: readonly Param[],
    readsEntireSlot: boolean,
    deadline: Deadline | undefined,
  ): Promise<Row[]> {
    const begun = this.#slots.moment();
    const shards = Array.from({ length: SHARDS }, (_, shard) =>
      this.#parts.session.rows(query, [bigint(slot.slot), shard, ...params], "read", deadline),
    );
    const rows = (await Promise.all(shards)).flat();
    if (rows.length === 0 && readsEntireSlot) this.#slots.reportEmpty(slot, begun);
    return rows;
  }
}

function slotOf(time: number): number {
  return Math.floor(time / SLOT_MS);
}

/** The primary key of a batch. */
function placeOf({ id, dueAt }: Pick<IntentBatch, "id" | "dueAt">): Param[] {
  return [bigint(slotOf(dueAt)), shardOf(id), bigint(dueAt), id];
}

/** Groups of growing size: the first slot often suffices, and empty slots are often adjacent. */
function* inGroups(slots: readonly ListedSlot[]): Generator<ListedSlot[]> {
  for (let start = 0, size = 1; start < slots.length; start += size, size = Math.min(2 * size, MOST_SLOTS_IN_GROUP)) {
    yield slots.slice(start, start + size);
  }
}

/** A stored batch. */
interface BatchRow {
  readonly id: string;
  readonly dueAt: number;
  readonly cell: Buffer;
}

/** Due time up to which all rows of a slot were read, if a shard returned `most` rows and may have more; otherwise null. */
function endOfRead(rows: readonly BatchRow[], most: number): number | null {
  if (rows.length < most) return null;
  const shards = [...Map.groupBy(rows, ({ id }) => shardOf(id)).values()];
  const ends = shards.filter(({ length }) => length >= most).map((shard) => Math.max(...shard.map(({ dueAt }) => dueAt)));
  return ends.length === 0 ? null : Math.min(...ends);
}

function shardOf(id: string): number {
  return fnv1a(id) % SHARDS;
}

function toRow(row: Row): BatchRow {
  return { id: row["id"] as string, dueAt: numberIn(row, "due_at"), cell: row["intents"] as Buffer };
}
