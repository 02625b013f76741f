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

const NO_SIGNALS: readonly AbortSignal[] = [];

/**
 * When a call is over: its time budget is spent, or its caller aborted it. Passed through every port, so that the work
 * stops once its caller has an answer.
 *
 * It costs a call no timer and no signal: both are set up when the first listener comes, and removed with the last.
 */
export class Deadline {
  readonly #budgetMs: number;
  readonly #end: number;
  readonly #signals: readonly AbortSignal[];
  readonly #parent: Deadline | null;
  readonly #listeners: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** Listens to the parent and to the signals, while somebody listens to this one. */
  #relay: (() => void) | null = null;
  /** A timer may come some milliseconds before the clock has it. */
  #isUp = false;

  /**
   * @param ms - milliseconds from now
   * @param signals - of the callers; the call is aborted once all of them are, and never where there are none
   * @param parent - the deadline that this one is a part of: it is over when that one is
   */
  constructor(ms: number, signals: readonly AbortSignal[] = NO_SIGNALS, parent: Deadline | null = null) {
    this.#budgetMs = ms;
    this.#end = performance.now() + ms;
    this.#signals = signals;
    this.#parent = parent;
  }

  /** Milliseconds that it had at the beginning. */
  get budgetMs(): number {
    return this.#budgetMs;
  }

  /** Milliseconds that are left; 0 when it is over. */
  get remainingMs(): number {
    if (this.#isUp || this.isAborted) return 0;
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

  /** Whether its own time budget is spent, whatever that of its parent. */
  get isSpent(): boolean {
    return this.#isUp || performance.now() >= this.#end;
  }

  /** The end of a part of what is left, so that the rest remains for what comes after. */
  part(share: number): Deadline {
    return this.within(Math.ceil(this.remainingMs * share));
  }

  /** A deadline that is over after `ms` milliseconds, and no later than this one. */
  within(ms: number): Deadline {
    return new Deadline(ms, NO_SIGNALS, this);
  }

  /** The same deadline, which is over too once all of these callers have aborted; one without a signal waits to the end. */
  abortedBy(callers: readonly { readonly signal: AbortSignal | null }[]): Deadline {
    const signals: AbortSignal[] = [];
    for (const { signal } of callers) {
      if (signal === null) return this;
      signals.push(signal);
    }
    return new Deadline(this.#budgetMs, signals, this);
  }

  /**
   * Waits for `task` until the end.
   *
   * @param what - what is waited for, for the message: "The search"
   * @param meaning - what it means that it is over, for the message: "Nothing was saved."
   * @throws {TimeoutError} when the time budget is spent.
   * @throws {AbortError} when the caller aborted the call.
   */
  wait<T>(what: string, task: Promise<T>, meaning = ""): Promise<T> {
    // By hand, and not by a race: every read waits here, more than once.
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

  /** Resolves after `ms` milliseconds, or as soon as it is over. */
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

  /** Calls `listener` once it is over, later in this turn if it is already; {@link offOver} has to be called unless that has happened. */
  onOver(listener: () => void): void {
    if (this.#listeners.push(listener) === 1) this.#listen();
  }

  /** Forgets a listener. */
  offOver(listener: () => void): void {
    const position = this.#listeners.indexOf(listener);
    if (position === -1) return;
    this.#listeners.splice(position, 1);
    if (this.#listeners.length === 0) this.#unlisten();
  }

  /** The error that says that it is over, and why. */
  over(what: string, meaning = ""): TimeoutError | AbortError {
    const more = meaning === "" ? "" : ` ${meaning}`;
    if (this.#isParentToBlame()) return (this.#parent as Deadline).over(what, meaning);
    if (!this.isAborted) return new TimeoutError(`${what} took longer than ${this.#budgetMs} ms.${more}`, { details: { ms: this.#budgetMs } });
    const cause: unknown = this.#signals[0]?.reason;
    return new AbortError(`${what} was aborted by its caller.${more}`, { cause });
  }

  /**
   * Checks that somebody still waits: to be called between pages, and before each request.
   *
   * @throws what {@link over} says.
   */
  throwIfOver(what: string, meaning = ""): void {
    if (this.isOver) throw this.over(what, meaning);
  }

  #isParentToBlame(): boolean {
    if (this.#parent === null || !this.#parent.isOver) return false;
    return this.#parent.isAborted || !this.isSpent;
  }

  #listen(): void {
    if (this.isOver) {
      queueMicrotask(() => this.#fire());
      return;
    }
    const own = this.#end - performance.now();
    // Without a closure: every read comes by.
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
    deadline.#isUp = true;
    deadline.#fire();
  }

  #fire(): void {
    this.#unlisten();
    for (const listener of this.#listeners.splice(0)) listener();
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
