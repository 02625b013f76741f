import type { VectorIndex } from "../ports/vector-index.ts";
import { guardSettled } from "./guard-settled.ts";
import type { Guard } from "./guard.ts";

/** Longest times for calls to the vector index, with all their attempts, milliseconds; a caller's deadline may come before. */
export interface VectorBudgets {
  readonly queryMs: number;
  readonly writeMs: number;
  /** For scans, and what else only maintenance asks for. */
  readonly maintenanceMs: number;
}

/** A vector index behind a guard. Its writes are conditional on versions, so they may be sent again. */
export function guardVectorIndex(vectors: VectorIndex, guard: Guard, { queryMs, writeMs, maintenanceMs }: VectorBudgets): VectorIndex {
  return {
    upsert: (points, options, caller) => guardSettled(guard, writeMs, (deadline) => vectors.upsert(points, options, deadline), caller),
    stored: (ids, caller) => guard.run(writeMs, (deadline) => vectors.stored(ids, deadline), caller),
    remove: (removals, caller) => guardSettled(guard, writeMs, (deadline) => vectors.remove(removals, deadline), caller),
    query: (query, caller) => guard.run(queryMs, (deadline) => vectors.query(query, deadline), caller),
    scan: (after, limit, caller) => guard.run(maintenanceMs, (deadline) => vectors.scan(after, limit, deadline), caller),
    expired: (now, after, limit, caller) => guard.run(maintenanceMs, (deadline) => vectors.expired(now, after, limit, deadline), caller),
    renew: (renewals, caller) => guard.run(maintenanceMs, (deadline) => vectors.renew(renewals, deadline), caller),
  };
}
