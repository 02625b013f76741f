/**
 * Windows of creation time, for reading a partition with more tombstones than one read may pass.
 *
 * Measured on one idle node of Cassandra 5.0: an aborted read takes 110 to 190 ms, a read of an empty window 0.5 to 1.5 ms,
 * and each 1,000 tombstones 1.3 ms. An abort costs as much as a hundred empty windows, so an aborted window is read in many
 * slices and not tried again. Most tombstones are young, so old windows are wide. 120,000 tombstones, spread over 12 s to
 * 400 days, take 1 to 4 aborts and 0.3 to 0.9 s; a million take 2 aborts and 1.7 s. Windows that grow from the beginning and
 * shrink after an abort took up to 19 aborts and 3.1 s, or 26 and 5.3 s.
 */
import type { ListingOrder } from "../../model/request.ts";
import { CLOCK_TOLERANCE_MS } from "../../model/ttl.ts";
import type { ListPosition } from "../../ports/item-repository.ts";
import type { WindowPlan } from "./window-plan.ts";

/** A range of the entries of a partition, in the direction of the listing: from `after` (exclusive) to `to` (inclusive). */
export interface EntryRange {
  readonly after: ListPosition;
  readonly to: ListPosition;
}

/** Options of the windows. */
export interface WindowsOptions {
  readonly order: ListingOrder;
  /** Current time, milliseconds since the epoch. */
  readonly now: number;
  /** Known windows of successful reads in this order; this reader adds its own. */
  readonly plan: WindowPlan;
}

/** Age of the youngest window, microseconds, and the growth factor of the following ones. */
const FIRST_AGE = 60_000_000;
const GROWTH = 4;

/** Number of slices of a failed window. */
const SLICES = 32;

/** Width, microseconds, below which a window does not fail because of tombstones. */
const NARROWEST = 8;

/** Time budget of one reader, milliseconds. */
const LONGEST_MS = 4_000;

/** A failed window. */
interface FailedWindow {
  readonly until: number;
  /** Width of its slices. */
  readonly slice: number;
}

/** The windows of one reader. Positions are creation times, microseconds. */
export class Windows {
  /** Start of the first window. */
  readonly start: ListPosition;
  readonly #plan: WindowPlan;
  readonly #end: ListPosition;
  readonly #sign: 1 | -1;
  readonly #startedAt = performance.now();
  /** Ends of windows, in the direction of the listing. */
  readonly #ends: readonly number[];
  /** Failed windows that are not read to their end yet, outermost first. */
  readonly #failed: FailedWindow[] = [];

  /** @param end - the end of the partition, in the direction of the listing */
  constructor({ order, now, plan }: WindowsOptions, begun: ListPosition, end: ListPosition) {
    const youngestFirst = windowEnds(now);
    this.start = begun;
    this.#plan = plan;
    this.#end = end;
    this.#sign = order === "oldest" ? 1 : -1;
    this.#ends = order === "oldest" ? youngestFirst.reverse() : youngestFirst;
  }

  /** Whether the time budget is spent. */
  isSpent(): boolean {
    return performance.now() - this.#startedAt > LONGEST_MS;
  }

  /** Returns the end of the window that begins after a position. */
  endOf({ created }: ListPosition): ListPosition {
    const failed = this.#failed.at(-1);
    const end = failed === undefined ? this.#endBehind(created) : this.#sliceEnd(created, failed);
    return end === null || !this.#isBefore(end, this.#end.created) ? this.#end : { created: end, key: "" };
  }

  /** Reports a window that was read, with its duration, milliseconds. */
  succeed({ after, to }: EntryRange, ms: number): void {
    this.#plan.record(after.created, to.created, ms);
    while (this.#failed.at(-1)?.until === to.created) this.#failed.pop();
  }

  /** Reports a failed window; returns false if it is too narrow to be sliced. */
  fail({ after, to }: EntryRange): boolean {
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

/** Returns the ends of windows, youngest first, back to the epoch. */
function windowEnds(now: number): number[] {
  const latest = (now + CLOCK_TOLERANCE_MS) * 1000;
  const ends = [latest];
  for (let age = FIRST_AGE; age < latest; age *= GROWTH) ends.push(latest - age);
  return ends;
}
