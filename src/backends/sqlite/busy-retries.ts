/** Retries while another connection, mostly of another process, holds a lock on the file. */
import { setTimeout as sleep } from "node:timers/promises";
import { isStoreError } from "../../model/errors.ts";
import { isBusy, toFailure, toStoreError, type Failure } from "./errors.ts";

/** How long a call is retried while another connection holds a lock, milliseconds. */
const BUSY_DEADLINE_MS = 10_000;
/** Longest pause between two attempts, milliseconds; each is drawn at random up to a bound that doubles from 1 ms. */
const MAX_PAUSE_MS = 32;

/** The retries of one call, from its first failure on. */
export class BusyRetries {
  readonly #path: string;
  readonly #end = performance.now() + BUSY_DEADLINE_MS;
  #bound = 1;

  /** @param path - path of the file, for messages */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Waits before the next attempt.
   *
   * @throws {StoreError} for a failure that is no held lock, and when the deadline is exceeded.
   */
  async pause(failure: Failure): Promise<void> {
    if (!isBusy(failure) || performance.now() > this.#end) throw toStoreError(failure, this.#path);
    await sleep(Math.random() * this.#bound);
    this.#bound = Math.min(this.#bound * 2, MAX_PAUSE_MS);
  }
}

/**
 * Opens a connection of this thread and returns what `open` returns. Every step may meet a lock: another process creates the file
 * or its tables, or closes the last connection, which moves the log into the file.
 *
 * @throws {StoreError} when the file cannot be opened, or was locked for the entire deadline.
 */
export async function openUnlocked<T>(path: string, open: () => T): Promise<T> {
  for (const retries = new BusyRetries(path); ; ) {
    try {
      return open();
    } catch (error) {
      if (isStoreError(error)) throw error;
      await retries.pause(toFailure(error));
    }
  }
}
