/** The resilience wrappers (bulkhead, circuit breaker, timeout, retries) of each service, kept across reloads where possible. */
import { isSame } from "../config/change.ts";
import type { CommonConfig } from "../config/schema.ts";
import { isProviderOutage } from "../model/embedding-error.ts";
import type { Service } from "../ports/events.ts";
import { Guard } from "../resilience/guard.ts";
import type { StoreContext } from "./context.ts";

/** The options that a guard depends on. */
type GuardPolicy = Pick<CommonConfig, "retry" | "breaker" | "bulkhead" | "index">;

/** The guards before a reload, and the configuration that they are for. */
export interface PreviousGuards {
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
  readonly #context: Pick<StoreContext, "events" | "telemetry">;
  readonly #guards = new Map<Service, Guard>();
  /** Guard of the embedder of `index.next`: its outage must not open the circuit of searches. */
  #nextEmbeddings: Guard | null = null;

  /** @param previous - its guards are kept for services whose connection and options did not change; null at the first start */
  constructor({ retry, breaker, bulkhead, index }: GuardPolicy, context: Pick<StoreContext, "events" | "telemetry">, previous: PreviousGuards | null) {
    this.#policy = { retry, breaker, bulkhead };
    this.#context = context;
    if (previous === null || !isSame(this.#policy, previous.guards.#policy)) return;
    const isSameProvider = index?.embeddings === previous.config.index?.embeddings;
    const isKept: Readonly<Record<Service, boolean>> = {
      records: previous.isSameConnection,
      vectors: previous.isSameConnection,
      embeddings: isSameProvider,
    };
    for (const [service, guard] of previous.guards.#guards) if (isKept[service]) this.#guards.set(service, guard);
  }

  /** Returns the guard of a service. */
  of(service: Service): Guard {
    const guard = this.#guards.get(service) ?? this.#create(service, NAMES[service]);
    this.#guards.set(service, guard);
    return guard;
  }

  /** Returns the guard of the embedder of `index.next`. */
  ofNextEmbeddings(): Guard {
    return (this.#nextEmbeddings ??= this.#create("embeddings", "The embedding provider of index.next"));
  }

  #create(service: Service, name: string): Guard {
    return new Guard({
      service,
      name,
      ...this.#policy,
      events: this.#context.events,
      observer: this.#context.telemetry,
      isOutage: service === "embeddings" ? isProviderOutage : undefined,
    });
  }

  /** Emits `breaker-closed` for each service whose open breaker was replaced, as calls reach the service again. */
  emitReplacedBreakersClosed(previous: Guards): void {
    for (const [service, guard] of previous.#guards) {
      if (this.#guards.get(service) === guard || guard.breaker === "closed") continue;
      this.#context.events.emit({ type: "breaker-closed", service });
    }
  }
}
