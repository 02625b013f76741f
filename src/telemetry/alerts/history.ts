import type { AlertCounts, AlertSnapshot } from "./snapshot.ts";

interface Entry {
  /** Milliseconds of a clock that only goes forward. */
  readonly at: number;
  readonly snapshot: AlertSnapshot;
}

/** Snapshots of the last while: how the store is, and what has happened since. */
export class History {
  readonly #longestMs: number;
  #entries: Entry[] = [];

  /** @param longestMs - how far back anybody looks */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /** Adds how the store is now. */
  add(snapshot: AlertSnapshot, at: number): void {
    // Counts that went back are those of another composition: nothing before them can be compared.
    if ((this.#entries.at(-1)?.snapshot.counts.operations ?? 0) > snapshot.counts.operations) this.#entries = [];
    this.#entries.push({ at, snapshot });
    // The last one before the window stays: from it on is counted.
    while (this.#entries.length > 2 && (this.#entries[1]?.at ?? at) <= at - this.#longestMs) this.#entries.shift();
  }

  /** How the store is, as was last seen. Null before the first look. */
  get newest(): AlertSnapshot | null {
    return this.#entries.at(-1)?.snapshot ?? null;
  }

  /** How much a count grew in the last while; from the first look, where that is not so long ago. */
  growth(windowMs: number, count: (counts: AlertCounts) => number): number {
    const newest = this.#entries.at(-1);
    if (newest === undefined) return 0;
    const from = this.#entries.findLast(({ at }) => at <= newest.at - windowMs) ?? this.#entries[0] ?? newest;
    return count(newest.snapshot.counts) - count(from.snapshot.counts);
  }
}
