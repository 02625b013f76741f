/** Applies rate limits to requests before they run. A batch costs the number of its operations, and passes entirely or not at all. */
import { settleEach, settleTogether } from "../concurrency/outcomes.ts";
import { kindOfOperation, type OperationKind } from "../model/operation.ts";
import type { Request } from "../model/request.ts";
import type { RunRequests } from "../ports/requests.ts";
import type { RateLimitError } from "../model/errors.ts";
import type { Costs, RatedKind, RateLimiter } from "./rate-limit.ts";

/** Runs requests once the limiter lets them pass; otherwise all requests of the call are rejected, and none has started. */
export function rateLimited<Answer>(run: RunRequests<Answer>, limiter: RateLimiter): RunRequests<Answer> {
  return (requests, caller) => {
    const together = settleTogether(requests.length, async () => {
      if (caller.refusal !== undefined) throw caller.refusal;
      if (requests.length > 0) await limiter.acquire(caller.scope, costsOf(requests), abandonmentOf(requests));
      return run(requests, caller);
    });
    return settleEach(requests, together);
  };
}

/** Returns the error with which a limiter refuses operations that are not parsed yet; undefined when it does not. */
export function refusalOf(limiter: RateLimiter, scope: string, operations: readonly unknown[]): RateLimitError | undefined {
  const costs = new Map<RatedKind, number>();
  for (const operation of operations) {
    const kind = kindOfOperation(operation);
    if (kind !== null) costs.set(RATED_KINDS[kind], (costs.get(RATED_KINDS[kind]) ?? 0) + 1);
  }
  return costs.size === 0 ? undefined : (limiter.refusalOf(scope, costs) ?? undefined);
}

const RATED_KINDS: Readonly<Record<OperationKind, RatedKind>> = {
  get: "get",
  put: "put",
  delete: "delete",
  search: "search",
  "list-namespaces": "listNamespaces",
};

function costsOf(requests: readonly Request[]): Costs {
  const costs = new Map<RatedKind, number>();
  for (const request of requests) costs.set(ratedKindOf(request), (costs.get(ratedKindOf(request)) ?? 0) + 1);
  return costs;
}

function ratedKindOf(request: Request): RatedKind {
  switch (request.kind) {
    case "put":
      return request.value === null ? "delete" : "put";
    case "list-namespaces":
      return "listNamespaces";
    default:
      return request.kind;
  }
}

function abandonmentOf(requests: readonly Request[]): () => boolean {
  return () => requests.every(({ signal }) => signal?.aborted === true);
}
