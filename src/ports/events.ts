import type { DegradedReason } from "../model/degraded-reason.ts";
import type { AlertCondition, AlertSeverity } from "./alerts.ts";

/** A service that the store depends on. */
export type Service = "records" | "vectors" | "embeddings";

/** State of the circuit breaker before a service. */
export type BreakerState = "closed" | "half-open" | "open";

/** Something that whoever runs the store wants to know; never holds a stored value, a key or a secret. */
export type StoreEvent =
  /** Searches with a query are ranked by keywords from now on. Once, not for each search. */
  | { readonly type: "search-degraded"; readonly reason: DegradedReason; readonly cause: string }
  /** Searches with a query are ranked by similarity again. */
  | { readonly type: "search-recovered" }
  /** A service keeps failing: it is left alone for a while. */
  | { readonly type: "breaker-opened"; readonly service: Service }
  /** A trial call to a service that was left alone succeeded. */
  | { readonly type: "breaker-closed"; readonly service: Service }
  /** A record is stored, but its vectors could not be written; that is queued. */
  | { readonly type: "vector-sync-failed"; readonly cause: string }
  /** A record is stored without vectors, as its texts could not be embedded; that is queued. */
  | { readonly type: "embedding-postponed"; readonly cause: string }
  /** A queued item fails for a reason that trying again does not change; it is kept, and looked at seldom. */
  | { readonly type: "intent-dead"; readonly cause: string }
  /** The collection was lost and another took its place: searches are degraded until it is filled. */
  | { readonly type: "vectors-lost" }
  /** The collection that took the place of a lost one has been filled. */
  | { readonly type: "vectors-restored" }
  /** A secret has another text than before, which is used from now on. `secret` is its reference, without a field. */
  | { readonly type: "secret-rotated"; readonly secret: string }
  /** A secret could not be read again, or its newest text is refused by a server: the last good text stays in use. */
  | { readonly type: "secret-refresh-failed"; readonly secret: string; readonly cause: string }
  /** Audit entries cannot be kept. Once, not for each; `audit.policy` says what becomes of the operations. */
  | { readonly type: "audit-failed"; readonly cause: string }
  /** Audit entries are kept again; so many were lost since the store was made. */
  | { readonly type: "audit-recovered"; readonly lost: number }
  /** Searches leave out items whose values cannot be decoded: a key of the codec is missing or wrong. */
  | { readonly type: "values-unreadable"; readonly cause: string }
  /** Something is wrong for long enough: word of it is sent to where `alerts` says. Once, not for each repetition. */
  | { readonly type: "alert-fired"; readonly condition: AlertCondition; readonly severity: AlertSeverity; readonly summary: string }
  /** What an alert was about is over, or nobody watches it any more. */
  | { readonly type: "alert-resolved"; readonly condition: AlertCondition; readonly severity: AlertSeverity; readonly summary: string }
  /** A place that alerts go to does not take them; it is tried again. Once, not for each attempt. */
  | { readonly type: "alert-delivery-failed"; readonly sink: string; readonly cause: string }
  /** Word of an alert did not arrive where it should, and will not. */
  | { readonly type: "alert-lost"; readonly sink: string; readonly condition: AlertCondition; readonly cause: string }
  /** Another configuration is in force; `changed` names the options that differ. */
  | { readonly type: "config-reloaded"; readonly changed: readonly string[] }
  /** Another configuration was refused; the one in force stays. */
  | { readonly type: "config-refused"; readonly cause: string };

/** Kinds of events. */
export type StoreEventType = StoreEvent["type"];

/** Where events go. Telling one never throws and never waits. */
export interface Events {
  emit(event: StoreEvent): void;
}
