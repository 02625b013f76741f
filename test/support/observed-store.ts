/** A store under load with metrics for Prometheus, for the dashboard test and the demonstration. */
import { setTimeout as pause } from "node:timers/promises";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { freePort } from "../servers/free-port.ts";

/** Outcomes of the calls. */
export interface Answers {
  ok: number;
  /** Number of degraded searches. */
  degraded: number;
  /** Refusals by their code. */
  readonly refused: Record<string, number>;
}

const WORDS = ["tea", "iron", "harbour", "violin", "garden", "winter", "bread", "river", "copper", "lamp"];
const USERS = 5;

/** Approximate calls per second of one caller. */
const ROUNDS_PER_SECOND = 8;

/** A store with an exporter and callers. */
export class ObservedStore implements AsyncDisposable {
  readonly store: ScyllaDBStore;
  /** Scrape target: "127.0.0.1:20400". */
  readonly target: string;
  readonly answers: Answers = { ok: 0, degraded: 0, refused: {} };
  readonly #provider: MeterProvider;
  readonly #stopped = new AbortController();
  #callers: Promise<unknown> = Promise.resolve();

  private constructor(store: ScyllaDBStore, target: string, provider: MeterProvider) {
    this.store = store;
    this.target = target;
    this.#provider = provider;
  }

  /** Connects the store and serves its metrics. */
  static async start(config: Omit<ScyllaDBStoreConfig, "index">, slowOperationMs: number): Promise<ObservedStore> {
    const port = await freePort();
    const exporter = new PrometheusExporter({ host: "127.0.0.1", port, preventServerStart: true });
    await exporter.startServer();
    const meterProvider = new MeterProvider({ readers: [exporter] });
    const store = await ScyllaDBStore.connect({
      ...config,
      index: { dims: 64, embeddings: new HashEmbeddings({ dims: 64 }), fields: ["text"] },
      rateLimit: { store: { listNamespaces: { operations: 5, periodMs: 1_000 } } },
      telemetry: { meterProvider, slowOperationMs, backlogIntervalMs: 1_000 },
    });
    return new ObservedStore(store, `127.0.0.1:${port}`, meterProvider);
  }

  /** Starts the given number of callers, until {@link rest}. */
  begin(callers: number): void {
    this.#callers = Promise.all(Array.from({ length: callers }, (_, caller) => this.#call(caller)));
  }

  /** Stops the callers. */
  async rest(): Promise<void> {
    this.#stopped.abort();
    await this.#callers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rest();
    await this.store.stop();
    await this.#provider.shutdown();
  }

  async #call(caller: number): Promise<void> {
    const { signal } = this.#stopped;
    for (let round = 0; !signal.aborted; round += 1) {
      const namespace = ["users", `user-${(caller + round) % USERS}`];
      const key = `note-${round % 40}`;
      const word = WORDS[(caller * 3 + round) % WORDS.length];
      await this.#count(this.store.put(namespace, key, { text: `${word} and more of round ${round}` }));
      await this.#count(this.store.get(namespace, key));
      await this.#count(this.#search(namespace, word));
      await this.#count(this.store.listNamespaces({ prefix: ["users"] }));
      if (round % 10 === 9) await this.#count(this.store.delete(namespace, key));
      await pause(1_000 / ROUNDS_PER_SECOND, undefined, { signal }).catch(() => undefined);
    }
  }

  async #search(namespace: string[], query: string | undefined): Promise<void> {
    const { info } = await this.store.search(namespace, { ...(query === undefined ? {} : { query }), limit: 5 });
    if (info.degraded) this.answers.degraded += 1;
  }

  async #count(call: Promise<unknown>): Promise<void> {
    try {
      await call;
      this.answers.ok += 1;
    } catch (error) {
      const { code = "OTHER" } = error as { code?: string };
      this.answers.refused[code] = (this.answers.refused[code] ?? 0) + 1;
    }
  }
}
