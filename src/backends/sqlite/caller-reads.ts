import { inNextTurn, nextTick } from "../../concurrency/event-loop.ts";
import type { ItemId } from "../../model/item.ts";
import { bytesOf, Connection, toBytes, type Reader } from "./connection.ts";
import { FileIdentity } from "./file-identity.ts";
import { placeBytes } from "./namespace-table.ts";

/** Records of more bytes are read by the database thread: copying one would pause the event loop. */
const MAX_BYTES = 256 * 1024;
/** Time budget of the reads in one turn of the event loop, milliseconds. */
const TURN_MS = 4;
/** Interval at which the files are verified, milliseconds: each time takes longer than a read. */
const VERIFY_MS = 100;

/** The encoded record of an item; null when there is none, undefined when the database thread has to read it. */
export type Cell = Buffer | null | undefined;

/** A call that waits for its reads. */
interface Waiting {
  readonly ids: readonly ItemId[];
  readonly cells: Cell[];
  readonly resolve: (cells: readonly Cell[]) => void;
}

/**
 * Reads of single records on the caller's thread: a read takes less time than a message to a thread and back. The reads of a tick are
 * one transaction, which begins after the last of them was called: each sees every write that was committed before its call, by any process.
 */
export class CallerReads {
  readonly #connection: Connection;
  readonly #files: FileIdentity;
  readonly #get: Reader;
  #waiting: Waiting[] = [];
  /** Whether reads have begun in this turn of the event loop. */
  #isTurnOpen = false;
  #turnEnd = 0;
  #verifyAt = 0;
  readonly #readAll = (): void => this.#read();
  readonly #endTurn = (): void => {
    this.#isTurnOpen = false;
  };

  /** @param path - of a file that a database thread has opened */
  constructor(path: string) {
    this.#connection = new Connection(path, { readOnly: true });
    try {
      // The length is in the row's header: a record that is too big is not read.
      this.#get = this.#connection.reader(`
        SELECT CASE WHEN length(i.record) <= ${MAX_BYTES} THEN i.record END AS record
        FROM namespaces n CROSS JOIN items i ON i.namespace_id = n.id WHERE n.place = ? AND i.key = ?`);
      this.#get.first([toBytes(""), toBytes("")]);
      this.#files = new FileIdentity(path);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  /** Reads records with those of other calls; `result[i]` is of `ids[i]`. */
  get(ids: readonly ItemId[]): Promise<readonly Cell[]> {
    return new Promise((resolve) => {
      if (this.#waiting.push({ ids, cells: [], resolve }) === 1) nextTick(this.#readAll);
    });
  }

  /** Closes the connection; the database thread runs the waiting reads. */
  close(): void {
    for (const { ids, resolve } of this.#waiting.splice(0)) resolve(ids.map(() => undefined));
    this.#connection.close();
  }

  #read(): void {
    const waiting = this.#waiting;
    // Closed meanwhile.
    if (waiting.length === 0) return;
    try {
      if (!this.#isTurnOpen) this.#verifySometimes();
      const isOne = waiting.length === 1 && waiting[0]?.ids.length === 1;
      if (isOne) this.#readWaiting(waiting);
      else this.#connection.transaction("DEFERRED", () => this.#readWaiting(waiting));
    } catch {
      // Locked, damaged or replaced: the database thread retries the reads, and reports what is wrong.
      for (const { ids, cells } of waiting) for (let i = cells.length; i < ids.length; i += 1) cells.push(undefined);
    }
    this.#resolve(waiting);
  }

  #verifySometimes(): void {
    const now = performance.now();
    if (now < this.#verifyAt) return;
    this.#files.verify();
    this.#verifyAt = now + VERIFY_MS;
  }

  /** Reads until all is read or the time budget of this turn is spent. */
  #readWaiting(waiting: readonly Waiting[]): void {
    for (const { ids, cells } of waiting) {
      while (cells.length < ids.length) {
        if (!this.#hasTime()) return;
        const { namespace, key } = ids[cells.length] as ItemId;
        const row = this.#get.first([placeBytes(namespace), toBytes(key)]);
        cells.push(row === null ? null : row[0] === null ? undefined : bytesOf(row[0]));
      }
    }
  }

  #resolve(waiting: readonly Waiting[]): void {
    this.#waiting = waiting.filter(({ ids, cells }) => cells.length < ids.length);
    if (this.#waiting.length > 0) inNextTurn(this.#readAll);
    for (const { ids, cells, resolve } of waiting) if (cells.length === ids.length) resolve(cells);
  }

  /** Whether this turn of the event loop has time left for reads. Without this budget, callers that read continuously would block everything else. */
  #hasTime(): boolean {
    if (this.#isTurnOpen) return performance.now() < this.#turnEnd;
    this.#isTurnOpen = true;
    this.#turnEnd = performance.now() + TURN_MS;
    inNextTurn(this.#endTurn);
    return true;
  }
}
