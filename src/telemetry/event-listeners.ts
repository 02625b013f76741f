import { EventEmitter } from "node:events";
import type { StoreEvent, StoreEventType } from "../ports/events.ts";
import { callIsolated } from "./isolated-call.ts";

/** Arguments of listeners, by event type. */
export type StoreEventMap = { readonly [Type in StoreEventType]: [event: Extract<StoreEvent, { type: Type }>] };

/** A listener for events of one type; its result is ignored, and its failure is logged. */
export type StoreEventListener<Type extends StoreEventType> = (...args: StoreEventMap[Type]) => unknown;

/** Event listeners, isolated from each other: a listener that throws or rejects does not affect the others. */
export class EventListeners {
  // Only for registration and leak warnings: EventEmitter.emit stops at the first listener that throws.
  readonly #emitter = new EventEmitter();
  readonly #failed: (type: StoreEventType, error: unknown) => void;

  /** @param failed - receives the error of a listener; must not throw */
  constructor(failed: (type: StoreEventType, error: unknown) => void) {
    this.#failed = failed;
  }

  on<Type extends StoreEventType>(type: Type, listener: StoreEventListener<Type>): this {
    this.#emitter.on(type, listener);
    return this;
  }

  off<Type extends StoreEventType>(type: Type, listener: StoreEventListener<Type>): this {
    this.#emitter.off(type, listener);
    return this;
  }

  /** Calls the listeners of the event's type, in the order of registration. Never throws. */
  emit(event: StoreEvent): void {
    for (const listener of this.#emitter.listeners(event.type)) {
      callIsolated(
        () => (listener as (event: StoreEvent) => unknown)(event),
        (error) => this.#failed(event.type, error),
      );
    }
  }

  /** Raises the number of listeners of one type above which Node.js warns of a leak. */
  expectUpTo(listeners: number): this {
    this.#emitter.setMaxListeners(listeners);
    return this;
  }
}
