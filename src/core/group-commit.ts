/** Shares one round trip among callers, without timers. */

/** Commits a group; its outcomes stand at the positions of the inputs. */
export type Commit<In, Out> = (inputs: readonly In[]) => Promise<PromiseSettledResult<Out>[]>;

/** How groups are formed. */
export interface GroupCommitOptions {
  /** Most inputs in a group, unless one caller brings more. */
  readonly maxGroup: number;
  /** Most groups under way at once. */
  readonly maxInFlight: number;
  /**
   * Whether the failure of a whole group may be the fault of one caller's input; its callers are then committed one
   * by one, so that one bad input fails alone.
   */
  readonly isInputFault?: (reason: unknown) => boolean;
}

interface Caller<In, Out> {
  readonly inputs: readonly In[];
  readonly resolve: (outcomes: PromiseSettledResult<Out>[]) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Callers of one moment make a group; while groups are being committed, what arrives waits and joins the next. A lone
 * caller pays no added latency; a hundred callers share one round trip.
 */
export class GroupCommit<In, Out> {
  readonly #commit: Commit<In, Out>;
  readonly #options: GroupCommitOptions;
  readonly #waiting: Caller<In, Out>[] = [];
  #inFlight = 0;

  constructor(commit: Commit<In, Out>, options: GroupCommitOptions) {
    this.#commit = commit;
    this.#options = options;
  }

  /** Commits `inputs` in one group; outcomes stand at their positions. */
  add(inputs: readonly In[]): Promise<PromiseSettledResult<Out>[]> {
    if (inputs.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ inputs, resolve, reject });
      if (this.#waiting.length > 1) return;
      // Not at once, but when all that is runnable now has run: callers of one batch then share the first group too.
      process.nextTick(() => this.#next());
    });
  }

  #next(): void {
    while (this.#inFlight < this.#options.maxInFlight && this.#waiting.length > 0) {
      this.#inFlight += 1;
      void this.#run(this.#take()).finally(() => {
        this.#inFlight -= 1;
        this.#next();
      });
    }
  }

  #take(): Caller<In, Out>[] {
    let size = 0;
    let count = 0;
    for (const { inputs } of this.#waiting) {
      if (count > 0 && size + inputs.length > this.#options.maxGroup) break;
      size += inputs.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #run(group: readonly Caller<In, Out>[]): Promise<void> {
    try {
      const outcomes = await this.#commit(group.flatMap(({ inputs }) => inputs));
      let start = 0;
      for (const { inputs, resolve } of group) {
        resolve(outcomes.slice(start, start + inputs.length));
        start += inputs.length;
      }
    } catch (reason) {
      if (group.length > 1 && this.#options.isInputFault?.(reason)) {
        await Promise.all(group.map((caller) => this.#run([caller])));
      } else {
        for (const { reject } of group) reject(reason);
      }
    }
  }
}
