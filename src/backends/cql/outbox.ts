/** The outbox in CQL. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { mapBounded } from "../../concurrency/bounded.ts";
import { checkDueAt, encodeIntents, readableBatches, readableIntents } from "../../model/intent-batch.ts";
import type { DueBatches, IntentBatch, Outbox, OutboxBacklog } from "../../ports/outbox.ts";
import { fnv1a } from "./hash.ts";
import { type ListedSlot, OutboxSlots, type OutboxSlotsParts } from "./outbox-slots.ts";
import type { Param, Row } from "./session.ts";
import { bigint, numberIn } from "./values.ts";

/** What the outbox works with. */
export type CqlOutboxParts = OutboxSlotsParts;

/** Milliseconds of due times that share a slot. Stored: must never change. */
const SLOT_MS = 60_000;

/**
 * Partitions of a slot. Stored: must never change. Most batches are removed before they fall due, so a slot is read
 * past the tombstones of what a minute added: servers refuse that beyond 100,000 in a partition, by default, and eight
 * of them allow for more than ten thousand group commits a second.
 */
const SHARDS = 8;

/** Requests of one call that are under way at once. */
const SLOTS_AT_ONCE = 2;
const REMOVALS_AT_ONCE = 64;

/** Batches that are counted are read so many at once, as one may have megabytes of intents. */
const CELL_READS_AT_ONCE = 4;
const CELLS_A_PAGE = 10;

/** Most slots that are read before it is seen whether there is enough. */
const MOST_SLOTS_IN_GROUP = 8;

/** What one shard of a slot holds. */
interface ShardSize {
  readonly slot: number;
  readonly shard: number;
  readonly batches: number;
  /** Milliseconds since the epoch. */
  readonly oldestDueAt: number;
}

/**
 * Keeps batches in the tables `outbox` and `outbox_slots` of one keyspace. A batch is one row of one cell, written by
 * itself, so limits on the size of CQL batches do not apply to it; a hundred intents with keys of 32 KiB are one row of
 * 3 MB, below the 16 MB that servers take.
 *
 * Its write time is its due time, and a removal's is one later, in units that put both decades before any clock. So a
 * removal always wins, also over an add that is repeated or applied late, whatever the clocks show, and never has to be
 * in the future, which ScyllaDB refuses.
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
      this.#slots.register(slotOf(dueAt)),
      session.write({ query: statements.addBatch, params: row }, deadline),
    ]);
    // Once more, now that the row is there: where all that took long, the slot may have been found empty and left its
    // list.
    await this.#slots.register(slotOf(dueAt));
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
        const room = bound - counted.batches;
        const shards = (await mapBounded(group, SLOTS_AT_ONCE, (slot) => this.#sizesOf(slot, room + 1, deadline))).flat();
        const dueTimes = shards.map((shard) => shard.oldestDueAt);
        if (oldestDueAt === null && shards.length > 0) oldestDueAt = Math.min(...dueTimes);
        const cells = await this.#countCells(shards, room, deadline);
        counted.intents += cells.intents;
        counted.deadLettered += cells.deadLettered;
        counted.unreadable += cells.unreadable;
        const found = shards.reduce((sum, { batches }) => sum + batches, 0);
        counted.batches += Math.min(found, room);
        if (found > room) return { ...counted, more: true, oldestDueAt };
      }
    }
    return { ...counted, more: false, oldestDueAt };
  }

  /** The batches of one slot that are due, the longest due first, at most `limit`. */
  async #dueIn(slot: ListedSlot, now: number, limit: number, deadline: Deadline | undefined): Promise<DueBatches> {
    const isPast = slotOf(now) > slot.slot;
    for (let most = limit; ; most *= 2) {
      const rows = (await this.#read(slot, this.#parts.statements.readDue, [bigint(now), most], isPast, deadline)).map(toRow);
      const { batches, unreadable } = readableBatches(rows);
      // Read further only where unreadable batches took the place of others, which may be due before those that were read.
      const end = endOfRead(rows, most);
      if (end !== null && batches.filter(({ dueAt }) => dueAt <= end).length < limit) continue;
      // Of equals, the order does not matter, but it is the same in every process.
      const ordered = batches.sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
      return { batches: ordered.slice(0, limit), unreadable };
    }
  }

  /** How many batches the shards of one slot hold, each counted up to `limit`; those that hold any. */
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

  /** Counts the intents of the first `room` batches of shards: their cells are read, and of no others. */
  async #countCells(
    shards: readonly ShardSize[],
    room: number,
    deadline: Deadline | undefined,
  ): Promise<{ intents: number; deadLettered: number; unreadable: number }> {
    const { session, statements } = this.#parts;
    const counted = { intents: 0, deadLettered: 0, unreadable: 0 };
    let left = room;
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

  /** Rows of all partitions of a slot. `isWhole`: where none is found, there is none. */
  async #read(
    slot: ListedSlot,
    query: string,
    params: readonly Param[],
    isWhole: boolean,
    deadline: Deadline | undefined,
  ): Promise<Row[]> {
    const begun = this.#slots.moment();
    const shards = Array.from({ length: SHARDS }, (_, shard) =>
      this.#parts.session.rows(query, [bigint(slot.slot), shard, ...params], "read", deadline),
    );
    const rows = (await Promise.all(shards)).flat();
    if (rows.length === 0 && isWhole) this.#slots.reportEmpty(slot, begun);
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

/** Groups of growing size: the first slot often has enough, and where slots are empty, many in a row are. */
function* inGroups(slots: readonly ListedSlot[]): Generator<ListedSlot[]> {
  for (let start = 0, size = 1; start < slots.length; start += size, size = Math.min(2 * size, MOST_SLOTS_IN_GROUP)) {
    yield slots.slice(start, start + size);
  }
}

/** A batch as it is stored. */
interface BatchRow {
  readonly id: string;
  readonly dueAt: number;
  readonly cell: Buffer;
}

/** Due time up to which all rows of a slot were read, where a shard has `most` of them and may have more; else null. */
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
