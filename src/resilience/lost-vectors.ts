import { INDEX_REMOVED, NotReadyError } from "../model/errors.ts";
import { decorate, type Around } from "../ports/decorate.ts";
import { VECTOR_INDEX_INPUTS, type VectorIndex } from "../ports/vector-index.ts";

/** The state of the collection. */
interface CollectionState {
  /** Whether the collection holds the vectors of all records. */
  readonly isComplete: boolean;
  /** Whether the collection is missing or unreachable. */
  readonly isUnavailable: boolean;
  /** Whether another process has removed the index. */
  readonly isRemoved?: boolean;
}

/**
 * Returns an index that refuses calls at once while the collection is lost, and searches while it is being rebuilt. Placed in
 * front of the guard: the service itself is healthy, and refused searches must not open the breaker, which would stop the
 * writes that rebuild the collection.
 */
export function refuseWhileLost(vectors: VectorIndex, state: CollectionState): VectorIndex {
  const ifPresent: Around = async (call, deadline) => {
    if (state.isRemoved === true) throw new NotReadyError(INDEX_REMOVED);
    if (state.isUnavailable) throw new NotReadyError("The Qdrant collection is missing or unreachable; the store checks for it regularly.");
    return call(deadline);
  };
  const ifComplete: Around = (call, deadline) =>
    ifPresent(async () => {
      if (!state.isComplete) throw new NotReadyError("The vectors were lost and are being rebuilt from the records.");
      return call(deadline);
    }, deadline, null);
  return decorate(vectors, VECTOR_INDEX_INPUTS, {
    upsert: ifPresent,
    stored: ifPresent,
    vectorsOf: ifComplete,
    remove: ifPresent,
    query: ifComplete,
    queryKeywords: ifComplete,
    queryBoth: ifComplete,
    scan: ifPresent,
    expired: ifPresent,
    renew: ifPresent,
  });
}
