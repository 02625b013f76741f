/** Holds requests to the rate limits before they run. A batch costs its operations, and passes as a whole. */
import { settleEach, settleTogether } from "../concurrency/outcomes.ts";
import type { Request } from "../model/operation.ts";
import type { RunRequests } from "../ports/requests.ts";
import type { Costs, RatedKind, RateLimiter } from "./rate-limit.ts";

/** Runs requests once the limiter lets them pass; those of a call that may not are all rejected, and none was begun. */
export function rateLimited<Answer>(run: RunRequests<Answer>, limiter: RateLimiter): RunRequests<Answer> {
  return (requests, caller) => {
    const together = settleTogether(requests.length, async () => {
      if (requests.length > 0) await limiter.acquire(caller.scope, costsOf(requests), abandonmentOf(requests));
      return run(requests, caller);
    });
    return settleEach(requests, together);
  };
}

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
