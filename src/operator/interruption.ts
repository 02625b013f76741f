/** What ends an operator task before its end: an error, with the position and how to continue, or Ctrl-C. */
import { setTimeout as pause } from "node:timers/promises";
import { untilAborted } from "../concurrency/deadline.ts";
import { isStoreError, messageOf, StoreError } from "../model/errors.ts";

/** Attempts of a request whose failures are transient, and the first pause between two, which doubles. */
export const ATTEMPTS = 6;
export const FIRST_PAUSE_MS = 250;

/** Runs a task that has no effects, and repeats it while it fails transiently, for some 8 s. */
export async function retried<T>(task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task();
    } catch (error) {
      if (!isStoreError(error) || !error.retryable || attempt === ATTEMPTS) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** Returns the error of a task that stopped, with the code of its cause. */
export function stopped(cause: unknown, message: string): StoreError {
  return isStoreError(cause) ? new StoreError(cause.code, cause.retryable, message, { cause, details: cause.details }) : new StoreError("QUERY", false, message, { cause });
}

/** Returns the message of any thrown value as a sentence, which others may follow. */
export function sentenceOf(error: unknown): string {
  const text = messageOf(error).trim();
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Yields the elements of a source until the signal aborts, also while the source waits for a server. */
export async function* untilInterrupted<T>(source: AsyncGenerator<T, void, undefined>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
  let isWaiting = false;
  try {
    for (;;) {
      isWaiting = true;
      const next = await untilAborted("The read of the source", signal ?? null, source.next());
      isWaiting = false;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    const closed = source.return(undefined);
    // A source that still waits closes once its server answers, or its time is over.
    if (isWaiting) closed.catch(() => undefined);
    else await closed;
  }
}
