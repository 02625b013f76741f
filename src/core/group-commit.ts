/** Shares one round trip among callers, without timers. */
interface Waiting<In, Out> {
  readonly inputs: readonly In[];
  readonly resolve: (outcomes: PromiseSettledResult<Out>[]) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * While one group is being committed, what arrives waits and joins the next. A lone caller pays no added latency; a
 * hundred callers share one round trip.
 */
export class GroupCommit<In, Out> {
  readonly #commit: (inputs: readonly In[]) => Promise<PromiseSettledResult<Out>[]>;
  readonly #maxGroup: number;
  readonly #maxInFlight: number;
  #waiting: Waiting<In, Out>[] = [];
  #inFlight = 0;

  /**
   * @param commit - commits a group; its outcomes stand at the positions of the inputs
   * @param maxGroup - most inputs in a group, unless one caller brings more
   * @param maxInFlight - most groups under way at once
   */
  constructor(
    commit: (inputs: readonly In[]) => Promise<PromiseSettledResult<Out>[]>,
    maxGroup: number,
    maxInFlight: number,
  ) {
    this.#commit = commit;
    this.#maxGroup = maxGroup;
    this.#maxInFlight = maxInFlight;
  }

  /** Commits `inputs` in one group; outcomes stand at their positions. */
  add(inputs: readonly In[]): Promise<PromiseSettledResult<Out>[]> {
    if (inputs.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ inputs, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    while (this.#inFlight < this.#maxInFlight && this.#waiting.length > 0) {
      const group = this.#take();
      this.#inFlight += 1;
      void this.#run(group);
    }
  }

  #take(): Waiting<In, Out>[] {
    let size = 0;
    let count = 0;
    for (const { inputs } of this.#waiting) {
      if (count > 0 && size + inputs.length > this.#maxGroup) break;
      size += inputs.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #run(group: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const outcomes = await this.#commit(group.flatMap(({ inputs }) => inputs));
      let start = 0;
      for (const { inputs, resolve } of group) {
        resolve(outcomes.slice(start, start + inputs.length));
        start += inputs.length;
      }
    } catch (reason) {
      for (const { reject } of group) reject(reason);
    } finally {
      this.#inFlight -= 1;
      this.#next();
    }
  }
}
