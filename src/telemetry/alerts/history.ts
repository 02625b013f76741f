import type { AlertCounts, AlertSnapshot } from "./snapshot.ts";

interface Entry {
  /** Monotonic clock, milliseconds. */
  readonly at: number;
  readonly snapshot: AlertSnapshot;
}

/** The snapshots of the longest window. */
export class History {
  readonly #longestMs: number;
  #entries: Entry[] = [];

  /** @param longestMs - the longest window */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /** Adds a snapshot. */
  add(snapshot: AlertSnapshot, at: number): void {
    // Counts that decreased belong to another runtime: earlier snapshots cannot be compared with them.
    if ((this.#entries.at(-1)?.snapshot.counts.operations ?? 0) > snapshot.counts.operations) this.#entries = [];
    this.#entries.push({ at, snapshot });
    // Keeps the last snapshot before the window as its baseline.
    while (this.#entries.length > 2 && (this.#entries[1]?.at ?? at) <= at - this.#longestMs) this.#entries.shift();
  }

  /** The newest snapshot; null before the first. */
  get newest(): AlertSnapshot | null {
    return this.#entries.at(-1)?.snapshot ?? null;
  }

  /** The growth of a count within the window, or since the first snapshot if that is later. */
  growth(windowMs: number, count: (counts: AlertCounts) => number): number {
    const newest = this.#entries.at(-1);
    if (newest === undefined) return 0;
    const from = this.#entries.findLast(({ at }) => at <= newest.at - windowMs) ?? this.#entries[0] ?? newest;
    return count(newest.snapshot.counts) - count(from.snapshot.counts);
  }
}
