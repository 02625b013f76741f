import type { Deadline } from "../../concurrency/deadline.ts";
import { checkDueAt, encodeIntents, readableBatches } from "../../model/intent-batch.ts";
import type { DueBatches, IntentBatch, Outbox, OutboxBacklog } from "../../ports/outbox.ts";
import type { DatabaseCalls, RemoveBatchWrite } from "./requests.ts";
import type { WriteGroup } from "./write-group.ts";

/** Intents in a local file. They share the transactions, and the syncs of the disk, of the records. */
export class SqliteOutbox implements Outbox {
  readonly #database: DatabaseCalls;
  readonly #writes: WriteGroup;

  constructor(database: DatabaseCalls, writes: WriteGroup) {
    this.#database = database;
    this.#writes = writes;
  }

  async add(batch: IntentBatch, deadline?: Deadline): Promise<void> {
    const { id, dueAt } = batch;
    checkDueAt(dueAt);
    // A copy of its own: a small Buffer is a view of a pool, all of which would be cloned with it.
    await this.#writes.one({ kind: "add-batch", id, dueAt, cell: new Uint8Array(encodeIntents(batch)) }, deadline);
  }

  async due(now: number, limit: number, deadline?: Deadline): Promise<DueBatches> {
    if (limit < 1) return { batches: [], unreadable: 0 };
    for (let most = limit; ; most *= 2) {
      const rows = await this.#database.call("due", { now, limit: most }, deadline);
      const { batches, unreadable } = readableBatches(rows);
      // Read further only where unreadable batches took the place of others.
      if (batches.length >= limit || rows.length < most) return { batches: batches.slice(0, limit), unreadable };
    }
  }

  async remove(batches: readonly Pick<IntentBatch, "id" | "dueAt">[], deadline?: Deadline): Promise<void> {
    for (const { dueAt } of batches) checkDueAt(dueAt);
    const outcomes = await this.#writes.each(
      batches,
      ({ id, dueAt }): RemoveBatchWrite => ({ kind: "remove-batch", id, dueAt }),
      deadline,
    );
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  backlog(bound: number, deadline?: Deadline): Promise<OutboxBacklog> {
    return this.#database.call("backlog", { bound }, deadline);
  }
}
