/** Emits the events of a store to listeners, the log and counters. */
import { messageOf } from "../model/errors.ts";
import type { Events, StoreEvent, StoreEventType } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";
import { EventListeners } from "./event-listeners.ts";
import { callIsolated } from "./isolated-call.ts";
import { RepeatedLines } from "./repeated-lines.ts";

/** The log line of an event. */
interface Line {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
}

const LINES: Readonly<Record<StoreEventType, Line>> = {
  "search-degraded": { level: "warn", message: "searches are degraded: ranked by keywords instead of similarity" },
  "search-recovered": { level: "info", message: "searches are ranked by similarity again" },
  "breaker-opened": { level: "warn", message: "the circuit breaker of a service opened: calls fail fast until a probe succeeds" },
  "breaker-closed": { level: "info", message: "the circuit breaker of a service closed: the service is back" },
  "vector-sync-failed": { level: "warn", message: "an item is stored, but its vectors could not be written; it is queued" },
  "embedding-postponed": {
    level: "warn",
    message: "an item is stored without vectors because its texts could not be embedded; it is queued",
  },
  "intent-dead": {
    level: "error",
    message: "an intent is dead-lettered: a retry does not help; it is kept and retried at long intervals",
  },
  "vectors-lost": {
    level: "warn",
    message: "the Qdrant collection was lost and replaced by a new one: searches are degraded until it is rebuilt",
  },
  "secret-rotated": { level: "info", message: "a secret was rotated; the new text is active" },
  "secret-refresh-failed": {
    level: "warn",
    message: "a secret could not be refreshed: the last valid text stays active, and the read is retried",
  },
  "vectors-restored": { level: "info", message: "the collection was rebuilt from the records" },
  "audit-failed": { level: "error", message: "the audit trail cannot be written" },
  "audit-recovered": { level: "info", message: "the audit trail is written again" },
  "alert-fired": { level: "warn", message: "an alert fires" },
  "alert-resolved": { level: "info", message: "an alert is resolved" },
  "alert-delivery-failed": { level: "error", message: "an alert could not be sent; it is retried" },
  "alert-lost": { level: "error", message: "a message about an alert was dropped: it could not be sent" },
  "config-reloaded": { level: "info", message: "another configuration is active" },
  "config-refused": { level: "error", message: "another configuration was rejected; the active one stays" },
  "values-unreadable": { level: "error", message: "searches omit items whose values cannot be decoded" },
};

/** The types of all events. */
export const EVENT_TYPES: ReadonlySet<string> = new Set(Object.keys(LINES));

/** Shortest interval between two log lines of a repeated event, milliseconds; counters count every event. */
const QUIET_MS = 10_000;

/** Events that are emitted for each affected operation, not once per transition. */
const REPEATED: ReadonlySet<StoreEventType> = new Set([
  "vector-sync-failed",
  "embedding-postponed",
  "intent-dead",
  "values-unreadable",
  "secret-refresh-failed",
]);

/** Most internal subscribers of one type: each runtime that is still draining has one. */
const MAX_INTERNAL = 100;

/** Emits the events of a store to internal subscribers and to listeners of the application. */
export class StoreEvents implements Events {
  /** Internal subscribers; called first. */
  readonly internal: EventListeners;
  /** Listeners of the application. */
  readonly listeners: EventListeners;
  readonly #logger: Logger;
  readonly #onEmit: (type: StoreEventType) => void;
  readonly #counts = new Map<StoreEventType, number>();
  readonly #repeatedLines = new RepeatedLines(QUIET_MS);
  readonly #failureLines = new RepeatedLines(QUIET_MS);

  /** @param onEmit - receives the type of each event, to count it */
  constructor(logger: Logger, onEmit: (type: StoreEventType) => void = () => undefined) {
    this.#logger = logger;
    this.#onEmit = onEmit;
    this.internal = new EventListeners((type, error) => this.#logFailure("internal subscriber", type, error)).expectUpTo(MAX_INTERNAL);
    this.listeners = new EventListeners((type, error) => this.#logFailure("event listener", type, error));
  }

  /** Number of events of each type since the store was created. */
  counts(): Partial<Record<StoreEventType, number>> {
    return Object.fromEntries(this.#counts);
  }

  emit(emitted: StoreEvent): void {
    const event = frozenCopy(emitted);
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
    const suppressed = this.#failureLines.due(`${what} ${type}`, performance.now());
    if (suppressed === null) return;
    const fields = { type, cause: messageOf(error), ...(suppressed === 0 ? {} : { suppressed }) };
    this.#logger.error(fields, `an ${what} failed; the store and other listeners are not affected`);
  }

  #log({ type, ...fields }: StoreEvent, count: number): void {
    const { level, message } = LINES[type];
    const source = "service" in fields ? fields.service : "secret" in fields ? fields.secret : "";
    const isRepeated = REPEATED.has(type);
    if (isRepeated && this.#repeatedLines.due(`${type} ${source}`, performance.now()) === null) return;
    this.#logger[level](isRepeated ? { ...fields, count } : fields, message);
  }
}

/** Returns a copy that no listener can change: all listeners receive the same object. Fields are texts, numbers and lists of texts. */
function frozenCopy(event: StoreEvent): StoreEvent {
  const copy = structuredClone(event);
  for (const field of Object.values(copy)) Object.freeze(field);
  return Object.freeze(copy);
}
