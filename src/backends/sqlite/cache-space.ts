/** Memory that the vector caches of one connection share: each generation of the index has a cache. */

/** Vectors that may be cached. */
export interface CacheEntry {
  /** Null when they are not cached. */
  points: { readonly bytes: number } | null;
  /** Number of the last search that used them. */
  readonly lastUse: number;
}

/** A cache that shares the memory. */
interface SharingCache {
  entries(): Iterable<CacheEntry>;
}

/** The bytes in use, and the order of searches. */
export class CacheSpace {
  readonly #maxBytes: number;
  readonly #caches: SharingCache[] = [];
  /** Bytes of all cached vectors. */
  bytes = 0;
  /** Number of the current search. */
  search = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  share(cache: SharingCache): void {
    this.#caches.push(cache);
  }

  /** Whether `more` bytes fit; makes room by dropping vectors that this search does not use, the longest unused first. */
  hasRoom(more = 0): boolean {
    if (this.bytes + more <= this.#maxBytes) return true;
    const unused = this.#caches.flatMap((cache) => [...cache.entries()].filter(({ points, lastUse }) => points !== null && lastUse < this.search));
    unused.sort((a, b) => a.lastUse - b.lastUse);
    // More than is needed, so that the next vectors find room.
    const enough = 0.9 * this.#maxBytes;
    for (const entry of unused) {
      if (this.bytes + more <= enough) break;
      this.drop(entry);
    }
    return this.bytes + more <= this.#maxBytes;
  }

  drop(entry: CacheEntry): void {
    this.bytes -= entry.points?.bytes ?? 0;
    entry.points = null;
  }
}
