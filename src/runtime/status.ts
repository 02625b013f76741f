/** The sources of `store.health()`, `store.stats()` and the gauges of one runtime. */
import type { AuditTrail } from "../audit/index.ts";
import type { SharedEmbedder } from "../core/embedding.ts";
import type { Generations } from "../core/generations.ts";
import type { Service } from "../ports/events.ts";
import type { Outbox } from "../ports/outbox.ts";
import { readHealth, type Health, type HealthSources } from "../telemetry/health.ts";
import type { GuardState, StateSources } from "../telemetry/state.ts";
import type { StoreContext } from "./context.ts";
import type { Databases } from "./databases.ts";

/** Returns the sources of gauges and statistics; sources that need connections are empty while not connected. */
export function stateSources(databases: Databases, embedder: SharedEmbedder | null, isConnected: () => boolean): StateSources {
  const { guards, breakers, collection } = databases;
  const services: Service[] = embedder === null ? [] : ["embeddings"];
  if (breakers.records !== null) services.push("records");
  if (breakers.vectors !== null && embedder !== null) services.push("vectors");
  const guardState = (service: Service) => (): GuardState => {
    const { breaker, calls } = guards.of(service);
    return { breaker, calls };
  };
  return {
    guards: Object.fromEntries(services.map((service) => [service, guardState(service)])),
    nodes: () => (isConnected() ? databases.nodes() : []),
    isComplete: () => (embedder === null || !isConnected() ? null : (collection?.isComplete ?? true)),
    cachedTexts: () => embedder?.cached ?? null,
    // Through the guard, as counts are maintenance: during an outage they do not add to the load.
    outbox: countedOnce(databases.callPorts.outbox),
  };
}

/** Returns the health check. It calls the databases directly, so that it sees them while a circuit is open. */
export function healthCheck(databases: Databases, { events }: StoreContext, generations: Generations | null, trail: AuditTrail | null): () => Promise<Health> {
  const { directPorts, breakers, guards, collection } = databases;
  const outbox = countedOnce(directPorts.outbox);
  const keywords = (): "off" | "missing" | "ready" => {
    if (generations === null || generations.active.keywords.configured === null) return "off";
    return generations.active.storedLanguage() === null ? "missing" : "ready";
  };
  const sources = (): HealthSources => ({
    items: directPorts.items,
    outbox,
    vectors: directPorts.vectors[databases.generations.active] ?? null,
    isComplete: () => collection?.isComplete ?? true,
    previousCollection: () => collection?.previousName ?? null,
    keywords,
    breakers: { ...breakers, embeddings: generations !== null ? () => guards.of("embeddings").breaker : null },
    audit: () => (trail === null ? null : { failing: trail.isFailing, lost: trail.lost }),
    events: () => events.counts(),
  });
  return () => readHealth(sources());
}

/** Shares a count that is in flight: simultaneous callers do not repeat a slow count. */
function countedOnce(outbox: Outbox): Pick<Outbox, "backlog"> {
  let counting: ReturnType<Outbox["backlog"]> | null = null;
  return {
    backlog(bound) {
      counting ??= outbox.backlog(bound).finally(() => (counting = null));
      return counting;
    },
  };
}
