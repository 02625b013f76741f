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
    upsert: (points, options, deadline) => present(() => vectors.upsert(points, options, deadline)),
    stored: (ids, deadline) => present(() => vectors.stored(ids, deadline)),
    remove: (removals, deadline) => present(() => vectors.remove(removals, deadline)),
    query: (query, deadline) =>
      present(async () => {
        if (state.isComplete) return vectors.query(query, deadline);
        throw new NotReadyError("The vectors were lost and are being filled in again from the records.");
      }),
    scan: (after, limit, deadline) => present(() => vectors.scan(after, limit, deadline)),
    expired: (now, after, limit, deadline) => present(() => vectors.expired(now, after, limit, deadline)),
    renew: (renewals, deadline) => present(() => vectors.renew(renewals, deadline)),
  };
}
