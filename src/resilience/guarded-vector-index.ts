import type { VectorIndex } from "../ports/vector-index.ts";
import { guardSettled } from "./guard-settled.ts";
import type { Guard } from "./guard.ts";

/**
 * A vector index behind a guard. Its writes are conditional on versions, so they may be sent again.
 *
 * @param budgetMs - longest time for one call, with all its attempts
 */
export function guardVectorIndex(vectors: VectorIndex, guard: Guard, budgetMs: number): VectorIndex {
  return {
    upsert: (points, options) => guardSettled(guard, budgetMs, () => vectors.upsert(points, options)),
    stored: (ids) => guard.run(budgetMs, () => vectors.stored(ids)),
    remove: (removals) => guardSettled(guard, budgetMs, () => vectors.remove(removals)),
    query: (query) => guard.run(budgetMs, () => vectors.query(query)),
    scan: (after, limit) => guard.run(budgetMs, () => vectors.scan(after, limit)),
    expired: (now, limit) => guard.run(budgetMs, () => vectors.expired(now, limit)),
    renew: (renewals) => guard.run(budgetMs, () => vectors.renew(renewals)),
  };
}
