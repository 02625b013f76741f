/** Deletes records that no read can return any more. CQL does so by itself; a file must be swept. */
import type { Connection, Reader, Writer } from "./connection.ts";
import type { SweepReply, SweepRequest } from "./requests.ts";
import type { VectorTable } from "./vector-table.ts";

/** A transaction ends after this long, milliseconds: other writers, of other processes too, wait for it. */
const MAX_TRANSACTION_MS = 20;

/** Most rows of one transaction. */
const MAX_ROWS = 500;

/** Processes one row; returns whether it deleted something. */
type Step = () => boolean;

/** Deletes records that expired or were deleted, with their vectors, and vectors that have no record. */
export class Sweep {
  readonly #connection: Connection;
  readonly #vectors: VectorTable;
  readonly #uptime: () => number;
  readonly #expired: Reader;
  readonly #markers: Reader;
  readonly #orphans: Reader;
  readonly #deleteItem: Writer;
  readonly #adopt: Writer;

  /** @param uptime - milliseconds of a monotonic clock */
  constructor(connection: Connection, vectors: VectorTable, uptime: () => number = () => performance.now()) {
    this.#connection = connection;
    this.#vectors = vectors;
    this.#uptime = uptime;
    const point = "(SELECT p.id FROM points p WHERE p.namespace_id = i.namespace_id AND p.key = i.key)";
    this.#expired = connection.reader(`SELECT i.id, ${point} AS point FROM items i WHERE i.expires_at <= ? AND i.has_value = 1 LIMIT ?`);
    this.#markers = connection.reader(`SELECT i.id, ${point} AS point FROM items i WHERE i.has_value = 0 AND i.version <= ? LIMIT ?`);
    const record = "SELECT 1 FROM items i WHERE i.namespace_id = p.namespace_id AND i.key = p.key";
    this.#orphans = connection.reader(`SELECT p.id, EXISTS (${record}) AS has_record FROM points p WHERE p.orphaned = 1 LIMIT ?`);
    this.#deleteItem = connection.writer("DELETE FROM items WHERE id = ?");
    this.#adopt = connection.writer("UPDATE points SET orphaned = 0 WHERE id = ?");
  }

  /** Deletes as much as one transaction of bounded length allows. */
  run({ before, limit }: SweepRequest): SweepReply {
    const most = Math.min(limit, MAX_ROWS);
    return this.#connection.transaction("IMMEDIATE", () => {
      const steps = this.#steps(before, most);
      const end = this.#uptime() + MAX_TRANSACTION_MS;
      let [processed, removed] = [0, 0];
      for (const step of steps) {
        processed += 1;
        if (step()) removed += 1;
        if (this.#uptime() > end) break;
      }
      this.#vectors.flush();
      return { removed, isDone: processed === steps.length && processed < most };
    });
  }

  /** The rows to process, at most `most`. */
  #steps(before: number, most: number): Step[] {
    // Versions are microseconds.
    const records = [...this.#expired.all([before, most]), ...this.#markers.all([before * 1000, most])];
    return [
      ...records.map(([item, point]): Step => () => {
        this.#deleteItem([Number(item)]);
        if (point !== null) this.#vectors.drop(Number(point));
        return true;
      }),
      ...this.#orphans.all([most]).map(([point, hasRecord]): Step => () => {
        // The record was written after the point: it is no orphan any more.
        if (hasRecord === 1) this.#adopt([Number(point)]);
        else this.#vectors.drop(Number(point));
        return hasRecord !== 1;
      }),
    ].slice(0, most);
  }
}
