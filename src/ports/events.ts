import type { DegradedReason } from "../model/degraded-reason.ts";
import type { AlertCondition, AlertSeverity } from "./alerts.ts";

/** A service that the store depends on. */
export type Service = "records" | "vectors" | "embeddings";

/** State of the circuit breaker before a service. */
export type BreakerState = "closed" | "half-open" | "open";

/** An event for the operator of the store; never contains a stored value, a key or a secret. */
export type StoreEvent =
  /** Searches with a query are now ranked by keywords. Emitted once per transition, not for each search. */
  | { readonly type: "search-degraded"; readonly reason: DegradedReason; readonly cause: string }
  /** Searches with a query are ranked by similarity again. */
  | { readonly type: "search-recovered" }
  /** The circuit breaker of a service opened: calls fail fast until a probe succeeds. */
  | { readonly type: "breaker-opened"; readonly service: Service }
  /** The circuit breaker of a service closed after a successful half-open probe. */
  | { readonly type: "breaker-closed"; readonly service: Service }
  /** A record is stored, but its vectors could not be written and are queued. */
  | { readonly type: "vector-sync-failed"; readonly cause: string }
  /** A record is stored, but its texts could not be embedded and are queued. */
  | { readonly type: "embedding-postponed"; readonly cause: string }
  /** An intent is dead-lettered: a retry does not help. It is kept and retried at long intervals. */
  | { readonly type: "intent-dead"; readonly cause: string }
  /** The Qdrant collection was lost and replaced: searches are degraded until it is rebuilt. */
  | { readonly type: "vectors-lost" }
  /** The rebuild of a lost collection is complete. */
  | { readonly type: "vectors-restored" }
  /** A secret was rotated; the new text is active. `secret` is its reference, without a field. */
  | { readonly type: "secret-rotated"; readonly secret: string }
  /** A secret could not be refreshed, or a server rejected its newest text: the last valid text stays active. */
  | { readonly type: "secret-refresh-failed"; readonly secret: string; readonly cause: string }
  /** Audit entries cannot be written. Emitted once per transition; `audit.policy` decides about the operations. */
  | { readonly type: "audit-failed"; readonly cause: string }
  /** Audit entries are written again. `lost` counts the lost entries since the store was created. */
  | { readonly type: "audit-recovered"; readonly lost: number }
  /** Searches omit items whose values cannot be decoded: a key of the codec is missing or wrong. */
  | { readonly type: "values-unreadable"; readonly cause: string }
  /** An alert fires and is sent to the sinks of `alerts`. Emitted once, not for each repetition. */
  | { readonly type: "alert-fired"; readonly condition: AlertCondition; readonly severity: AlertSeverity; readonly summary: string }
  /** An alert is resolved, or the store was stopped. */
  | { readonly type: "alert-resolved"; readonly condition: AlertCondition; readonly severity: AlertSeverity; readonly summary: string }
  /** A sink of alerts fails; delivery is retried. Emitted once, not for each attempt. */
  | { readonly type: "alert-delivery-failed"; readonly sink: string; readonly cause: string }
  /** A message about an alert was dropped without delivery. */
  | { readonly type: "alert-lost"; readonly sink: string; readonly condition: AlertCondition; readonly cause: string }
  /** Another configuration is active; `changed` names the options that differ. */
  | { readonly type: "config-reloaded"; readonly changed: readonly string[] }
  /** Another configuration was rejected; the active one stays. */
  | { readonly type: "config-refused"; readonly cause: string };

/** Types of events. */
export type StoreEventType = StoreEvent["type"];

/** Receives events. `emit` never throws and never waits. */
export interface Events {
  emit(event: StoreEvent): void;
}
