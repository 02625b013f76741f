/** Tells what happens in the store: to listeners, in the log, and in counts. One place, so that none says more than another. */
import { EventEmitter } from "node:events";
import { messageOf } from "../model/errors.ts";
import type { Events, StoreEvent, StoreEventType } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";

/** Listeners by the type of their event. */
export type StoreEventMap = { readonly [Type in StoreEventType]: [event: Extract<StoreEvent, { type: Type }>] };

/** How an event stands in the log. */
interface Line {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
}

const LINES: Readonly<Record<StoreEventType, Line>> = {
  "search-degraded": { level: "warn", message: "searches are degraded: ranked by keywords instead of similarity" },
  "search-recovered": { level: "info", message: "searches are ranked by similarity again" },
  "breaker-opened": { level: "warn", message: "a service keeps failing: it is left alone for a while" },
  "breaker-closed": { level: "info", message: "a service that was left alone is back" },
  "vector-sync-failed": { level: "warn", message: "an item is stored, but its vectors could not be written; it is queued" },
  "embedding-postponed": {
    level: "warn",
    message: "an item is stored without vectors, as its texts could not be embedded; it is queued",
  },
  "intent-dead": {
    level: "error",
    message: "a queued item cannot be brought in step: trying again does not help; it is kept and looked at seldom",
  },
  "vectors-lost": {
    level: "warn",
    message: "the vectors were lost and a new collection took their place: searches are degraded until it is filled",
  },
  "secret-rotated": { level: "info", message: "a secret was rotated; its new text is used from now on" },
  "secret-refresh-failed": {
    level: "warn",
    message: "a secret could not be renewed: its last good text stays in use, and it is tried again",
  },
  "vectors-restored": { level: "info", message: "the vectors were filled in again from the records" },
  "audit-failed": { level: "error", message: "the audit trail cannot be written" },
  "audit-recovered": { level: "info", message: "the audit trail is written again" },
  "alert-fired": { level: "warn", message: "an alert fires" },
  "alert-resolved": { level: "info", message: "an alert is over" },
  "alert-delivery-failed": { level: "error", message: "an alert could not be sent; it is tried again" },
  "alert-lost": { level: "error", message: "word of an alert is lost: it could not be sent where it should go" },
  "config-reloaded": { level: "info", message: "another configuration is in force" },
  "config-refused": { level: "error", message: "another configuration was refused; the one in force stays" },
  "values-unreadable": { level: "error", message: "searches leave out items whose values cannot be decoded" },
};

/** A failure that repeats with every put of an outage is written to the log so often, milliseconds; counts have them all. */
const QUIET_MS = 10_000;

/** Events that are told for each operation that they concern, and not once a transition. */
const REPEATED: ReadonlySet<StoreEventType> = new Set([
  "vector-sync-failed",
  "embedding-postponed",
  "intent-dead",
  "values-unreadable",
  "secret-refresh-failed",
]);

/** Tells events to whoever listens. */
export class StoreEvents implements Events {
  readonly emitter = new EventEmitter<StoreEventMap>();
  readonly #logger: Logger;
  readonly #told: (type: StoreEventType) => void;
  readonly #counts = new Map<StoreEventType, number>();
  readonly #logged = new Map<string, number>();

  /** @param told - is given the type of each event, to count it */
  constructor(logger: Logger, told: (type: StoreEventType) => void = () => undefined) {
    this.#logger = logger;
    this.#told = told;
  }

  /** How often each kind was told since the store was made. */
  counts(): Partial<Record<StoreEventType, number>> {
    return Object.fromEntries(this.#counts);
  }

  tell(event: StoreEvent): void {
    const count = (this.#counts.get(event.type) ?? 0) + 1;
    this.#counts.set(event.type, count);
    this.#told(event.type);
    this.#log(event, count);
    try {
      // One union of names and payloads, which the emitter's types cannot follow.
      (this.emitter as EventEmitter).emit(event.type, event);
    } catch (error) {
      this.#logger.error({ type: event.type, cause: messageOf(error) }, "a listener of the store threw; what it listens to goes on");
    }
  }

  #log({ type, ...fields }: StoreEvent, count: number): void {
    const { level, message } = LINES[type];
    const of = "service" in fields ? fields.service : "secret" in fields ? fields.secret : "";
    const subject = `${type} ${of}`;
    const last = this.#logged.get(subject);
    const isRepeated = REPEATED.has(type);
    if (isRepeated && last !== undefined && performance.now() - last < QUIET_MS) return;
    this.#logged.set(subject, performance.now());
    this.#logger[level](isRepeated ? { ...fields, count } : fields, message);
  }
}
