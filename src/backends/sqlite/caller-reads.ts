import type { ItemId } from "../../model/item.ts";
import { bytesOf, Connection, toBytes, type Reader } from "./connection.ts";
import { FileIdentity } from "./file-identity.ts";
import { placeBytes } from "./namespace-table.ts";

/** Records of more bytes are read by the database thread: copying one would pause the event loop. */
const MAX_BYTES = 256 * 1024;
/** Reads take so long of a turn of the event loop, milliseconds. */
const TURN_MS = 4;
/** How often the files are verified, milliseconds: each time takes a third of a read. */
const VERIFY_MS = 100;

/**
 * Reads of single records on the caller's thread: a read takes less time than a message to a thread and back. Each is a
 * transaction of its own and sees every write that was committed before, by any process.
 */
export class CallerReads {
  readonly #connection: Connection;
  readonly #files: FileIdentity;
  readonly #get: Reader;
  #isTurnOpen = false;
  #turnEnd = 0;
  #verifyAt = 0;
  readonly #endTurn = (): void => {
    this.#isTurnOpen = false;
  };

  /** @param path - of a file that a database thread has opened */
  constructor(path: string) {
    this.#connection = new Connection(path, { readOnly: true });
    // The length is in the row's header: a record that is too big is not read.
    this.#get = this.#connection.reader(`
      SELECT CASE WHEN length(i.record) <= ${MAX_BYTES} THEN i.record END AS record
      FROM namespaces n CROSS JOIN items i ON i.namespace_id = n.id AND i.key = ?2 WHERE n.place = ?1`);
    try {
      this.#get.first([toBytes(""), toBytes("")]);
      this.#files = new FileIdentity(path);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  /** Whether this turn of the event loop has time left for reads; otherwise {@link nextTurn} is to be awaited. */
  get hasTime(): boolean {
    if (this.#isTurnOpen) return performance.now() < this.#turnEnd;
    this.#isTurnOpen = true;
    this.#turnEnd = performance.now() + TURN_MS;
    setImmediate(this.#endTurn);
    return true;
  }

  /** Resolves in the next turn of the event loop. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** The encoded record of an item; null when there is none, undefined when the database thread has to read it. */
  get({ namespace, key }: ItemId): Buffer | null | undefined {
    try {
      if (this.#turnEnd >= this.#verifyAt) {
        this.#files.verify();
        this.#verifyAt = this.#turnEnd + VERIFY_MS;
      }
      const row = this.#get.first([placeBytes(namespace), toBytes(key)]);
      if (row === null) return null;
      return row[0] === null ? undefined : bytesOf(row[0]);
    } catch {
      // Locked, damaged or replaced: the database thread retries the read, and reports what is wrong.
      return undefined;
    }
  }

  close(): void {
    this.#connection.close();
  }
}
