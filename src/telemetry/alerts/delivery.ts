/** Delivers notices to one sink in the background, with a bounded queue, a rate limit and retries. */
import { setTimeout as pause } from "node:timers/promises";
import { untilAborted, withinDeadline } from "../../concurrency/deadline.ts";
import { messageOf } from "../../model/errors.ts";
import { ALERT_SEVERITIES, type AlertNotice } from "../../ports/alerts.ts";
import { SinkError, type AlertSink } from "./sink.ts";

/** Queueing, rate and retries of notices. */
export interface DeliveryPolicy {
  /** Largest number of alerts with a queued notice. */
  readonly maxQueued: number;
  /** Most notices per minute; others wait. */
  readonly maxPerMinute: number;
  /** Timeout of one attempt. */
  readonly timeoutMs: number;
  /** Delay before the second attempt; doubles with each attempt. */
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** Time after which an undelivered notice is dropped. */
  readonly giveUpAfterMs: number;
}

/** Counts of the deliveries to one sink. */
export interface DeliveryCounts {
  readonly delivered: number;
  /** Failed attempts, including those of notices that were delivered later. */
  readonly failures: number;
  /** Dropped notices: rejected by the sink, expired, or removed from a full queue. */
  readonly lost: number;
  readonly waiting: number;
}

/** Receives dropped notices, and the first failure of a series. */
export interface DeliveryEvents {
  failed(sink: string, cause: string): void;
  lost(sink: string, notice: AlertNotice, cause: string): void;
}

const MINUTE_MS = 60_000;

const STOPPED = "the store was stopped before it could be sent";

interface QueuedNotice {
  readonly notice: AlertNotice;
  readonly since: number;
  /** Failed attempts, including those of replaced notices of the same alert. */
  readonly failures: number;
  /** Earliest time of the next attempt. */
  readonly dueAt: number;
}

/** Number of different notices that must fail in a row before the sink counts as failing. */
const FAILED_NOTICES_OF_A_SINK = 2;

/** The delivery to one sink. The queue holds only the newest notice of each alert. */
export class Delivery {
  readonly #sink: AlertSink;
  readonly #policy: DeliveryPolicy;
  readonly #events: DeliveryEvents;
  readonly #waiting = new Map<string, QueuedNotice>();
  /** Times of the notices sent in the last minute. */
  #sent: number[] = [];
  #running: Promise<void> | null = null;
  /** Alerts whose notices failed since the last successful delivery. */
  readonly #failedInARow = new Set<string>();
  /** Earliest time of the next notice. */
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

