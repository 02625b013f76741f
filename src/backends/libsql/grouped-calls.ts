import { ClosedError, UnavailableError } from "../../model/errors.ts";

/** Bounds on what waits and on what goes together. */
export interface GroupLimits {
  /** Most inputs in one group. */
  readonly maxGroup: number;
  /** A group ends once it has this many bytes. */
  readonly maxGroupBytes: number;
  /** Most inputs that wait, those under way included. */
  readonly maxWaiting: number;
  /** Most bytes that wait; a single call may be bigger when nothing waits. */
  readonly maxWaitingBytes: number;
}

interface Entry<In, Out> {
  readonly input: In;
  readonly bytes: number;
  readonly settle: (outcome: PromiseSettledResult<Out>) => void;
}

/**
 * Shares calls to the database thread: while one group is under way, what arrives waits and goes with the next. A lone
 * caller waits for nobody; a hundred share one message and one sync of the disk. What waits is bounded.
 */
export class GroupedCalls<In, Out> {
  readonly #send: (inputs: readonly In[]) => Promise<readonly PromiseSettledResult<Out>[]>;
  readonly #bytesOf: (input: In) => number;
  readonly #limits: GroupLimits;
  readonly #waiting: Entry<In, Out>[] = [];
  #count = 0;
  #bytes = 0;
  #isStopped = false;
  #running: Promise<void> | null = null;

  /**
   * @param send - sends a group; outcomes stand at the positions of the inputs
   * @param bytesOf - about how many bytes an input holds
   */
  constructor(
    send: (inputs: readonly In[]) => Promise<readonly PromiseSettledResult<Out>[]>,
    bytesOf: (input: In) => number,
    limits: GroupLimits,
  ) {
    this.#send = send;
    this.#bytesOf = bytesOf;
    this.#limits = limits;
  }

  /**
   * Sends inputs with those of others; outcomes stand at their positions.
   *
   * @throws {UnavailableError} when too much waits already; then none of the inputs was taken.
   * @throws {ClosedError} after `stop`.
   */
  async add(inputs: readonly In[]): Promise<PromiseSettledResult<Out>[]> {
    if (this.#isStopped) throw new ClosedError("The store was stopped.");
    if (inputs.length === 0) return [];
    const sizes = inputs.map(this.#bytesOf);
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    this.#checkRoom(inputs.length, total);
    this.#count += inputs.length;
    this.#bytes += total;
    const outcomes = inputs.map((input, i) => {
      const { promise, resolve } = Promise.withResolvers<PromiseSettledResult<Out>>();
      this.#waiting.push({ input, bytes: sizes[i] ?? 0, settle: resolve });
      return promise;
    });
    this.#running ??= this.#run();
    return Promise.all(outcomes);
  }

  /** Takes nothing more, and resolves when all that waits is done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  #checkRoom(count: number, bytes: number): void {
    const { maxWaiting, maxWaitingBytes } = this.#limits;
    // A call too big for the bounds is let through alone: refused, it could never be served.
    if (this.#count === 0 || (this.#count + count <= maxWaiting && this.#bytes + bytes <= maxWaitingBytes)) return;
    throw new UnavailableError(
      `${this.#count} operations (${this.#bytes} bytes) wait for the database file, and no more than ${maxWaiting} ` +
        `(${maxWaitingBytes} bytes) may: try again, with fewer at once. Nothing of this call was done.`,
      { details: { waiting: this.#count, waitingBytes: this.#bytes } },
    );
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#take();
      const outcomes = await this.#outcomes(group);
      for (const [i, { settle, bytes }] of group.entries()) {
        this.#count -= 1;
        this.#bytes -= bytes;
        settle(outcomes[i] ?? { status: "rejected", reason: new UnavailableError("The database gave no outcome.") });
      }
    }
    this.#running = null;
  }

  #take(): Entry<In, Out>[] {
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length && count < this.#limits.maxGroup; count += 1) {
      if (bytes >= this.#limits.maxGroupBytes) break;
      bytes += this.#waiting[count]?.bytes ?? 0;
    }
    return this.#waiting.splice(0, count);
  }

  async #outcomes(group: readonly Entry<In, Out>[]): Promise<readonly PromiseSettledResult<Out>[]> {
    try {
      return await this.#send(group.map(({ input }) => input));
    } catch (reason) {
      return group.map(() => ({ status: "rejected", reason }));
    }
  }
}
