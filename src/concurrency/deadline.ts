import { AbortError, TimeoutError } from "../model/errors.ts";

/**
 * Waits for `task`, but no longer than `ms` milliseconds; what it does goes on, and its late outcome is dropped.
 *
 * @param what - what was waited for, for the message: "The search"
 * @throws {TimeoutError} when the time is up.
 */
export async function withinDeadline<T>(what: string, ms: number, task: Promise<T>): Promise<T> {
  return new Deadline(ms).wait(what, task);
}

/** The end of the time that an operation has. */
export class Deadline {
  readonly #ms: number;
  readonly #end: number;
  /** A timer may come some milliseconds before the clock has it. */
  #isUp = false;

  /** @param ms - milliseconds from now */
  constructor(ms: number) {
    this.#ms = ms;
    this.#end = performance.now() + ms;
  }

  /** Milliseconds that are left; 0 when the time is up. */
  get remainingMs(): number {
    return this.#isUp ? 0 : Math.max(0, this.#end - performance.now());
  }

  /** Whether the time is up. */
  get isOver(): boolean {
    return this.remainingMs === 0;
  }

  /** The end of a part of what is left, so that the rest remains for what comes after. */
  part(share: number): Deadline {
    return new Deadline(Math.ceil(this.remainingMs * share));
  }

  /**
   * Waits for `task` until the end.
   *
   * @param meaning - what it means that the time is up, for the message: "Nothing was saved."
   * @throws {TimeoutError} when the time is up.
   */
  wait<T>(what: string, task: Promise<T>, meaning = ""): Promise<T> {
    // By hand, and not by a race: every read waits here, more than once.
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#isUp = true;
        reject(this.over(what, meaning));
      }, this.remainingMs);
      task.then(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
  }

  /** The error that says that the time is up. */
  over(what: string, meaning = ""): TimeoutError {
    return new TimeoutError(`${what} took longer than ${this.#ms} ms.${meaning === "" ? "" : ` ${meaning}`}`, {
      details: { ms: this.#ms },
    });
  }
}

/**
 * Waits for `task` until the caller's signal, if there is one; what it does goes on, and its late outcome is dropped.
 *
 * @throws {AbortError} when the signal was given first.
 */
export async function untilAborted<T>(signal: AbortSignal | null, task: Promise<T>): Promise<T> {
  if (signal === null) return task;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void =>
    reject(
      new AbortError("The operation was aborted by its caller. A write that had begun goes on, and may be stored.", {
        cause: signal.reason,
      }),
    );
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([task, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
