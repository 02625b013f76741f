import {
  createNoopMeter,
  metrics,
  type Attributes,
  type BatchObservableResult,
  type Counter,
  type Histogram,
  type Meter,
  type MeterProvider,
  type Observable,
  type ObservableGauge,
} from "@opentelemetry/api";
import { ATTRIBUTES, METRICS, SCOPE, type MetricName } from "./names.ts";

type OfKind<Kind extends "histogram" | "counter" | "gauge"> = {
  [Name in MetricName]: (typeof METRICS)[Name]["instrument"] extends Kind ? Name : never;
}[MetricName];

/** Metrics that are gauges. */
type GaugeName = OfKind<"gauge">;

/** Values of labels, by key in {@link ATTRIBUTES}. */
export type Labels = Readonly<Partial<Record<keyof typeof ATTRIBUTES, string | number | boolean | null>>>;

/** Observes the value of a gauge. */
export type Observe = (name: GaugeName, value: number, labels?: Labels) => void;

/** Reads the values of all gauges. */
export type ReadGauges = (observe: Observe) => Promise<void>;

/** Converts labels to attributes with their exported names; omits null values. */
export function attributesOf(labels: Labels): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(labels)) {
    if (value !== null && value !== undefined) attributes[ATTRIBUTES[name as keyof typeof ATTRIBUTES].name] = value;
  }
  return attributes;
}

/** The OpenTelemetry metrics of a store. Costs nothing without an SDK. */
export class Instruments {
  readonly #readGauges: ReadGauges;
  #given: MeterProvider | undefined;
  #provider: MeterProvider | null = null;
  #current: MeterInstruments | null = null;
  #isReporting = false;

  /** @param readGauges - reads the gauges at each collection */
  constructor(readGauges: ReadGauges) {
    this.#readGauges = readGauges;
  }

  /** Whether a meter provider is registered. */
  get areEnabled(): boolean {
    return this.#current !== null;
  }

  /** Switches to a provider; by default to the one of the process. */
  switchTo(given: MeterProvider | undefined): void {
    this.#given = given;
    this.detectProvider();
  }

  /** Detects a newly registered provider of the process. */
  detectProvider(): void {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (provider === this.#provider) return;
    this.#provider = provider;
    this.#release();
    const meter = provider.getMeter(SCOPE);
    if (meter === createNoopMeter()) return;
    this.#current = new MeterInstruments(meter);
    if (this.#isReporting) this.#current.reportGauges(this.#readGauges);
  }

  /** Starts to report gauges. */
  start(): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    this.detectProvider();
    this.#current?.reportGauges(this.#readGauges);
  }

  /** Stops reporting gauges. */
  stop(): void {
    this.#isReporting = false;
    this.#current?.stopReporting();
  }

  /** Records a value of a histogram. */
  record(name: OfKind<"histogram">, value: number, attributes?: Attributes): void {
    this.#current?.histograms.get(name)?.record(value, attributes);
  }

  /** Adds to a counter. */
  add(name: OfKind<"counter">, value: number, attributes?: Attributes): void {
    this.#current?.counters.get(name)?.add(value, attributes);
  }

  #release(): void {
    this.#current?.stopReporting();
    this.#current = null;
  }
}

/** The instruments of one meter. */
class MeterInstruments {
  readonly histograms = new Map<MetricName, Histogram>();
  readonly counters = new Map<MetricName, Counter>();
  readonly #gauges = new Map<MetricName, ObservableGauge>();
  readonly #meter: Meter;
  #callback: ((result: BatchObservableResult) => Promise<void>) | null = null;

  constructor(meter: Meter) {
    this.#meter = meter;
    for (const [key, metric] of Object.entries(METRICS)) {
      const [name, { unit, meaning: description }] = [key as MetricName, metric];
      if (metric.instrument === "counter") this.counters.set(name, meter.createCounter(metric.name, { unit, description }));
      else if (metric.instrument === "gauge") this.#gauges.set(name, meter.createObservableGauge(metric.name, { unit, description }));
      else {
        const advice = { explicitBucketBoundaries: [...metric.buckets] };
        this.histograms.set(name, meter.createHistogram(metric.name, { unit, description, advice }));
      }
    }
  }

  reportGauges(readGauges: ReadGauges): void {
    if (this.#callback !== null) return;
    this.#callback = (result) =>
      readGauges((name, value, labels = {}) => {
        const gauge = this.#gauges.get(name);
        if (gauge !== undefined) result.observe(gauge, value, attributesOf(labels));
      });
    this.#meter.addBatchObservableCallback(this.#callback, this.#observables());
  }

  stopReporting(): void {
    if (this.#callback !== null) this.#meter.removeBatchObservableCallback(this.#callback, this.#observables());
    this.#callback = null;
  }

  #observables(): Observable[] {
    return [...this.#gauges.values()];
  }
}
