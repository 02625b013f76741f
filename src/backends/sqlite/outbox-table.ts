import { readableIntents } from "../../model/intent-batch.ts";
import type { OutboxBacklog } from "../../ports/outbox.ts";
import { bytesOf, textOf, toBytes, type Connection, type Reader, type Writer } from "./connection.ts";
import type { AddBatchWrite, BatchRow, RemoveBatchWrite } from "./requests.ts";

/** Batches that are decoded at once when they are counted: one may hold megabytes. */
const COUNTED_AT_ONCE = 64;

/** The batches of intents. */
export class OutboxTable {
  readonly #connection: Connection;
  readonly #add: Writer;
  readonly #remove: Writer;
  readonly #due: Reader;
  readonly #count: Reader;
  readonly #oldest: Reader;
  readonly #cells: Reader;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#add = connection.writer("INSERT INTO outbox (due_at, id, batch) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    this.#remove = connection.writer("DELETE FROM outbox WHERE due_at = ? AND id = ?");
    this.#due = connection.reader("SELECT due_at, id, batch FROM outbox WHERE due_at <= ? ORDER BY due_at, id LIMIT ?");
    this.#count = connection.reader("SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT ?)");
    this.#oldest = connection.reader("SELECT min(due_at) FROM outbox");
    this.#cells = connection.reader("SELECT row, batch FROM outbox WHERE row > ? ORDER BY row LIMIT ?");
  }

  /** Stores a batch unless it is stored already. For write transactions. */
  add({ id, dueAt, cell }: AddBatchWrite): void {
    this.#add([dueAt, toBytes(id), cell]);
  }

  /** Deletes a batch if it exists. For write transactions. */
  remove({ id, dueAt }: RemoveBatchWrite): void {
    this.#remove([dueAt, toBytes(id)]);
  }

  /** The batches due at a time, the longest due first. */
  due(now: number, limit: number): BatchRow[] {
    return this.#due
      .all([now, limit])
      .map(([dueAt, id, batch]) => ({ id: textOf(id), dueAt: Number(dueAt), cell: bytesOf(batch) }));
  }

  /** Counts batches, up to a bound, and what is in them. */
  backlog(bound: number): OutboxBacklog {
    return this.#connection.transaction("DEFERRED", () => {
      const count = Number(this.#count.first([bound + 1])?.[0]);
      const oldest = this.#oldest.first([])?.[0] ?? null;
      const oldestDueAt = oldest === null ? null : Number(oldest);
      return { batches: Math.min(count, bound), more: count > bound, oldestDueAt, ...this.#countIntents(bound) };
    });
  }

  #countIntents(bound: number): { intents: number; deadLettered: number; unreadable: number } {
    let [intents, deadLettered, unreadable, last] = [0, 0, 0, 0];
    for (let left = bound, rows; left > 0; left -= rows.length) {
      rows = this.#cells.all([last, Math.min(left, COUNTED_AT_ONCE)]);
      if (rows.length === 0) break;
      for (const [row, cell] of rows) {
        const batch = readableIntents(bytesOf(cell));
        if (batch === null) unreadable += 1;
        intents += batch?.intents.length ?? 0;
        deadLettered += batch?.intents.filter(({ isDeadLettered }) => isDeadLettered === true).length ?? 0;
        last = Number(row);
      }
    }
    return { intents, deadLettered, unreadable };
  }
}