  /** The counts so far. */
  get counts(): DeliveryCounts {
    return { ...this.#counts, waiting: this.#waiting.size };
  }

  /** Enqueues a notice; never waits and never throws. */
  add(notice: AlertNotice): void {
    if (this.#end.signal.aborted) return this.#drop(notice, STOPPED);
    const replaced = this.#waiting.get(notice.id);
    this.#waiting.delete(notice.id);
    const now = performance.now();
    this.#waiting.set(notice.id, { notice, since: now, failures: replaced?.failures ?? 0, dueAt: replaced?.dueAt ?? now });
    if (this.#waiting.size > this.#policy.maxQueued) this.#dropLeastSevere();
    this.#added.abort();
    this.#running ??= this.#run();
  }

  /** Attempts each queued notice once more until the deadline, then drops the rest. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    this.#stopping.abort();
    try {
      await withinDeadline(`Sending the last alerts to ${this.#sink.name}`, deadlineMs, this.#running ?? Promise.resolve());
    } catch {
      // The rest is dropped and reported below.
    }
    this.#end.abort();
    await this.#running;
    for (const { notice } of this.#waiting.values()) this.#drop(notice, STOPPED);
    this.#waiting.clear();
  }

  async #run(): Promise<void> {
    // Deferred, so that add() returns to its caller first.
    await Promise.resolve();
    while (this.#waiting.size > 0 && !this.#end.signal.aborted) {
      const chosen = await this.#dueNext();
      if (chosen === null) continue;
      this.#waiting.delete(chosen.notice.id);
      await this.#attempt(chosen);
    }
    // In the same turn as the check of the queue, so that the next add() starts a new run.
    this.#running = null;
  }

  async #attempt(waiting: QueuedNotice): Promise<void> {
    const { timeoutMs } = this.#policy;
    const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(timeoutMs)]);
    this.#sent.push(performance.now());
    try {
      const sending = withinDeadline(`Sending an alert to ${this.#sink.name}`, timeoutMs, this.#sink.send(waiting.notice, signal));
      await untilAborted("Sending an alert", this.#end.signal, sending);
      this.#counts.delivered += 1;
      this.#failedInARow.clear();
    } catch (error) {
      if (this.#end.signal.aborted) return this.#drop(waiting.notice, STOPPED);
      this.#counts.failures += 1;
      const cause = messageOf(error);
      if (this.#failedInARow.size === 0 && waiting.failures === 0) this.#events.failed(this.#sink.name, cause);
      this.#failedInARow.add(waiting.notice.id);
      this.#afterFailure(waiting, error, cause);
    }
  }

  /** Delays the failed notice; if several notices failed or the sink requested a pause, delays all. */
  #afterFailure({ notice, since, failures }: QueuedNotice, error: unknown, cause: string): void {
    const now = performance.now();
    const isTransient = !(error instanceof SinkError) || error.isTransient;
    const isExpired = now - since >= this.#policy.giveUpAfterMs;
    if (!isTransient || isExpired || this.#isStopping) return this.#drop(notice, cause);
    const retryAfterMs = error instanceof SinkError ? (error.retryAfterMs ?? 0) : 0;
    const others = this.#failedInARow.size - FAILED_NOTICES_OF_A_SINK;
    this.#pausedUntil = now + Math.max(retryAfterMs, others < 0 ? 0 : this.#backoffMs(others));
    const newer = this.#waiting.get(notice.id);
    const next = { failures: failures + 1, dueAt: now + this.#backoffMs(failures) };
    this.#waiting.set(notice.id, { ...(newer ?? { notice, since }), ...next });
  }

  /** The delay after a failure, given the number of failures before it. */
  #backoffMs(failures: number): number {
    const { initialDelayMs, maxDelayMs } = this.#policy;
    const longest = Math.min(maxDelayMs, initialDelayMs * 2 ** Math.min(failures, 20));
    // Half of it is random, so that many processes do not retry at once.
    return longest / 2 + (Math.random() * longest) / 2;
  }

  #msUntilNext(): number {
    const now = performance.now();
    this.#sent = this.#sent.filter((at) => at > now - MINUTE_MS);
    if (this.#sent.length < this.#policy.maxPerMinute) return 0;
    return (this.#sent.at(-this.#policy.maxPerMinute) ?? now) + MINUTE_MS - now;
  }

  /** Waits without keeping the process alive, until a notice is added or the store is stopped. */
  async #pauseFor(ms: number): Promise<void> {
    this.#added = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, this.#added.signal]);
    // Rejects only when a signal aborts, which ends the wait.
    await pause(ms, undefined, { ref: false, signal }).catch(() => undefined);
  }

  /** The most severe due notice, the oldest of these first; null after a pause, in which others may have been added. */
  async #dueNext(): Promise<QueuedNotice | null> {
    const sorted = this.#sorted();
    if (this.#isStopping) return sorted[0] ?? null;
    const now = performance.now();
    const firstDueAt = Math.min(...sorted.map(({ dueAt }) => dueAt));
    const pauseMs = Math.max(this.#msUntilNext(), this.#pausedUntil - now, firstDueAt - now);
    if (pauseMs <= 0) return sorted.find(({ dueAt }) => dueAt <= now) ?? null;
    await this.#pauseFor(pauseMs);
    return null;
  }

  /** Drops the queued notice that would be sent last. */
  #dropLeastSevere(): void {
    const last = this.#sorted().at(-1);
    if (last === undefined) return;
    this.#waiting.delete(last.notice.id);
    this.#drop(last.notice, "too many alerts wait to be sent");
  }

  #sorted(): QueuedNotice[] {
    const rank = ({ notice }: QueuedNotice): number => ALERT_SEVERITIES.indexOf(notice.severity);
    return [...this.#waiting.values()].sort((one, other) => rank(one) - rank(other) || one.since - other.since);
  }

  #drop(notice: AlertNotice, cause: string): void {
    this.#counts.lost += 1;
    this.#events.lost(this.#sink.name, notice, cause);
  }
}
