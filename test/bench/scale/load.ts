/** Loads a store up to a size, continuing after what is already loaded. */
import type { ScyllaDBStore } from "langgraph-store-scylladb";
import { memory } from "../corpus.ts";

/** One namespace in five is this one: at a million items it holds 200,000. */
export const BIG_NAMESPACE = ["scale", "big"];

/** Partitions of the big namespace. */
export const BIG_BUCKETS = 16;

const NAMESPACES = 10_000;
const BATCH = 100;
const WRITERS = 8;

/** Item that stores the progress of loading, so that an interrupted run continues. */
const PROGRESS = { namespace: ["scale-progress"], key: "loaded" };

/** Namespaces that are full from the smallest size on, so their queries are the same at every size. */
const PROBES = 20;
const PROBE_ITEMS = 100;

/** Returns a namespace that has the same hundred items at every size, for any `n`. */
export function probe(n: number): string[] {
  return ["scale", `probe-${String(n % PROBES).padStart(2, "0")}`];
}

/** Returns the namespace and key of the nth item. */
export function placeOf(n: number): { readonly namespace: string[]; readonly key: string } {
  if (n < PROBES * PROBE_ITEMS) return { namespace: probe(n), key: `item-${n}` };
  return n % 5 === 0
    ? { namespace: BIG_NAMESPACE, key: `item-${n}` }
    : { namespace: ["scale", `user-${String(n % NAMESPACES).padStart(5, "0")}`], key: `item-${n}` };
}

/** Returns the number of items loaded so far. */
export async function loadedSoFar(store: ScyllaDBStore): Promise<number> {
  const found = await store.get(PROGRESS.namespace, PROGRESS.key);
  return found === null ? 0 : Number(found.value["items"]);
}

/**
 * Loads items up to a number.
 *
 * @param onProgress - receives the number of loaded items
 * @returns items loaded and seconds taken
 */
export async function loadUpTo(
  store: ScyllaDBStore,
  size: number,
  onProgress: (loaded: number) => void,
): Promise<{ readonly items: number; readonly seconds: number }> {
  const from = await loadedSoFar(store);
  const begun = performance.now();
  // One range after the other, so that the stored progress covers everything before it.
  for (let start = from; start < size; start += BATCH * WRITERS) {
    const batches = Array.from({ length: WRITERS }, (_, i) => start + i * BATCH).filter((first) => first < size);
    await Promise.all(batches.map((first) => store.batch(itemsFrom(first, Math.min(first + BATCH, size)))));
    const loaded = Math.min(start + BATCH * WRITERS, size);
    await store.put(PROGRESS.namespace, PROGRESS.key, { items: loaded }, false);
    onProgress(loaded);
  }
  return { items: Math.max(0, size - from), seconds: (performance.now() - begun) / 1_000 };
}

function itemsFrom(first: number, end: number): { namespace: string[]; key: string; value: Record<string, unknown> }[] {
  return Array.from({ length: end - first }, (_, i) => ({ ...placeOf(first + i), value: memory(first + i) }));
}
