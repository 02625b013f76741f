/**
 * Rules for reads of one key. A read returns a write that began before the read ended, and none older than the
 * last write that was acknowledged before the read began.
 */
import { isFilteredOut, type Sight, type Write } from "./history.ts";
import type { Violation } from "./violation.ts";

/** Parameters of the rules about time. */
export interface ReadRules {
  /**
   * Difference between the clocks of writers, in milliseconds. An interrupted write drew its version before its end, by
   * its own clock. After this time, any other write has a higher version.
   */
  readonly clockSpreadMs: number;
}

/** Longest time after its end at which a failed read may have refreshed an item, in milliseconds. */
const LATE_RENEWAL_MS = 30_000;

/** The writes to one key, ordered for a fast search of the last one before a given time. */
export class KeyWrites {
  readonly #rules: ReadRules;
  readonly #byId = new Map<string, Write>();
  readonly #acknowledged: readonly Write[];
  /** The latest start of the acknowledged writes up to each position. */
  readonly #latestStart: readonly number[];
  readonly #possible: readonly Write[];
  readonly #renewals = new Map<string, number[]>();
  readonly #lateRenewal: number;

  constructor(
    writes: readonly Write[],
    sights: readonly Sight[],
    failedReads: readonly { readonly wallEnd: number }[],
    rules: ReadRules,
  ) {
    this.#rules = rules;
    for (const write of writes) if (write.id !== null) this.#byId.set(write.id, write);
    this.#acknowledged = writes.filter(({ state }) => state === "acknowledged").sort((a, b) => a.call.end - b.call.end);
    let latest = -Infinity;
    this.#latestStart = this.#acknowledged.map(({ call }) => (latest = Math.max(latest, call.start)));
    this.#possible = writes.filter(({ state }) => state !== "never").sort((a, b) => a.call.start - b.call.start);
    for (const { id, call } of sights) {
      if (id === null) continue;
      const ends = this.#renewals.get(id) ?? [];
      this.#renewals.set(id, ends);
      ends.push(call.wallEnd);
    }
    this.#lateRenewal = Math.max(-Infinity, ...failedReads.map(({ wallEnd }) => wallEnd + LATE_RENEWAL_MS));
  }

  /** Returns the write of a value, if it ever began. */
  writeOf(id: string): Write | undefined {
    return this.#byId.get(id);
  }

  /** Returns the latest start of all writes that were acknowledged before `moment`. */
  newestBefore(moment: number): number {
    let low = 0;
    let high = this.#acknowledged.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#acknowledged[middle]?.call.end ?? Infinity) < moment) low = middle + 1;
      else high = middle;
    }
    return this.#latestStart[low - 1] ?? -Infinity;
  }

  /** Whether a call may return the write, considering the other writes. */
  isPossible(write: Write, { call }: Sight, newest = this.newestBefore(call.start)): boolean {
    const { state } = write;
    if (state === "never" || write.call.start >= call.end) return false;
    const end = state === "acknowledged" ? write.call.end : write.call.end + this.#rules.clockSpreadMs;
    return end >= newest;
  }

  /** Whether the value had certainly expired before the call began. */
  hadEnded(write: Write, { call }: Sight): boolean {
    if (write.until !== null) return call.wallStart >= write.until;
    if (write.ttlMs === null) return false;
    const renewals = (this.#renewals.get(write.id ?? "") ?? []).filter((wall) => wall < call.wallEnd);
    const last = Math.max(write.call.wallEnd, this.#lateRenewal, ...renewals);
    return call.wallStart >= last + write.ttlMs;
  }

  /** Whether the value may have expired before the call ended. */
  mayHaveEnded(write: Write, { call }: Sight): boolean {
    if (write.until !== null) return call.wallEnd >= write.until;
    return write.ttlMs !== null && call.wallEnd >= write.call.wallStart + write.ttlMs;
  }

  /** Whether a call may correctly have found no value. */
  mayBeAbsent(sight: Sight): boolean {
    const newest = this.newestBefore(sight.call.start);
    if (newest === -Infinity) return true;
    return this.#possible.some(
      (write) =>
        this.isPossible(write, sight, newest) &&
        (write.id === null || this.mayHaveEnded(write, sight) || isFilteredOut(sight, write.id)),
    );
  }

  /** Returns the writes around a call, for the report. */
  around({ call }: Sight): Write[] {
    const from = Math.min(this.newestBefore(call.start), call.start);
    return this.#possible.filter((write) => write.call.end >= from && write.call.start <= call.end);
  }
}

/** Verifies all reads of one key. */
export function checkReads(place: string, writes: KeyWrites, sights: readonly Sight[]): Violation[] {
  return sights.flatMap((sight): Violation[] => {
    const broken = judge(writes, sight);
    if (broken === null) return [];
    const { rule, message } = broken;
    const write = sight.id === null ? undefined : writes.writeOf(sight.id);
    const around = writes.around(sight);
    const all = write === undefined || around.includes(write) ? around : [write, ...around];
    return [{ rule, message: `${place} by ${sight.route}: ${message}`, call: sight.call, around: all }];
  });
}

function judge(writes: KeyWrites, sight: Sight): { rule: string; message: string } | null {
  if (sight.id === null) {
    if (writes.mayBeAbsent(sight)) return null;
    return { rule: "lost", message: "nothing was found, although a value had been acknowledged and not been deleted" };
  }
  const write = writes.writeOf(sight.id);
  if (write === undefined) return { rule: "unwritten", message: `${sight.id} was never written there` };
  if (write.state === "never") return { rule: "unsaved", message: `${sight.id} was found, but its put said that nothing was saved` };
  if (write.call.start >= sight.call.end) return { rule: "unwritten", message: `${sight.id} was found before its put began` };
  if (!writes.isPossible(write, sight)) {
    return { rule: "stale", message: `${sight.id} was found, although a later write had been acknowledged` };
  }
  if (writes.hadEnded(write, sight)) return { rule: "ended", message: `${sight.id} was found after its end` };
  return null;
}
