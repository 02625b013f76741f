/** Brings notices to one place, in the background: bounded, not too fast, and again where that failed. */
import { setTimeout as pause } from "node:timers/promises";
import { untilAborted, withinDeadline } from "../../concurrency/deadline.ts";
import { messageOf } from "../../model/errors.ts";
import { ALERT_SEVERITIES, type AlertNotice } from "../../ports/alerts.ts";
import { SinkError, type AlertSink } from "./sink.ts";

/** How notices are sent. */
export interface DeliveryPolicy {
  /** Most alerts of which a notice waits. */
  readonly maxQueued: number;
  /** Most notices in a minute; others wait. */
  readonly maxPerMinute: number;
  /** Longest time for one attempt. */
  readonly timeoutMs: number;
  /** Pause before the second attempt; doubles each time. */
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** A notice that could not be sent for so long is given up. */
  readonly giveUpAfterMs: number;
}

/** How the deliveries to one place went. */
export interface DeliveryCounts {
  readonly delivered: number;
  /** Attempts that failed, those that were repeated with success included. */
  readonly failures: number;
  /** Notices that never arrived: refused, given up, or too many waiting. */
  readonly lost: number;
  readonly waiting: number;
}

/** Told of a notice that was lost, and of a first failure. */
export interface DeliveryEvents {
  failed(sink: string, cause: string): void;
  lost(sink: string, notice: AlertNotice, cause: string): void;
}

const MINUTE_MS = 60_000;

const STOPPED = "the store was stopped before it could be sent";

interface Waiting {
  readonly notice: AlertNotice;
  readonly since: number;
  /** Attempts that failed, of this notice and of those of the same alert that it replaced. */
  readonly failures: number;
  /** When the next attempt may be made. */
  readonly dueAt: number;
}

/** So many different notices that fail in a row are a failure of the sink, and not of one notice. */
const FAILED_NOTICES_OF_A_SINK = 2;

/** The way to one place. Of each alert only the newest notice waits: what was not sent in time is not worth sending. */
export class Delivery {
  readonly #sink: AlertSink;
  readonly #policy: DeliveryPolicy;
  readonly #events: DeliveryEvents;
  readonly #waiting = new Map<string, Waiting>();
  /** When notices were sent, the last minute. */
  #sent: number[] = [];
  #running: Promise<void> | null = null;
  /** Alerts whose notices failed since one was delivered. */
  readonly #failedInARow = new Set<string>();
  /** No notice is sent before this time. */
  #pausedUntil = 0;
  #added = new AbortController();
  #isStopping = false;
  readonly #stopping = new AbortController();
  readonly #end = new AbortController();
  readonly #counts = { delivered: 0, failures: 0, lost: 0 };

  constructor(sink: AlertSink, policy: DeliveryPolicy, events: DeliveryEvents) {
    this.#sink = sink;
    this.#policy = policy;
    this.#events = events;
  }

