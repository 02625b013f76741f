import { isStoreError } from "../model/errors.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import type { Guard } from "./guard.ts";

/** A vector index behind a guard. Its writes are conditional on versions, so they may be sent again. */
export function guardVectorIndex(vectors: VectorIndex, guard: Guard): VectorIndex {
  return {
    upsert: (points, options) => guardSettled(guard, () => vectors.upsert(points, options)),
    stored: (ids) => guard.run(() => vectors.stored(ids)),
    remove: (removals) => guardSettled(guard, () => vectors.remove(removals)),
    query: (query) => guard.run(() => vectors.query(query)),
  };
}

/** Outcomes that all failed for a passing reason are a failure of the service, and are tried again as a whole. */
function guardSettled<Out>(
  guard: Guard,
  call: () => Promise<PromiseSettledResult<Out>[]>,
): Promise<PromiseSettledResult<Out>[]> {
  return guard.run(async () => {
    const outcomes = await call();
    const [first] = outcomes;
    const allFailed = outcomes.every(({ status }) => status === "rejected");
    if (allFailed && first?.status === "rejected" && isStoreError(first.reason) && first.reason.retryable) throw first.reason;
    return outcomes;
  });
}
