import { decorate, type Around } from "../ports/decorate.ts";
import { VECTOR_INDEX_INPUTS, type VectorIndex } from "../ports/vector-index.ts";
import { guardSettled } from "./guard-settled.ts";
import type { Guard } from "./guard.ts";

/** Time budgets of calls to the vector index, with all attempts, milliseconds. The deadline of a caller may be sooner. */
export interface VectorBudgets {
  readonly queryMs: number;
  readonly writeMs: number;
  /** For scans and other calls of maintenance. */
  readonly maintenanceMs: number;
}

/** Returns the index with its calls run through a guard. Writes are conditional on versions, so they may be retried. */
export function guardVectorIndex(vectors: VectorIndex, guard: Guard, { queryMs, writeMs, maintenanceMs }: VectorBudgets): VectorIndex {
  const within = (budgetMs: number): Around => (call, callerDeadline) => guard.run(budgetMs, call, callerDeadline);
  const write: Around = (call, callerDeadline) => guardSettled(guard, writeMs, call, callerDeadline);
  const maintain = within(maintenanceMs);
  return decorate(vectors, VECTOR_INDEX_INPUTS, {
    upsert: write,
    stored: within(writeMs),
    vectorsOf: within(queryMs),
    remove: write,
    query: within(queryMs),
    queryKeywords: within(queryMs),
    queryBoth: within(queryMs),
    scan: maintain,
    expired: maintain,
    renew: maintain,
  });
}
