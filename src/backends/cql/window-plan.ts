/** Records the windows in which tombstone-heavy partitions were read, so that the next reader can reuse them. */
import { Hints } from "../../concurrency/hints.ts";
import type { ListingOrder } from "../../model/request.ts";
import { shortName } from "../../model/short-name.ts";

/** Number of plans. */
const MOST_PLANS = 1_000;

/** Most windows of one plan. */
const MOST_WINDOWS = 1_000;

/** Adjacent windows are merged if they took no longer than this in total, milliseconds: at most a third of a failure. */
const LONGEST_JOINED_MS = 40;

/** A window, which begins at the end of the previous one. */
interface PlannedWindow {
  readonly end: number;
  /** Duration of its read. */
  readonly ms: number;
}

/** Windows of successful reads, in the order of the listing. A hint: each may fail the next time. */
export class WindowPlan {
  readonly #sign: 1 | -1;
  readonly #keep: (plan: WindowPlan) => void;
  #windows: PlannedWindow[] = [];

  /** @param keep - called when the plan is no longer empty */
  constructor(order: ListingOrder, keep: (plan: WindowPlan) => void) {
    this.#sign = order === "oldest" ? 1 : -1;
    this.#keep = keep;
  }

  /** Whether no window is known. */
  get isEmpty(): boolean {
    return this.#windows.length === 0;
  }

  /** Returns the end of the window of a creation time, microseconds; null if unknown. */
  endOf(place: number): number | null {
    return this.#windows.find(({ end }) => this.#isBefore(place, end))?.end ?? null;
  }

  /** Records a window and the duration of its read, milliseconds. */
  record(start: number, end: number, ms: number): void {
    const before = this.#windows.filter((window) => !this.#isBefore(start, window.end));
    const behind = this.#windows.filter((window) => this.#isBefore(end, window.end));
    const last = before.at(-1);
    const isJoined = last?.end === start && last.ms + ms <= LONGEST_JOINED_MS;
    const joined = isJoined ? [...before.slice(0, -1), { end, ms: last.ms + ms }] : [...before, { end, ms }];
    this.#windows = [...joined, ...behind].slice(0, MOST_WINDOWS);
    this.#keep(this);
  }

  #isBefore(a: number, b: number): boolean {
    return this.#sign * (a - b) < 0;
  }
}

/** The plans of tombstone-heavy partitions. */
export class WindowPlans {
  readonly #plans = new Hints<WindowPlan>({ max: MOST_PLANS });

  /** Returns the plan of a partition; an empty one if unknown. */
  of(namespace: string, bucket: number, order: ListingOrder): WindowPlan {
    // A short name, because the plan holds it.
    const name = shortName(`${order} ${bucket} ${namespace}`);
    return this.#plans.get(name) ?? new WindowPlan(order, (plan) => this.#remember(name, plan));
  }

  #remember(name: string, plan: WindowPlan): void {
    if (this.#plans.get(name) !== plan) this.#plans.record(name, plan);
  }
}
