/**
 * Windows of time of creation, in which a partition is read that holds more tombstones than one read may meet.
 *
 * Measured on one node of Cassandra 5.0, otherwise idle: a read that is given up takes 110 to 190 ms, one of an empty
 * window 0.5 to 1.5 ms, and each 1,000 tombstones in it 1.3 ms. So a failure costs as much as a hundred empty windows:
 * one that failed is read in many slices, and what failed once is not tried again. For 120,000 tombstones, spread over
 * anything from 12 s to 400 days, that comes to 2 to 6 failures and 0.5 to 1.4 s; trying ever wider windows, and narrower
 * ones after a failure, came to up to 19 failures and 3 s.
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

/** Width of the first window, microseconds, and how many times as wide the next one is. */
const FIRST_WIDTH = 60_000_000;
const WIDENING = 4;

/** A window that failed is read in so many slices. */
const SLICES = 32;

/** A window of fewer microseconds does not fail for the tombstones in it. */
const NARROWEST = 8;

/** For so long one reader goes from window to window, milliseconds. */
const LONGEST_MS = 4_000;

/** Before this moment, microseconds, hardly an item was created: one window is enough for all of them. */
const EARLIEST = Date.UTC(2020, 0) * 1000;

/** A window that failed. */
interface FailedWindow {
  readonly until: number;
  /** Width of the windows in which it is read instead. */
  readonly slice: number;
}

/** The windows of one reader. */
export class Windows {
  /** Where the first one begins. */
  readonly begun: ListPosition;
  readonly #plan: WindowPlan;
  readonly #end: ListPosition;
  readonly #sign: 1 | -1;
  readonly #startedAt = performance.now();
  /** Where the first window ends if hardly an item lies before it. */
  #edge: number | null;
  #width = FIRST_WIDTH;
  /** Those that are not read to their end yet, each inside the one before it. */
  readonly #failed: FailedWindow[] = [];

  /** @param end - the end of the partition, in the direction of the listing */
  constructor({ order, now, plan }: WindowsOptions, begun: ListPosition, end: ListPosition) {
    const edge = order === "oldest" ? EARLIEST : (now + CLOCK_TOLERANCE_MS) * 1000;
    this.begun = begun;
    this.#plan = plan;
    this.#end = end;
    this.#sign = order === "oldest" ? 1 : -1;
    this.#edge = plan.isEmpty && this.#isBefore(begun.created, edge) ? edge : null;
  }

  /** Whether the time is over. */
  isOver(): boolean {
    return performance.now() - this.#startedAt > LONGEST_MS;
  }

  /** The end of the window that begins behind a place. */
  endOf({ created }: ListPosition): ListPosition {
    const failed = this.#failed.at(-1);
    const planned = failed === undefined ? this.#plan.endOf(created) : null;
    const next = this.#edge ?? planned ?? created + this.#sign * (failed?.slice ?? this.#width);
    const end = failed !== undefined && this.#isBefore(failed.until, next) ? failed.until : next;
    return this.#isBefore(end, this.#end.created) ? { created: end, key: "" } : this.#end;
  }

  /** After a window was read, which took so many milliseconds. */
  succeed({ after, to }: Stretch, ms: number): void {
    this.#plan.note(after.created, to.created, ms);
    if (this.#edge !== null) this.#edge = null;
    else if (this.#failed.length === 0) this.#width *= WIDENING;
    while (this.#failed.at(-1)?.until === to.created) this.#failed.pop();
  }

  /** After a window failed; false where it is too narrow to be read in slices. */
  fail({ after, to }: Stretch): boolean {
    const width = Math.abs(to.created - after.created);
    if (this.#edge === null && width < NARROWEST) return false;
    if (this.#edge === null) this.#failed.push({ until: to.created, slice: Math.ceil(width / SLICES) });
    this.#edge = null;
    return true;
  }

  #isBefore(a: number, b: number): boolean {
    return this.#sign * (a - b) < 0;
  }
}
