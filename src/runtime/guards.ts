/** The guards of the services. One is kept when the configuration changes, unless what it stands before changes, or how. */
import { isSame } from "../config/change.ts";
import type { CommonConfig } from "../config/schema.ts";
import { isProviderOutage } from "../model/embedding-error.ts";
import type { Events, Service } from "../ports/events.ts";
import type { Observer } from "../ports/telemetry.ts";
import { Guard } from "../resilience/guard.ts";

/** How calls are guarded. */
type GuardPolicy = Pick<CommonConfig, "retry" | "breaker" | "bulkhead" | "index">;

/** The guards before, and what stands behind them. */
interface Previous {
  readonly guards: Guards;
  readonly config: CommonConfig;
  readonly isSameConnection: boolean;
}

const NAMES: Readonly<Record<Service, string>> = {
  records: "The CQL database",
  vectors: "Qdrant",
  embeddings: "The embedding provider",
};

/** One guard for each service. */
export class Guards {
  readonly #policy: Omit<GuardPolicy, "index">;
  readonly #events: Events;
  readonly #observer: Observer;
  readonly #guards = new Map<Service, Guard>();

  /** @param previous - whose guards of what stays the same are kept */
  constructor({ retry, breaker, bulkhead, index }: GuardPolicy, { events, observer }: { readonly events: Events; readonly observer: Observer }, previous: Previous | null) {
    this.#policy = { retry, breaker, bulkhead };
    this.#events = events;
    this.#observer = observer;
    if (previous === null || !isSame(this.#policy, previous.guards.#policy)) return;
    const isSameProvider = index?.embeddings === previous.config.index?.embeddings;
    const isKept: Readonly<Record<Service, boolean>> = {
      records: previous.isSameConnection,
      vectors: previous.isSameConnection,
      embeddings: isSameProvider,
    };
    for (const [service, guard] of previous.guards.#guards) if (isKept[service]) this.#guards.set(service, guard);
  }

  /** The guard of a service. */
  of(service: Service): Guard {
    const guard = this.#guards.get(service) ?? new Guard({
      service,
      name: NAMES[service],
      ...this.#policy,
      events: this.#events,
      observer: this.#observer,
      isOutage: service === "embeddings" ? isProviderOutage : undefined,
    });
    this.#guards.set(service, guard);
    return guard;
  }

  /** Tells of services that nothing holds back any more, as the guard that did was not kept. */
  emitBreakersClosed(previous: Guards): void {
    for (const [service, guard] of previous.#guards) {
      if (this.#guards.get(service) === guard || guard.breaker === "closed") continue;
      this.#events.emit({ type: "breaker-closed", service });
    }
  }
}
