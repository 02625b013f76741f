import type { DegradedReason } from "../model/degraded-reason.ts";

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
  | { readonly type: "vectors-restored" };

/** Kinds of events. */
export type StoreEventType = StoreEvent["type"];

/** Where events go. Telling one never throws and never waits. */
export interface Events {
  tell(event: StoreEvent): void;
}
