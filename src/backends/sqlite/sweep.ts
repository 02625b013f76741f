/** Deletes records that no read can return any more. CQL does so by itself; a file must be swept. */
import { bytesOf, type Connection, type Reader, type Writer } from "./connection.ts";
import type { GenerationStore } from "./generation-store.ts";
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
  readonly #generations: GenerationStore;
  readonly #uptime: () => number;
  readonly #expired: Reader;
  readonly #markers: Reader;
  readonly #deleteItem: Writer;

  /** @param uptime - milliseconds of a monotonic clock */
  constructor(connection: Connection, generations: GenerationStore, uptime: () => number = () => performance.now()) {
    this.#connection = connection;
    this.#generations = generations;
    this.#uptime = uptime;
    this.#expired = connection.reader("SELECT id, namespace_id, key FROM items WHERE expires_at <= ? AND has_value = 1 LIMIT ?");
    this.#markers = connection.reader("SELECT id, namespace_id, key FROM items WHERE has_value = 0 AND version <= ? LIMIT ?");
    this.#deleteItem = connection.writer("DELETE FROM items WHERE id = ?");
  }

  /** Deletes as much as one transaction of bounded length allows. */
  run({ before, limit }: SweepRequest): SweepReply {
    const most = Math.min(limit, MAX_ROWS);
    return this.#connection.transaction("IMMEDIATE", () => {
      const steps = this.#steps(this.#generations.existing(), before, most);
      const end = this.#uptime() + MAX_TRANSACTION_MS;
      let [processed, removed] = [0, 0];
      for (const step of steps) {
        processed += 1;
        if (step()) removed += 1;
        if (this.#uptime() > end) break;
      }
      this.#generations.flush();
      return { removed, isDone: processed === steps.length && processed < most };
    });
  }

  /** The rows to process, at most `most`. */
  #steps(generations: readonly VectorTable[], before: number, most: number): Step[] {
    // Versions are microseconds.
    const records = [...this.#expired.all([before, most]), ...this.#markers.all([before * 1000, most])];
    return [
      ...records.map(([item, namespace, key]): Step => () => {
        this.#deleteItem([Number(item)]);
        for (const vectors of generations) vectors.dropOf(Number(namespace), bytesOf(key));
        return true;
      }),
      ...generations.flatMap((vectors) => vectors.orphans(most).map(({ id, hasRecord }): Step => () => {
        // The record was written after the point: it is no orphan any more.
        if (hasRecord) vectors.adopt(id);
        else vectors.drop(id);
        return !hasRecord;
      })),
    ].slice(0, most);
  }
}