  /** How it went so far. */
  get counts(): DeliveryCounts {
    return { ...this.#counts, waiting: this.#waiting.size };
  }

  /** Takes a notice; never waits and never throws. */
  add(notice: AlertNotice): void {
    if (this.#end.signal.aborted) return this.#lose(notice, STOPPED);
    const replaced = this.#waiting.get(notice.id);
    this.#waiting.delete(notice.id);
    const now = performance.now();
    this.#waiting.set(notice.id, { notice, since: now, failures: replaced?.failures ?? 0, dueAt: replaced?.dueAt ?? now });
    if (this.#waiting.size > this.#policy.maxQueued) this.#dropOne();
    this.#added.abort();
    this.#running ??= this.#run();
  }

  /** Sends what waits, each once more, for so long; what is left then is lost. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    this.#stopping.abort();
    try {
      await withinDeadline(`Sending the last alerts to ${this.#sink.name}`, deadlineMs, this.#running ?? Promise.resolve());
    } catch {
      // What is left is counted and told below.
    }
    this.#end.abort();
    await this.#running;
    for (const { notice } of this.#waiting.values()) this.#lose(notice, STOPPED);
    this.#waiting.clear();
  }

  async #run(): Promise<void> {
    // After this turn: whoever adds a notice has something else to do.
    await Promise.resolve();
    while (this.#waiting.size > 0 && !this.#end.signal.aborted) {
      const chosen = await this.#dueNext();
      if (chosen === null) continue;
      this.#waiting.delete(chosen.notice.id);
      await this.#attempt(chosen);
    }
    // At once with the last look at what waits: a notice that comes now finds nobody at work.
    this.#running = null;
  }

  async #attempt(waiting: Waiting): Promise<void> {
    const { timeoutMs } = this.#policy;
    const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(timeoutMs)]);
    this.#sent.push(performance.now());
    try {
      const sending = withinDeadline(`Sending an alert to ${this.#sink.name}`, timeoutMs, this.#sink.send(waiting.notice, signal));
      await untilAborted(this.#end.signal, sending);
      this.#counts.delivered += 1;
      this.#failedInARow.clear();
    } catch (error) {
      if (this.#end.signal.aborted) return this.#lose(waiting.notice, STOPPED);
      this.#counts.failures += 1;
      const cause = messageOf(error);
      if (this.#failedInARow.size === 0 && waiting.failures === 0) this.#events.failed(this.#sink.name, cause);
      this.#failedInARow.add(waiting.notice.id);
      this.#afterFailure(waiting, error, cause);
    }
  }

  /** One notice that fails waits alone; where others failed too, or the sink asks for a pause, all wait. */
  #afterFailure({ notice, since, failures }: Waiting, error: unknown, cause: string): void {
    const now = performance.now();
    const isPassing = !(error instanceof SinkError) || error.isPassing;
    const isLate = now - since >= this.#policy.giveUpAfterMs;
    if (!isPassing || isLate || this.#isStopping) return this.#lose(notice, cause);
    const retryAfterMs = error instanceof SinkError ? (error.retryAfterMs ?? 0) : 0;
    const others = this.#failedInARow.size - FAILED_NOTICES_OF_A_SINK;
    this.#pausedUntil = now + Math.max(retryAfterMs, others < 0 ? 0 : this.#backoffMs(others));
    const newer = this.#waiting.get(notice.id);
    const next = { failures: failures + 1, dueAt: now + this.#backoffMs(failures) };
    this.#waiting.set(notice.id, { ...(newer ?? { notice, since }), ...next });
  }

  /** The pause after a failure that so many went before. */
  #backoffMs(failures: number): number {
    const { initialDelayMs, maxDelayMs } = this.#policy;
    const longest = Math.min(maxDelayMs, initialDelayMs * 2 ** Math.min(failures, 20));
    // Half of it by chance, so that many processes do not come back at once.
    return longest / 2 + (Math.random() * longest) / 2;
  }

  #untilNextMayGo(): number {
    const now = performance.now();
    this.#sent = this.#sent.filter((at) => at > now - MINUTE_MS);
    if (this.#sent.length < this.#policy.maxPerMinute) return 0;
    return (this.#sent.at(-this.#policy.maxPerMinute) ?? now) + MINUTE_MS - now;
  }

  /** Does not keep the process alive, and ends when a notice is added or the store is stopped. */
  async #pauseFor(ms: number): Promise<void> {
    this.#added = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, this.#added.signal]);
    // Its only rejection is that of the signals, after which there is nothing to wait for.
    await pause(ms, undefined, { ref: false, signal }).catch(() => undefined);
  }

  /** The worst that is due, of these what waits longest; null after a pause, in which others may have been added. */
  async #dueNext(): Promise<Waiting | null> {
    const sorted = this.#sorted();
    if (this.#isStopping) return sorted[0] ?? null;
    const now = performance.now();
    const firstDueAt = Math.min(...sorted.map(({ dueAt }) => dueAt));
    const pauseMs = Math.max(this.#untilNextMayGo(), this.#pausedUntil - now, firstDueAt - now);
    if (pauseMs <= 0) return sorted.find(({ dueAt }) => dueAt <= now) ?? null;
    await this.#pauseFor(pauseMs);
    return null;
  }

  #dropOne(): void {
    const last = this.#sorted().at(-1);
    if (last === undefined) return;
    this.#waiting.delete(last.notice.id);
    this.#lose(last.notice, "too many alerts wait to be sent");
  }

  #sorted(): Waiting[] {
    const rank = ({ notice }: Waiting): number => ALERT_SEVERITIES.indexOf(notice.severity);
    return [...this.#waiting.values()].sort((one, other) => rank(one) - rank(other) || one.since - other.since);
  }

  #lose(notice: AlertNotice, cause: string): void {
    this.#counts.lost += 1;
    this.#events.lost(this.#sink.name, notice, cause);
  }
}
