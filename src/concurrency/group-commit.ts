/** Group commit: concurrent callers share one round trip, without timers. */
import { nextTick } from "./event-loop.ts";
import { outsideCallers } from "./async-context.ts";
import { ClosedError, UnavailableError } from "../model/errors.ts";
import { Deadline } from "./deadline.ts";
import { rejected } from "./outcomes.ts";
import { Slots } from "./slots.ts";

/**
 * Commits a group and returns outcomes at the positions of the inputs. The deadline is the latest of the callers; undefined
 * if a caller has none.
 */
export type Commit<In, Out> = (
  inputs: readonly In[],
  deadline?: Deadline,
) => Promise<readonly PromiseSettledResult<Out>[]>;

/** A caller whose inputs are in a group. */
export interface GroupCaller {
  /** Reports completed inputs of the caller. */
  settled(inputs: number): void;
}

/** Observes groups. Never throws. */
export interface GroupWatch<Caller extends GroupCaller = GroupCaller> {
  /** Called in the context of a caller that joins a group; returns null if the caller is not observed. */
  joined(inputs: number): Caller | null;
  /** Runs the commit of a group outside of any caller's context. `callers` are at the positions of the inputs. */
  run<T>(callers: readonly (Caller | null)[], commit: () => Promise<T>): Promise<T>;
}

/** Bounds of groups and of the queue. */
export interface GroupCommitOptions<In> {
  /** The resource, for error messages: "the database file". */
  readonly waitFor: string;
  /** Most inputs in a group. */
  readonly maxGroup: number;
  /** Most concurrent groups. */
  readonly maxInFlight: number;
  /** Most inputs that are queued or in flight. */
  readonly maxWaiting: number;
  /** The option that sets `maxWaiting`, for error messages. */
  readonly option?: string;
  /** Bounds in bytes, for large inputs. */
  readonly bytes?: {
    /** Approximate size of an input. */
    readonly of: (input: In) => number;
    /** Size at which a group is closed. */
    readonly maxGroup: number;
    /** Most bytes that are queued or in flight. */
    readonly maxWaiting: number;
  };
  /**
   * Whether one input may have caused the failure of an entire group; it is then committed by halves, one after the
   * other, so that a bad input fails alone.
   */
  readonly isInputFault?: (reason: unknown) => boolean;
  readonly watch?: GroupWatch | undefined;
}

interface Entry<In, Out> {
  readonly input: In;
  readonly caller: GroupCaller | null;
  readonly bytes: number;
  readonly deadline: Deadline | undefined;
  readonly settle: (outcome: PromiseSettledResult<Out>) => void;
}

/**
 * Inputs of concurrent callers form a group. Inputs that arrive while the maximum of groups is in flight join the next group.
 * A single caller has no added latency; a hundred callers share one round trip. The queue is bounded.
 */
export class GroupCommit<In, Out> {
  readonly #commit: Commit<In, Out>;
  readonly #options: GroupCommitOptions<In>;
  readonly #waiting: Entry<In, Out>[] = [];
  readonly #inFlight = new Slots<Promise<void>>();
  /** Inputs that are queued or in flight, and their bytes. */
  #count = 0;
  #bytes = 0;
  #isStopped = false;
  #maxWaiting: number;

  constructor(commit: Commit<In, Out>, options: GroupCommitOptions<In>) {
    this.#commit = commit;
    this.#options = options;
    this.#maxWaiting = options.maxWaiting;
  }

  /** Changes the bound of queued and in-flight inputs, for new inputs. */
  set maxWaiting(inputs: number) {
    this.#maxWaiting = inputs;
  }

