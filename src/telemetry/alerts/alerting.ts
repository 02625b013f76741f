/** Looks at a store again and again, and sends word of what is wrong. */
import { withinDeadline } from "../../concurrency/deadline.ts";
import { messageOf } from "../../model/errors.ts";
import type { AlertNotice, AlertSeverity, AlertSinkName } from "../../ports/alerts.ts";
import type { Resource } from "../../ports/backend.ts";
import type { Events } from "../../ports/events.ts";
import type { Logger } from "../../ports/logger.ts";
import { AlertBook, type AlertBookOptions } from "./alert-book.ts";
import { conditionsOf, longestWindow, type AlertRules, type Condition } from "./conditions.ts";
import { Delivery, type DeliveryCounts, type DeliveryPolicy } from "./delivery.ts";
import { History } from "./history.ts";
import type { AlertSink } from "./sink.ts";
import type { TakeSnapshot } from "./snapshot.ts";

/** What alerting stands on. */
export interface AlertingOptions extends AlertBookOptions {
  /** Between two looks, milliseconds. */
  readonly intervalMs: number;
  readonly conditions: AlertRules;
  readonly sinks: Readonly<Partial<Record<AlertSinkName, AlertSink>>>;
  /** Where alerts of each severity go. */
  readonly routes: Readonly<Record<AlertSeverity, readonly AlertSinkName[]>>;
  readonly delivery: DeliveryPolicy;
  /** Longest time for sending the last notices when the store is stopped, milliseconds. */
  readonly flushMs: number;
  readonly takeSnapshot: TakeSnapshot;
  readonly events: Events;
  readonly logger: Logger;
}

/** How alerting is. */
export interface AlertingState {
  /** Alerts that fire. */
  readonly firing: readonly AlertNotice[];
  /** By the place that they go to. */
  readonly deliveries: Readonly<Partial<Record<AlertSinkName, DeliveryCounts>>>;
  /** Looks at the store that failed, so that nothing could be told of it. */
  readonly failedLooks: number;
}

/** Longest time for a look, milliseconds. */
const LOOK_DEADLINE_MS = 10_000;

/** The alerts of one store, in this process. */
export class Alerting implements Resource {
  readonly #options: AlertingOptions;
  readonly #conditions: readonly Condition[];
  readonly #history: History;
  readonly #book: AlertBook;
  readonly #deliveries: ReadonlyMap<AlertSinkName, Delivery>;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #isLookWanted = false;
  #isStopped = false;
  #failedLooks = 0;

  constructor(options: AlertingOptions) {
    const { conditions, sinks, delivery, events } = options;
    this.#options = options;
    this.#conditions = conditionsOf(conditions);
    this.#history = new History(longestWindow(conditions));
    this.#book = new AlertBook(options);
    const listeners = {
      failed: (sink: string, cause: string) => events.emit({ type: "alert-delivery-failed", sink, cause }),
      lost: (sink: string, { condition }: AlertNotice, cause: string) =>
        events.emit({ type: "alert-lost", sink, condition, cause }),
    };
    this.#deliveries = new Map(
      Object.entries(sinks).map(([name, sink]) => [name as AlertSinkName, new Delivery(sink, delivery, listeners)] as const),
    );
  }

  /** How it is. */
  state(): AlertingState {
    const deliveries = Object.fromEntries([...this.#deliveries].map(([name, { counts }]) => [name, counts]));
    return { firing: this.#book.firing(), deliveries, failedLooks: this.#failedLooks };
  }

  /** Begins to look. */
  async start(): Promise<void> {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.lookSoon(), this.#options.intervalMs);
    this.#timer.unref();
    // What it counts from.
    this.lookSoon();
  }

  /** Looks now, or once more after the look under way: something has happened. Never waits and never throws. */
  lookSoon(): void {
    if (this.#isStopped) return;
    this.#isLookWanted = true;
    this.#looking ??= this.#lookWhileWanted();
  }

  /** Goes on with the alerts of the one before it, which then has none to end. */
  takeOver(previous: Alerting): void {
    this.#book.takeOver(previous.#book);
  }

  /** Looks no more, ends what fires and sends the last notices. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
    this.#deliver(this.#book.close(new Date()));
    await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.stop(this.#options.flushMs)));
  }

  async #lookWhileWanted(): Promise<void> {
    while (this.#isLookWanted && !this.#isStopped) {
      this.#isLookWanted = false;
      await this.#look();
    }
    this.#looking = null;
  }

  async #look(): Promise<void> {
    const { takeSnapshot, logger } = this.#options;
    try {
      const snapshot = await withinDeadline("Looking at the store for alerts", LOOK_DEADLINE_MS, takeSnapshot());
      if (this.#isStopped) return;
      const at = performance.now();
      this.#history.add(snapshot, at);
      this.#deliver(this.#book.look(this.#conditions, this.#history, new Date(), at));
    } catch (error) {
      this.#failedLooks += 1;
      // One line for all in a row would hide that it goes on; one for each would be the only thing in the log.
      const isWorthALine = Number.isInteger(Math.log2(this.#failedLooks));
      const fields = { cause: messageOf(error), count: this.#failedLooks };
      if (isWorthALine) logger.error(fields, "the store could not be looked at for alerts; those that fire stay as they are");
    }
  }

  #deliver(notices: readonly AlertNotice[]): void {
    const { events, routes } = this.#options;
    for (const notice of notices) {
      const { condition, severity, summary } = notice;
      if (notice.status === "resolved") events.emit({ type: "alert-resolved", condition, severity, summary });
      else if (!notice.isRepeat) events.emit({ type: "alert-fired", condition, severity, summary });
      for (const name of routes[severity]) this.#deliveries.get(name)?.add(notice);
    }
  }
}
