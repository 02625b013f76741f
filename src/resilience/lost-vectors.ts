import { NotReadyError } from "../model/errors.ts";
import type { VectorIndex } from "../ports/vector-index.ts";

/** Whether there is a collection, and all that belongs into it. */
interface CollectionState {
  /** Whether the collection holds what the records say. */
  readonly isComplete: boolean;
  /** Whether it cannot be used at all. */
  readonly isAway: boolean;
}

/**
 * A vector index that refuses at once what a lost collection cannot answer. It stands before the guard: the service is
 * well, and searches that were counted as its failures would open the breaker before the writes that fill the collection.
 */
export function refuseWhileLost(vectors: VectorIndex, state: CollectionState): VectorIndex {
  async function present<T>(call: () => Promise<T>): Promise<T> {
    if (state.isAway) throw new NotReadyError("The Qdrant collection is away; it is looked for again.");
    return call();
  }
  return {
    upsert: (points, options) => present(() => vectors.upsert(points, options)),
    stored: (ids) => present(() => vectors.stored(ids)),
    remove: (removals) => present(() => vectors.remove(removals)),
    query: (query) =>
      present(async () => {
        if (state.isComplete) return vectors.query(query);
        throw new NotReadyError("The vectors were lost and are being filled in again from the records.");
      }),
    scan: (after, limit) => present(() => vectors.scan(after, limit)),
    expired: (now, limit) => present(() => vectors.expired(now, limit)),
    renew: (renewals) => present(() => vectors.renew(renewals)),
  };
}
