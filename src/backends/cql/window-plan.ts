/** Remembers the windows in which graveyards were read, so that the next reader need not find them out again. */
import { Hints } from "../../concurrency/hints.ts";
import type { ListingOrder } from "../../model/operation.ts";
import { shortName } from "../../model/short-name.ts";

/** Partitions whose windows are remembered, and for how long: a graveyard lasts an hour, and then is no more. */
const MOST_PLANS = 1_000;
const LIFETIME_MS = 10 * 60 * 1000;

/** Most windows of one plan. */
const MOST_WINDOWS = 1_000;

/** Windows beside each other are taken for one if together they took no longer: a third of what may fail, or less. */
const LONGEST_JOINED_MS = 40;

/** A window that begins where the one before it ends. */
interface PlannedWindow {
  readonly end: number;
  /** How long it took to read it. */
  readonly ms: number;
}

/** Windows that succeeded, in the order of the listing. Only a hint: any of them may fail the next time. */
export class WindowPlan {
  readonly #sign: 1 | -1;
  readonly #keep: (plan: WindowPlan) => void;
  #windows: PlannedWindow[] = [];

  /** @param keep - called when there is something to remember */
  constructor(order: ListingOrder, keep: (plan: WindowPlan) => void) {
    this.#sign = order === "oldest" ? 1 : -1;
    this.#keep = keep;
  }

  /** Whether no graveyard is known of. */
  get isEmpty(): boolean {
    return this.#windows.length === 0;
  }

  /** The end of the window that a place, microseconds of creation, lies in; null where none is known. */
  endOf(place: number): number | null {
    return this.#windows.find(({ end }) => this.#isBefore(place, end))?.end ?? null;
  }

  /** Remembers that a window was read in so many milliseconds. */
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

/** The plans of partitions that hold a graveyard. */
export class WindowPlans {
  readonly #plans = new Hints<WindowPlan>({ max: MOST_PLANS, ttlMs: LIFETIME_MS });

  /** The plan of a partition; an empty one where none is known. */
  of(namespace: string, bucket: number, order: ListingOrder): WindowPlan {
    // Short, as the plan keeps the name.
    const name = shortName(`${order} ${bucket} ${namespace}`);
    return this.#plans.get(name) ?? new WindowPlan(order, (plan) => this.#remember(name, plan));
  }

  #remember(name: string, plan: WindowPlan): void {
    if (this.#plans.get(name) !== plan) this.#plans.record(name, plan);
  }
}
