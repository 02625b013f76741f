/** Counts what a sweep would remove, and changes nothing. */
import { readEach, UNREADABLE } from "../core/read-each.ts";
import type { ReconcileDependencies } from "../core/reconcile-item.ts";
import { isLive } from "../model/item.ts";
import { RENEWAL_LAG_MS } from "../model/ttl.ts";
import type { IndexedPoint, VectorIndex } from "../ports/vector-index.ts";
import type { SweepReport } from "./sweeper.ts";

const PAGE = 500;

/** Counts the vectors of expired items, and the records that are expired or deleted and still stored. Reads all records. */
export async function previewSweep({ items, generations }: ReconcileDependencies, { signal, now = Date.now() }: { readonly signal?: AbortSignal | undefined; readonly now?: number } = {}): Promise<SweepReport> {
  let records = 0;
  let after: string | null = null;
  do {
    signal?.throwIfAborted();
    const page = await items.scan(after, PAGE);
    records += page.found.filter((record) => !isLive(record, now)).length;
    after = page.next;
  } while (after !== null);
  if (generations === null) return { points: 0, records };
  let points = 0;
  let place: string | null = null;
  do {
    signal?.throwIfAborted();
    const page: Awaited<ReturnType<VectorIndex["expired"]>> = await generations.active.vectors.expired(now - RENEWAL_LAG_MS, place, PAGE);
    const found = await readEach(items, page.found.map(({ namespace, key }: IndexedPoint) => ({ namespace, key })));
    points += found.filter((record) => record !== UNREADABLE && !isLive(record, now - RENEWAL_LAG_MS)).length;
    place = page.next;
  } while (place !== null);
  return { points, records };
}
