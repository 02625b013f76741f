/** Applies rate limits to requests before they run. A batch costs the number of its operations, and passes entirely or not at all. */
import { settleEach, settleTogether } from "../concurrency/outcomes.ts";
import { kindOfOperation } from "../model/operation.ts";
import { operationOf, type OperationKind, type Request } from "../model/request.ts";
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
  for (const request of requests) {
    const kind = RATED_KINDS[operationOf(request)];
    costs.set(kind, (costs.get(kind) ?? 0) + 1);
  }
  return costs;
}

function abandonmentOf(requests: readonly Request[]): () => boolean {
  return () => requests.every(({ signal }) => signal?.aborted === true);
}
