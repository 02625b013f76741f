/** Traces, metrics and counts of one store. */
import { SpanKind, trace, type MeterProvider, type TracerProvider } from "@opentelemetry/api";
import type { DegradedReason } from "../model/degraded-reason.ts";
import type { Service, StoreEventType } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";
import type { Observer, ReconcileVerdict, RefreshOutcome, MaintenanceTask } from "../ports/telemetry.ts";
import { attributesOf, Instruments, type Labels } from "./instruments.ts";
import { Ledger } from "./ledger.ts";
import { ATTRIBUTES, SPAN_EVENTS, SPANS } from "./names.ts";
import { BacklogCount, observeState, type StateSources } from "./state.ts";
import { Tenants, type TenantOptions } from "./tenants.ts";
import { errorAttributes, markFailed, Tracing, type OpenSpan } from "./tracing.ts";

/** Options of telemetry. */
export interface TelemetryOptions extends TenantOptions {
  readonly slowOperationMs: number;
  readonly includeNamespaces: boolean;
  readonly includeKeys: boolean;
  readonly backlogIntervalMs: number;
  /** By default the providers of the process. */
  readonly tracerProvider?: TracerProvider | undefined;
  readonly meterProvider?: MeterProvider | undefined;
}

/** Interval at which newly registered SDKs are detected, milliseconds. */
const DETECT_MS = 1_000;

/** Observes a store. Spans and metrics require an SDK; `stats()` returns the counts. */
export class Telemetry implements Observer {
  readonly ledger = new Ledger();
  readonly tracing = new Tracing();
  readonly instruments: Instruments;
  readonly tenants: Tenants;
  readonly logger: Logger;
  readonly #backlog = new BacklogCount();
  #options: TelemetryOptions;
  #state: StateSources | null = null;
  #detectAt = 0;

  constructor(options: TelemetryOptions, logger: Logger) {
    this.#options = options;
    this.logger = logger;
    this.tenants = new Tenants(logger);
    this.instruments = new Instruments(async (observe) => {
      observe("operationsInFlight", this.ledger.inFlight);
      if (this.#state !== null) await observeState(this.#state, this.#backlog, this.#options.backlogIntervalMs, observe);
    });
    this.switchTo(options);
  }

  /** The active options. */
  get options(): TelemetryOptions {
    return this.#options;
  }

  /** Sources of the state; null before the store is composed. */
  get state(): StateSources | null {
    return this.#state;
  }

  /** Switches to other options. */
  switchTo(options: TelemetryOptions): void {
    this.#options = options;
    this.tracing.switchTo(options.tracerProvider);
    this.instruments.switchTo(options.meterProvider);
  }

  /** Reports this state in gauges. */
  watch(state: StateSources): void {
    this.#state = state;
  }

  /** Starts to report gauges. */
  start(): void {
    this.detectProviders(performance.now());
    this.instruments.start();
  }

  /** Stops reporting this state, unless another one replaced it. */
  unwatch(state: StateSources): void {
    if (this.#state === state) this.instruments.stop();
  }

  /** Detects, at an interval, an SDK that was registered after the store was created. */
  detectProviders(now: number): void {
    if (now < this.#detectAt) return;
    this.#detectAt = now + DETECT_MS;
    this.tracing.detectProvider();
    this.instruments.detectProvider();
  }

  /** Counts an event of the store. */
  eventEmitted(type: StoreEventType): void {
    if (this.instruments.areEnabled) this.instruments.add("events", 1, attributesOf({ event: type }));
  }

  async fallback<T>(reason: DegradedReason, task: () => Promise<T>): Promise<T> {
    const attributes = { [ATTRIBUTES.reason.name]: reason };
    trace.getActiveSpan()?.addEvent(SPAN_EVENTS.fallback.name, attributes);
    return runInSpan(this.tracing.beginChild(SPANS.fallback.name, SpanKind.INTERNAL, attributes), task);
  }

  async syncVectors<T>(task: () => Promise<T>): Promise<T> {
    return runInSpan(this.tracing.beginChild(SPANS.syncVectors.name, SpanKind.INTERNAL, {}), task);
  }

  async maintenance<T>(kind: MaintenanceTask, task: () => Promise<T>): Promise<T> {
    return runInSpan(this.tracing.beginOperation(SPANS[kind].name, {}, true), task);
  }

  vectorsSynced(path: "write" | "reconcile", ms: number, items: number): void {
    this.ledger.synced[path] += items;
    const now = performance.now();
    for (let i = 0; i < items; i += 1) {
      this.ledger.syncLatency[path].record(ms, now);
      if (this.instruments.areEnabled) this.instruments.record("vectorSyncDuration", ms / 1_000, attributesOf({ path }));
    }
  }

  staleHits(hits: number): void {
    this.ledger.staleHits += hits;
    this.instruments.add("staleHits", hits);
  }

  reconciled(verdict: ReconcileVerdict, intents: number): void {
    this.ledger.reconciled[verdict] += intents;
    this.#add("intentsReconciled", intents, { verdict });
  }

  swept(what: "points" | "records", items: number): void {
    this.ledger.swept[what] += items;
    if (items > 0) this.#add("swept", items, { swept: what });
  }

  refreshed(outcome: RefreshOutcome, items: number): void {
    this.ledger.ttlRefresh[outcome] += items;
    this.#add("ttlRefreshes", items, { refresh: outcome });
  }

  embedded(purpose: "document" | "query", source: "cache" | "shared" | "provider"): void {
    this.ledger.texts[source] += 1;
    this.#add("embeddingTexts", 1, { purpose, source });
  }

  retried(service: Service, attempt: number, delayMs: number, error: unknown): void {
    this.ledger.services[service].retries += 1;
    this.#add("retries", 1, { service });
    const span = this.tracing.isEnabled ? trace.getActiveSpan() : undefined;
    const facts = { [ATTRIBUTES.attempt.name]: attempt, [ATTRIBUTES.delay.name]: Math.round(delayMs) };
    span?.addEvent(SPAN_EVENTS.retry.name, { ...facts, ...errorAttributes(error) });
  }

  #add(name: Parameters<Instruments["add"]>[0], value: number, labels: Labels): void {
    if (this.instruments.areEnabled) this.instruments.add(name, value, attributesOf(labels));
  }
}

/** Runs a task in a span, which ends with the task. */
export async function runInSpan<T>(open: OpenSpan | null, task: () => Promise<T>): Promise<T> {
  if (open === null) return task();
  try {
    return await open.run(task);
  } catch (error) {
    markFailed(open.span, error);
    throw error;
  } finally {
    open.span.end();
  }
}
