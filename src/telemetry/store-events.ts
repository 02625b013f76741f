/** Tells what happens in the store: to listeners, in the log, and in counts. One place, so that none says more than another. */
import { messageOf } from "../model/errors.ts";
import type { Events, StoreEvent, StoreEventType } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";
import { EventListeners } from "./event-listeners.ts";
import { callIsolated } from "./isolated-call.ts";
import { RepeatedLines } from "./repeated-lines.ts";

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

/** Subscribers of one type within the store: every composition that is being retired has one, and several may be at once. */
const MAX_INTERNAL = 100;

/** Emits the events of a store to its own subscribers, and to the listeners of the application. */
export class StoreEvents implements Events {
  /** Subscribers within the store; called first. */
  readonly internal: EventListeners;
  /** Listeners of the application. */
  readonly listeners: EventListeners;
  readonly #logger: Logger;
  readonly #onEmit: (type: StoreEventType) => void;
  readonly #counts = new Map<StoreEventType, number>();
  readonly #logged = new Map<string, number>();
  readonly #failures = new RepeatedLines(QUIET_MS);

  /** @param onEmit - is given the type of each event, to count it */
  constructor(logger: Logger, onEmit: (type: StoreEventType) => void = () => undefined) {
    this.#logger = logger;
    this.#onEmit = onEmit;
    this.internal = new EventListeners((type, error) => this.#logFailure("internal subscriber", type, error)).expectUpTo(MAX_INTERNAL);
    this.listeners = new EventListeners((type, error) => this.#logFailure("event listener", type, error));
  }

  /** How often each kind was told since the store was made. */
  counts(): Partial<Record<StoreEventType, number>> {
    return Object.fromEntries(this.#counts);
  }

  emit(event: StoreEvent): void {
    const count = (this.#counts.get(event.type) ?? 0) + 1;
    this.#counts.set(event.type, count);
    callIsolated(
      () => this.#onEmit(event.type),
      (error) => this.#logFailure("event counter", event.type, error),
    );
    this.#log(event, count);
    this.internal.emit(event);
    this.listeners.emit(event);
  }

  #logFailure(what: string, type: StoreEventType, error: unknown): void {
    const suppressed = this.#failures.due(`${what} ${type}`, performance.now());
    if (suppressed === null) return;
    const fields = { type, cause: messageOf(error), ...(suppressed === 0 ? {} : { suppressed }) };
    this.#logger.error(fields, `an ${what} failed; the store and other listeners are not affected`);
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
