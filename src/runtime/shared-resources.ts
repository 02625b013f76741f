/** Resources that a reload keeps when their options did not change: the audit trail and the rate limiter. */
import { auditTrailOf, type AuditTrail } from "../audit/index.ts";
import { isSame } from "../config/change.ts";
import type { CommonConfig } from "../config/schema.ts";
import type { Resource } from "../ports/backend.ts";
import { RateLimiter } from "../resilience/rate-limit.ts";
import type { StoreContext } from "./context.ts";
import type { Databases } from "./databases.ts";
import { SharedResource, type Reference } from "./shared-resource.ts";

/** References to the resources; null for those that are not configured. */
export interface SharedResources {
  readonly trail: Reference<AuditTrail> | null;
  readonly limiter: Reference<LimiterResource> | null;
}

/** What the runtime before used. */
interface Previous {
  readonly config: CommonConfig;
  readonly databases: Databases;
  readonly shared: SharedResources;
}

/** A rate limiter with the lifecycle of a resource. */
interface LimiterResource extends Resource {
  readonly limiter: RateLimiter;
}

/** References the resources of the runtime before where their options are the same, and creates the others. */
export function shareResources(config: CommonConfig, context: StoreContext, databases: Databases, previous: Previous | null): SharedResources {
  return { trail: trailFor(config, context, databases, previous), limiter: limiterFor(config, previous) };
}

/** An unchanged trail is kept, with its queue and its count of lost entries. While one is replaced, both may write the same file. */
function trailFor(
  { audit, logger }: CommonConfig,
  { events }: StoreContext,
  { auditTable, settings }: Databases,
  previous: Previous | null,
): Reference<AuditTrail> | null {
  if (audit === undefined) return null;
  const isKept = isSame(audit, previous?.config.audit) && (auditTable === null || settings === previous?.databases.settings);
  if (isKept && previous?.shared.trail) return previous.shared.trail.share();
  return new SharedResource(auditTrailOf(audit, auditTable, events, logger)).reference();
}

/** An unchanged limiter is kept: what scopes have used of their limits stays used. */
function limiterFor({ rateLimit }: CommonConfig, previous: Previous | null): Reference<LimiterResource> | null {
  if (rateLimit === undefined) return null;
  if (previous?.shared.limiter && isSame(rateLimit, previous.config.rateLimit)) return previous.shared.limiter.share();
  const limiter = new RateLimiter(rateLimit);
  const resource: LimiterResource = {
    limiter,
    start: () => Promise.resolve(),
    stop() {
      limiter.stop();
      return Promise.resolve();
    },
  };
  return new SharedResource(resource).reference();
}
