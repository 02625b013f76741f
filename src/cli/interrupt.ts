/** Ctrl-C: how long a command has to stop by itself. */
import type { Terminal } from "./terminal.ts";

/** Time for a short command, which only has to close its connections, milliseconds. */
export const STOP_MS = 1_000;

/** Time for a long task, which completes the part in progress, milliseconds. A server that does not answer must not hold it. */
export const TASK_STOP_MS = 10_000;

/**
 * Waits for a task, at most until `ms` after Ctrl-C. The task then continues; the process ends.
 *
 * @throws the reason of the signal when the time is over.
 */
export async function untilStopped<T>({ signal }: Terminal, ms: number, task: Promise<T>): Promise<T> {
  const { promise: overdue, reject } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => void (timer = setTimeout(() => reject(signal.reason as Error), ms));
  if (signal.aborted) start();
  signal.addEventListener("abort", start, { once: true });
  try {
    return await Promise.race([task, overdue]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", start);
  }
}
