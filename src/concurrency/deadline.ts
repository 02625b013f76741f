import { AbortError, TimeoutError } from "../model/errors.ts";

/**
 * Waits for `task` at most `ms` milliseconds. After that the task continues, and its outcome is ignored.
 *
 * @param what - subject of the error message: "The search"
 * @throws {TimeoutError} when the deadline is exceeded.
 */
export async function withinDeadline<T>(what: string, ms: number, task: Promise<T>): Promise<T> {
  return new Deadline(ms).wait(what, task);
}

const NO_SIGNALS: readonly AbortSignal[] = [];

/**
 * The deadline of a call: a time budget and the signals of its callers. Passed through every port, so that work stops once
 * the caller has an answer.
 *
 * A deadline needs no timer or signal listener by itself: both are created with the first listener and removed with the last.
 */
export class Deadline {
  readonly #budgetMs: number;
  readonly #end: number;
  readonly #signals: readonly AbortSignal[];
  readonly #parent: Deadline | null;
  readonly #listeners: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** Listener of the parent and the signals, while this deadline has listeners. */
  #relay: (() => void) | null = null;
  /** Whether the timer has fired; it may fire some milliseconds before the clock reaches the deadline. */
  #hasFired = false;

  /**
   * @param ms - milliseconds from now
   * @param signals - signals of the callers; the call is aborted once all of them are
   * @param parent - the enclosing deadline: this one is over when the parent is
   */
  constructor(ms: number, signals: readonly AbortSignal[] = NO_SIGNALS, parent: Deadline | null = null) {
    this.#budgetMs = ms;
    this.#end = performance.now() + ms;
    this.#signals = signals;
    this.#parent = parent;
  }

  /** The initial time budget, milliseconds. */
  get budgetMs(): number {
    return this.#budgetMs;
  }

  /** The remaining time budget, milliseconds; 0 when the deadline is over. */
  get remainingMs(): number {
    if (this.#hasFired || this.isAborted) return 0;
    const own = Math.max(0, this.#end - performance.now());
    return this.#parent === null ? own : Math.min(own, this.#parent.remainingMs);
  }

  /** Whether the time budget is spent, or the caller aborted the call. */
  get isOver(): boolean {
    return this.remainingMs === 0;
  }

  /** Whether the caller aborted the call. */
  get isAborted(): boolean {
    if (this.#signals.length > 0 && this.#signals.every(({ aborted }) => aborted)) return true;
    return this.#parent?.isAborted ?? false;
  }

  /** Whether its own time budget is spent, regardless of the parent. */
  get isSpent(): boolean {
    return this.#hasFired || performance.now() >= this.#end;
  }

  /** A deadline with a share of the remaining budget, so that the rest remains for later steps. */
  part(share: number): Deadline {
    return this.within(Math.ceil(this.remainingMs * share));
  }

  /** A deadline of `ms` milliseconds, and no later than this one. */
  within(ms: number): Deadline {
    return new Deadline(ms, NO_SIGNALS, this);
  }

  /** A deadline that is also over once all callers have aborted. Returns this one if a caller has no signal. */
  abortedBy(callers: readonly { readonly signal: AbortSignal | null }[]): Deadline {
    const signals: AbortSignal[] = [];
    for (const { signal } of callers) {
      if (signal === null) return this;
      signals.push(signal);
    }
    return new Deadline(this.#budgetMs, signals, this);
  }

  /**
   * Waits for `task` until the deadline.
   *
   * @param what - subject of the error message: "The search"
   * @param meaning - consequence, for the error message: "Nothing was saved."
   * @throws {TimeoutError} when the time budget is spent.
   * @throws {AbortError} when the caller aborted the call.
   */
  wait<T>(what: string, task: Promise<T>, meaning = ""): Promise<T> {
    // Instead of Promise.race, which costs more: every read passes here more than once.
    return new Promise((resolve, reject) => {
      const end = (): void => reject(this.over(what, meaning));
      task.then(
        (value) => {
          this.offOver(end);
          resolve(value);
        },
        (error: unknown) => {
          this.offOver(end);
          reject(error);
        },
      );
      this.onOver(end);
    });
  }

  /** Resolves after `ms` milliseconds, or when the deadline is over. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.offOver(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.onOver(end);
    });
  }

  /** Calls `listener` when the deadline is over, in a microtask if it already is. Call {@link offOver} unless the listener was called. */
  onOver(listener: () => void): void {
    if (this.#listeners.push(listener) === 1) this.#listen();
  }

  /** Removes a listener. */
  offOver(listener: () => void): void {
    const position = this.#listeners.indexOf(listener);
    if (position === -1) return;
    this.#listeners.splice(position, 1);
    if (this.#listeners.length === 0) this.#unlisten();
  }

  /** Returns the error of an exceeded deadline or an abort. */
  over(what: string, meaning = ""): TimeoutError | AbortError {
    if (this.#isParentOverFirst()) return (this.#parent as Deadline).over(what, meaning);
    if (this.isAborted) return abortError(what, meaning, this.#signals[0]?.reason);
    return new TimeoutError(`${what} took longer than ${this.#budgetMs} ms.${followedBy(meaning)}`, { details: { ms: this.#budgetMs } });
  }

  /**
   * Throws if the deadline is over. Call it between pages and before each request.
   *
   * @throws the error of {@link over}.
   */
  throwIfOver(what: string, meaning = ""): void {
    if (this.isOver) throw this.over(what, meaning);
  }

  #isParentOverFirst(): boolean {
    if (this.#parent === null || !this.#parent.isOver) return false;
    return this.#parent.isAborted || !this.isSpent;
  }

  #listen(): void {
    if (this.isOver) {
      queueMicrotask(() => this.#fire());
      return;
    }
    const own = this.#end - performance.now();
    // Without a closure, because every read passes here.
    if (this.#parent === null || own < this.#parent.remainingMs) this.#timer = setTimeout(Deadline.#expire, own, this);
    if (this.#parent === null && this.#signals.length === 0) return;
    this.#relay = () => {
      if (this.isOver) this.#fire();
    };
    this.#parent?.onOver(this.#relay);
    for (const signal of this.#signals) signal.addEventListener("abort", this.#relay);
  }

  #unlisten(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#relay === null) return;
    this.#parent?.offOver(this.#relay);
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#relay);
    this.#relay = null;
  }

  static #expire(this: void, deadline: Deadline): void {
    deadline.#hasFired = true;
    deadline.#fire();
  }

  #fire(): void {
    this.#unlisten();
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/**
 * Waits for `task` until the signal aborts. After that the task continues, and its outcome is ignored.
 *
 * @param what - subject of the error message: "The search"
 * @param meaning - consequence, for the error message
 * @throws {AbortError} when the signal aborts first.
 */
export async function untilAborted<T>(what: string, signal: AbortSignal | null, task: Promise<T>, meaning = ""): Promise<T> {
  if (signal === null) return task;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(abortError(what, meaning, signal.reason));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([task, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function abortError(what: string, meaning: string, cause: unknown): AbortError {
  return new AbortError(`${what} was aborted by its caller.${followedBy(meaning)}`, { cause });
}

function followedBy(meaning: string): string {
  return meaning === "" ? "" : ` ${meaning}`;
}
