/** Evaluates alert conditions at an interval and sends notices. */
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

/** Options and dependencies of alerting. */
export interface AlertingOptions extends AlertBookOptions {
  /** Interval between two evaluations, milliseconds. */
  readonly intervalMs: number;
  readonly conditions: AlertRules;
  readonly sinks: Readonly<Partial<Record<AlertSinkName, AlertSink>>>;
  /** Sinks by severity. */
  readonly routes: Readonly<Record<AlertSeverity, readonly AlertSinkName[]>>;
  readonly delivery: DeliveryPolicy;
  /** Timeout for sending the last notices when the store stops, milliseconds. */
  readonly flushMs: number;
  readonly takeSnapshot: TakeSnapshot;
  readonly events: Events;
  readonly logger: Logger;
}

/** State of alerting. */
export interface AlertingState {
  /** Firing alerts. */
  readonly firing: readonly AlertNotice[];
  /** Counts by sink. */
  readonly deliveries: Readonly<Partial<Record<AlertSinkName, DeliveryCounts>>>;
  /** Number of failed evaluations. */
  readonly failedEvaluations: number;
}

/** Timeout of one evaluation, milliseconds. */
const EVALUATION_DEADLINE_MS = 10_000;

/** The alerts of one store, in this process. */
export class Alerting implements Resource {
  readonly #options: AlertingOptions;
  readonly #conditions: readonly Condition[];
  readonly #history: History;
  readonly #book: AlertBook;
  readonly #deliveries: ReadonlyMap<AlertSinkName, Delivery>;
  #timer: NodeJS.Timeout | null = null;
  #evaluating: Promise<void> | null = null;
  #isRequested = false;
  #isStopped = false;
  /** Whether nothing is evaluated any more: after a stop, or when another instance has taken over the alerts. */
  #hasEnded = false;
  #failedEvaluations = 0;

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

  /** The state of alerting. */
  state(): AlertingState {
    const deliveries = Object.fromEntries([...this.#deliveries].map(([name, { counts }]) => [name, counts]));
    return { firing: this.#book.firing(), deliveries, failedEvaluations: this.#failedEvaluations };
  }

  /** Starts the evaluations. */
  async start(): Promise<void> {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.evaluateSoon(), this.#options.intervalMs);
    this.#timer.unref();
    // The first snapshot is the baseline of all counts.
    this.evaluateSoon();
  }

  /** Requests an evaluation now, or after the one in progress. Never waits and never throws. */
  evaluateSoon(): void {
    if (this.#hasEnded) return;
    this.#isRequested = true;
    this.#evaluating ??= this.#evaluateWhileRequested();
  }

  /** Takes over the alerts of a previous instance, which evaluates nothing afterwards and has none to resolve. */
  takeOver(previous: Alerting): void {
    previous.#endEvaluations();
    this.#book.takeOver(previous.#book);
  }

  /** Stops the evaluations, resolves firing alerts and sends the last notices. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#endEvaluations();
    await this.#evaluating;
    this.#deliver(this.#book.close(new Date()));
    await Promise.all([...this.#deliveries.values()].map((delivery) => delivery.stop(this.#options.flushMs)));
  }

  #endEvaluations(): void {
    this.#hasEnded = true;
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async #evaluateWhileRequested(): Promise<void> {
    while (this.#isRequested && !this.#hasEnded) {
      this.#isRequested = false;
      await this.#evaluate();
    }
    this.#evaluating = null;
  }

  async #evaluate(): Promise<void> {
    const { takeSnapshot, logger } = this.#options;
    try {
      const snapshot = await withinDeadline("Evaluating the alert conditions", EVALUATION_DEADLINE_MS, takeSnapshot());
      if (this.#hasEnded) return;
      const at = performance.now();
      this.#history.add(snapshot, at);
      this.#deliver(this.#book.evaluate(this.#conditions, this.#history, new Date(), at));
    } catch (error) {
      this.#failedEvaluations += 1;
      // Logged after 1, 2, 4, 8, … failures: often enough to show that they continue, without flooding the log.
      const isLogged = Number.isInteger(Math.log2(this.#failedEvaluations));
      const fields = { cause: messageOf(error), count: this.#failedEvaluations };
      if (isLogged) logger.error(fields, "alert conditions could not be evaluated; firing alerts stay unchanged");
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