  /**
   * Commits `inputs` together with those of other callers; outcomes are at their positions.
   *
   * @param deadline - inputs that are still queued when it is over are rejected without commit
   * @throws {UnavailableError} when the queue is full; none of the inputs was accepted then.
   * @throws {ClosedError} after `stop`.
   */
  async add(inputs: readonly In[], deadline?: Deadline): Promise<PromiseSettledResult<Out>[]> {
    if (this.#isStopped) throw new ClosedError("The store was stopped.");
    if (inputs.length === 0) return [];
    const sizes = inputs.map((input) => this.#options.bytes?.of(input) ?? 0);
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    this.#checkRoom(inputs.length, total);
    this.#count += inputs.length;
    this.#bytes += total;
    // At the end of the tick, so that callers of one tick share the first group.
    if (this.#waiting.length === 0) nextTick(() => this.#startGroups());
    const caller = this.#options.watch?.joined(inputs.length) ?? null;
    const { promise, resolve } = Promise.withResolvers<PromiseSettledResult<Out>[]>();
    const outcomes: PromiseSettledResult<Out>[] = [];
    let pending = inputs.length;
    inputs.forEach((input, i) => {
      const settle = (outcome: PromiseSettledResult<Out>): void => {
        outcomes[i] = outcome;
        pending -= 1;
        if (pending === 0) resolve(outcomes);
      };
      this.#waiting.push({ input, caller, bytes: sizes[i] ?? 0, deadline, settle });
    });
    return promise;
  }

  /** Rejects new inputs, and resolves when all queued inputs are committed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#startGroups();
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight.all());
  }

  #checkRoom(count: number, bytes: number): void {
    const { waitFor, option, bytes: bounds } = this.#options;
    const maxWaiting = this.#maxWaiting;
    const maxBytes = bounds?.maxWaiting ?? Infinity;
    // A call that exceeds the bounds by itself is accepted when the queue is empty; otherwise it could never succeed.
    if (this.#count === 0 || (this.#count + count <= maxWaiting && this.#bytes + bytes <= maxBytes)) return;
    const full =
      this.#count + count > maxWaiting
        ? `${this.#count} requests wait, at most ${maxWaiting} may${option === undefined ? "" : ` (${option})`}`
        : `requests of ${this.#bytes} bytes wait, at most ${maxBytes} bytes may`;
    throw new UnavailableError(
      `The queue for ${waitFor} is full: ${full}. Retry later or lower the load. Nothing of this call was done.`,
      { details: { waiting: this.#count, waitingBytes: this.#bytes } },
    );
  }

  #startGroups(): void {
    while (this.#inFlight.size < this.#options.maxInFlight && this.#waiting.length > 0) {
      const group = this.#stillAwaited(this.#takeGroup());
      if (group.length === 0) continue;
      const running = this.#run(group).finally(() => {
        this.#inFlight.free(slot);
        this.#startGroups();
      });
      const slot = this.#inFlight.add(running);
    }
  }

  #takeGroup(): Entry<In, Out>[] {
    const maxBytes = this.#options.bytes?.maxGroup ?? Infinity;
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length && count < this.#options.maxGroup; count += 1) {
      if (bytes >= maxBytes) break;
      bytes += this.#waiting[count]?.bytes ?? 0;
    }
    return this.#waiting.splice(0, count);
  }

  async #run(group: readonly Entry<In, Out>[]): Promise<void> {
    const { watch } = this.#options;
    const commit = (): Promise<readonly PromiseSettledResult<Out>[]> => this.#outcomes(group.map(({ input }) => input), latestOf(group));
    const outcomes = await (watch === undefined ? outsideCallers(commit) : watch.run(group.map(({ caller }) => caller), commit));
    for (const [i, entry] of group.entries()) {
      this.#settle(entry, outcomes[i] ?? rejected(new UnavailableError(`There is no outcome from ${this.#options.waitFor} for an input.`)));
    }
  }

  /** Returns the entries whose deadline is not over, and rejects the others. */
  #stillAwaited(group: readonly Entry<In, Out>[]): readonly Entry<In, Out>[] {
    if (!group.some(({ deadline }) => deadline?.isOver)) return group;
    return group.filter((entry) => {
      if (!entry.deadline?.isOver) return true;
      this.#settle(entry, rejected(entry.deadline.over(`Waiting for ${this.#options.waitFor}`, "Nothing of this call was done.")));
      return false;
    });
  }

  #settle({ settle, bytes, caller }: Entry<In, Out>, outcome: PromiseSettledResult<Out>): void {
    caller?.settled(1);
    this.#count -= 1;
    this.#bytes -= bytes;
    settle(outcome);
  }

  async #outcomes(inputs: readonly In[], deadline: Deadline | undefined): Promise<readonly PromiseSettledResult<Out>[]> {
    try {
      return await this.#commit(inputs, deadline);
    } catch (reason) {
      if (inputs.length === 1 || !this.#options.isInputFault?.(reason)) return inputs.map(() => rejected(reason));
      const middle = Math.ceil(inputs.length / 2);
      const before = await this.#outcomes(inputs.slice(0, middle), deadline);
      return [...before, ...(await this.#outcomes(inputs.slice(middle), deadline))];
    }
  }
}

/** The deadline of a group: that of its only caller, or the latest of several. */
function latestOf(group: readonly { readonly deadline: Deadline | undefined }[]): Deadline | undefined {
  const [first] = group;
  if (first === undefined || group.every(({ deadline }) => deadline === first.deadline)) return first?.deadline;
  let latestMs = 0;
  for (const { deadline } of group) {
    if (deadline === undefined) return undefined;
    latestMs = Math.max(latestMs, deadline.remainingMs);
  }
  return new Deadline(latestMs);
}
