/** Deletes expired entries of caches, also of caches that are not used any more: an LRU cache alone keeps them until a later call. */

/** A cache whose entries expire. */
export interface ExpiringCache {
  /** Deletes the expired entries. */
  purgeStale(): unknown;
}

/** Interval of the deletion, milliseconds: an expired entry stays in memory for at most so long. */
export const PURGE_INTERVAL_MS = 60_000;

/** How long the vectors of a local file stay in the memory of a process, milliseconds: then all of them are read again. */
export const FILE_VECTORS_MS = 60 * 60_000;

/** How long values that searches by filters have read stay in the memory of a process with a local file, milliseconds. */
export const FILE_VALUES_MS = 60_000;

const caches = new Set<WeakRef<ExpiringCache>>();
let timer: ReturnType<typeof setInterval> | null = null;

/** Has the expired entries of a cache deleted once a minute, for as long as the cache is referenced. Returns the cache. */
export function purgedRegularly<Cache extends ExpiringCache>(cache: Cache): Cache {
  caches.add(new WeakRef(cache));
  timer ??= started();
  return cache;
}

function started(): ReturnType<typeof setInterval> {
  const interval = setInterval(purge, PURGE_INTERVAL_MS);
  // A cache must not keep the process alive.
  interval.unref();
  return interval;
}

function purge(): void {
  for (const reference of caches) {
    const cache = reference.deref();
    if (cache === undefined) caches.delete(reference);
    else cache.purgeStale();
  }
  if (caches.size > 0 || timer === null) return;
  clearInterval(timer);
  timer = null;
}
