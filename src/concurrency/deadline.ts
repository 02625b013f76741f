import { TimeoutError } from "../model/errors.ts";

/**
 * Waits for `task`, but no longer than `ms` milliseconds; what it does goes on, and its late outcome is dropped.
 *
 * @param what - what was waited for, for the message: "The search"
 * @throws {TimeoutError} when the time is up.
 */
export async function withinDeadline<T>(what: string, ms: number, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`${what} took longer than ${ms} ms.`, { details: { ms } })), ms);
  });
  try {
    return await Promise.race([task, late]);
  } finally {
    clearTimeout(timer);
  }
}
