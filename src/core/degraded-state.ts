/** Whether searches with a query are degraded for all callers: decided by the share of failures and the circuit breakers. */
import type { DegradedReason } from "../model/degraded-reason.ts";
import { embeddingFaultOf } from "../model/embedding-error.ts";
import { isStoreError, messageOf } from "../model/errors.ts";
import type { Events } from "../ports/events.ts";

/** Failures that are older do not count, milliseconds; without a search, the state clears after so long. */
const WINDOW_MS = 90_000;

/** Most counted searches of each outcome: searches are degraded when more than half of the counted ones failed. */
const MOST_COUNTED = 20;

/** Faults of the embedding provider that concern one query. */
const OF_ONE_QUERY: ReadonlySet<unknown> = new Set(["input", "suspect-input", "timeout", "refused"]);

/** Counts searches with a query, and emits an event for each transition. One per store, also across reloads. */
export class DegradedState {
  readonly #events: Events;
  readonly #windowMs: number;
  #failures = 0;
  #successes = 0;
  #isDegraded = false;
  readonly #users = new Set<object>();
  #timer: NodeJS.Timeout | null = null;

  constructor(events: Events, windowMs = WINDOW_MS) {
    this.#events = events;
    this.#windowMs = windowMs;
  }

  get isDegraded(): boolean {
    return this.#isDegraded;
  }

  /** Records that a search was ranked by similarity: the services that it needs are available. */
  succeeded(): void {
    this.#successes = Math.min(MOST_COUNTED, this.#successes + 1);
    if (this.#failures > 0) this.#failures -= 1;
    if (this.#isDegraded) this.#clear(1);
  }

  /** Records that a search could not be ranked by similarity. */
  failed(reason: DegradedReason, error: unknown): void {
    if (OF_ONE_QUERY.has(embeddingFaultOf(error))) return;
    this.#failures = Math.min(MOST_COUNTED, this.#failures + 1);
    if (this.#successes > 0) this.#successes -= 1;
    this.#expireLater();
    if (this.#isDegraded || !(isForAll(error) || this.#failures > this.#successes)) return;
    this.#isDegraded = true;
    this.#events.emit({ type: "search-degraded", reason, cause: messageOf(error) });
  }

  /** Called when all circuits are closed again: earlier failures no longer count. */
  recovered(): void {
    this.#clear(0);
  }

  /** Called when a runtime starts to use this state. */
  attach(user: object): void {
    this.#users.add(user);
  }

  /** Called when a runtime no longer uses this state; the timer stops with the last one. */
  detach(user: object): void {
    this.#users.delete(user);
    if (this.#users.size === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #expireLater(): void {
    this.#stopTimer();
    this.#timer = setTimeout(() => this.#clear(0), this.#windowMs).unref();
  }

  #clear(successes: number): void {
    this.#stopTimer();
    this.#failures = 0;
    this.#successes = successes;
    if (!this.#isDegraded) return;
    this.#isDegraded = false;
    this.#events.emit({ type: "search-recovered" });
  }
}

/** Whether a failure concerns every query: a circuit is open, or the provider refuses the credentials. */
function isForAll(error: unknown): boolean {
  return embeddingFaultOf(error) === "credentials" || (isStoreError(error) && error.details["breaker"] === "open");
}
