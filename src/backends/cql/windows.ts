/**
 * Windows of time of creation, in which a partition is read that holds more tombstones than one read may meet.
 *
 * Measured on one node of Cassandra 5.0, otherwise idle: a read that is given up takes 110 to 190 ms, one of an empty
 * window 0.5 to 1.5 ms, and each 1,000 tombstones in it 1.3 ms. So a failure costs as much as a hundred empty windows:
 * one that failed is read in many slices, and what failed once is not tried again. Most graveyards are young, so
 * windows are wide where they are old. At these costs 120,000 tombstones, spread over anything from 12 s to 400 days,
 * come to 1 to 4 failures and 0.3 to 0.9 s, a million to 2 failures and 1.7 s. Ever wider windows from the beginning,
 * and narrower ones after a failure, came to up to 19 failures and 3.1 s, or 26 and 5.3 s.
 */
import type { ListingOrder } from "../../model/operation.ts";
import { CLOCK_TOLERANCE_MS } from "../../model/ttl.ts";
import type { ListPosition } from "../../ports/item-repository.ts";
import type { WindowPlan } from "./window-plan.ts";

/** A part of a partition, in the direction of the listing: from behind `after` up to `to`, that included. */
export interface Stretch {
  readonly after: ListPosition;
  readonly to: ListPosition;
}

/** What the windows lie in. */
export interface WindowsOptions {
  readonly order: ListingOrder;
  /** Milliseconds since the epoch: hardly an item is younger. */
  readonly now: number;
  /** Windows that others found to succeed in this order; is told of those that this one finds. */
  readonly plan: WindowPlan;
}

/** Age of the youngest window, microseconds; of the next one so many times as much, and so on to the oldest. */
const FIRST_AGE = 60_000_000;
const GROWTH = 4;

/** A window that failed is read in so many slices. */
const SLICES = 32;

/** A window of fewer microseconds does not fail for the tombstones in it. */
const NARROWEST = 8;

/** For so long one reader goes from window to window, milliseconds. */
const LONGEST_MS = 4_000;

/** A window that failed. */
interface FailedWindow {
  readonly until: number;
  /** Width of the windows in which it is read instead. */
  readonly slice: number;
}

/** The windows of one reader. Places are of creation, microseconds. */
export class Windows {
  /** Where the first one begins. */
  readonly begun: ListPosition;
  readonly #plan: WindowPlan;
  readonly #end: ListPosition;
  readonly #sign: 1 | -1;
  readonly #startedAt = performance.now();
  /** Ends of windows, in the direction of the listing. */
  readonly #ends: readonly number[];
  /** Those that are not read to their end yet, each inside the one before it. */
  readonly #failed: FailedWindow[] = [];

  /** @param end - the end of the partition, in the direction of the listing */
  constructor({ order, now, plan }: WindowsOptions, begun: ListPosition, end: ListPosition) {
    const youngestFirst = windowEnds(now);
    this.begun = begun;
    this.#plan = plan;
    this.#end = end;
    this.#sign = order === "oldest" ? 1 : -1;
    this.#ends = order === "oldest" ? youngestFirst.reverse() : youngestFirst;
  }

  /** Whether the time is over. */
  isOver(): boolean {
    return performance.now() - this.#startedAt > LONGEST_MS;
  }

  /** The end of the window that begins behind a place. */
  endOf({ created }: ListPosition): ListPosition {
    const failed = this.#failed.at(-1);
    const end = failed === undefined ? this.#endBehind(created) : this.#sliceEnd(created, failed);
    return end === null || !this.#isBefore(end, this.#end.created) ? this.#end : { created: end, key: "" };
  }

  /** After a window was read, which took so many milliseconds. */
  succeed({ after, to }: Stretch, ms: number): void {
    this.#plan.record(after.created, to.created, ms);
    while (this.#failed.at(-1)?.until === to.created) this.#failed.pop();
  }

  /** After a window failed; false where it is too narrow to be read in slices. */
  fail({ after, to }: Stretch): boolean {
    const width = Math.abs(to.created - after.created);
    if (width < NARROWEST) return false;
    this.#failed.push({ until: to.created, slice: Math.ceil(width / SLICES) });
    return true;
  }

  #endBehind(created: number): number | null {
    return this.#plan.endOf(created) ?? this.#ends.find((end) => this.#isBefore(created, end)) ?? null;
  }

  #sliceEnd(created: number, { until, slice }: FailedWindow): number {
    const end = created + this.#sign * slice;
    return this.#isBefore(end, until) ? end : until;
  }

  #isBefore(a: number, b: number): boolean {
    return this.#sign * (a - b) < 0;
  }
}

/** Where windows end, the youngest first, back to the epoch. */
function windowEnds(now: number): number[] {
  const latest = (now + CLOCK_TOLERANCE_MS) * 1000;
  const ends = [latest];
  for (let age = FIRST_AGE; age < latest; age *= GROWTH) ends.push(latest - age);
  return ends;
}
