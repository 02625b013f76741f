/** The middleware of requests in front of the core, in this order: telemetry, rate limits, audit trail. */
import { actorSource, audited, type AuditTrail } from "../audit/index.ts";
import type { CommonConfig } from "../config/schema.ts";
import { searchOf, versionOf, type Answer, type Memory } from "../core/memory.ts";
import type { RunRequests } from "../ports/requests.ts";
import { rateLimited } from "../resilience/rate-limit-run.ts";
import type { RateLimiter } from "../resilience/rate-limit.ts";
import { observeRun, observeQueueTime } from "../telemetry/observed-run.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** Wraps the core in its middleware. Operations that a rate limit refuses do not run and have no audit entry. */
export function requestPipeline(
  memory: Memory,
  { audit, logger }: CommonConfig,
  trail: AuditTrail | null,
  limiter: RateLimiter | null,
  telemetry: Telemetry,
): RunRequests<Answer> {
  // From the inside out: what is added last runs first.
  let run: RunRequests<Answer> = (requests) => memory.run(requests);
  if (audit !== undefined && trail !== null) {
    const { reads, policy } = audit;
    run = audited(run, { trail, reads, actor: actorSource(audit.actor, policy, logger), isActorVerified: audit.actorTrust === "verified", versionOf });
  }
  if (limiter !== null) run = rateLimited(observeQueueTime(run), limiter);
  return observeRun(run, telemetry, (answer) => {
    const result = searchOf(answer);
    return result === null ? null : { ...result.info, results: result.found.length };
  });
}
