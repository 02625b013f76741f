import { composeEmbedded, composeServers, type Composition } from "./connect.ts";
import { parseConnString } from "./config/conn-string.ts";
import {
  embeddedConfigSchema,
  parseConfig,
  serverConfigSchema,
  type EmbeddedStoreConfig,
  type ScyllaDBStoreConfig,
} from "./config/schema.ts";
import type { Memory } from "./core/memory.ts";
import { ClosedError } from "./model/errors.ts";
import { StoreView, WHOLE_STORE } from "./views.ts";

/** Connects at most once at a time, and again after a failure. */
class Lifecycle {
  readonly #composition: Composition;
  #starting: Promise<Memory> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(composition: Composition) {
    this.#composition = composition;
  }

  async memory(): Promise<Memory> {
    if (this.#stopping !== null) throw new ClosedError("The store was stopped; make a new one to go on.");
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<Memory> {
    try {
      await this.#composition.start();
      return this.#composition.memory;
    } catch (error) {
      this.#starting = null;
      throw error;
    }
  }

  async #stop(): Promise<void> {
    // A start under way ends first, so that what it opens is closed; whether it succeeded does not matter here.
    await Promise.allSettled([this.#starting]);
    await this.#composition.stop();
  }
}

/**
 * Long-term memory for LangGraph agents: a `BaseStore` on ScyllaDB (or Cassandra, or Astra DB) and Qdrant, or on one
 * local file.
 *
 * @example
 * ```ts
 * const store = await ScyllaDBStore.connect({
 *   cql: { contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1", keyspace: "agents" },
 *   qdrant: { url: "http://127.0.0.1:6333" },
 *   index: { dims: 1536, embeddings: new OpenAIEmbeddings(), fields: ["text"] },
 * });
 * const graph = builder.compile({ store });
 * ```
 */
export class ScyllaDBStore extends StoreView {
  readonly #lifecycle: Lifecycle;

  /**
   * A store on servers, which connects at its first operation or at {@link start}.
   *
   * @throws {ConfigurationError} that lists every mistake.
   */
  constructor(config: ScyllaDBStoreConfig);
  /** @internal */
  constructor(config: ScyllaDBStoreConfig | { readonly composition: Composition });
  constructor(config: ScyllaDBStoreConfig | { readonly composition: Composition }) {
    const composition =
      "composition" in config ? config.composition : composeServers(parseConfig(serverConfigSchema, config));
    const lifecycle = new Lifecycle(composition);
    const { limits, order } = composition.config;
    super({ memory: () => lifecycle.memory(), limits }, WHOLE_STORE, { order });
    this.#lifecycle = lifecycle;
  }

  /**
   * A store on servers, connected. At the first start it makes keyspace, tables and collection, unless `setup` is
   * `"never"`.
   */
  static async connect(config: ScyllaDBStoreConfig): Promise<ScyllaDBStore> {
    return started(new ScyllaDBStore(config));
  }

  /**
   * A store on servers, connected, from a string such as
   * `scylladb://user:password@host:9042/keyspace?dc=datacenter1`.
   *
   * @param config - the rest of the configuration; its `cql` options go before those of the string
   */
  static async fromConnString(
    connString: string,
    config: Omit<ScyllaDBStoreConfig, "cql"> & { cql?: Partial<ScyllaDBStoreConfig["cql"]> } = {},
  ): Promise<ScyllaDBStore> {
    return ScyllaDBStore.connect({ ...config, cql: { ...parseConnString(connString), ...config.cql } });
  }

  /** A store on one local file, open. It needs no server; several processes may share the file. */
  static async embedded(config: EmbeddedStoreConfig = {}): Promise<ScyllaDBStore> {
    return started(new ScyllaDBStore({ composition: composeEmbedded(parseConfig(embeddedConfigSchema, config)) }));
  }

  /** Connects. Calling it again, or not at all, does no harm: the first operation connects too. */
  override async start(): Promise<void> {
    await this.#lifecycle.memory();
  }

  /** Closes what the store opened, after the operations under way; it cannot be used afterwards. */
  override async stop(): Promise<void> {
    await this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function started(store: ScyllaDBStore): Promise<ScyllaDBStore> {
  try {
    await store.start();
    return store;
  } catch (error) {
    await store.stop();
    throw error;
  }
}
