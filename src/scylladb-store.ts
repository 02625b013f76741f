/** The store of the main entry: on servers, or on one local file. */
import { parseConnString } from "./config/conn-string.ts";
import { loadConfig, loadWithFile, type LoadOptions } from "./config/load.ts";
import type { EmbeddedStoreConfig } from "./config/option-types/embedded-store.ts";
import type { ScyllaDBStoreConfig } from "./config/option-types/server-store.ts";
import { ConfigWatch, type WatchOptions } from "./config/watch.ts";
import { embeddedRuntime, schemaOfFile } from "./runtime/embedded-runtime.ts";
import type { SchemaStatus } from "./ports/schema.ts";
import { Runtime } from "./runtime/runtime.ts";
import { creationOnServers, schemaOnServers, serverRuntime, type PartialServerConfig } from "./runtime/server-runtime.ts";
import { StoreBase } from "./store.ts";

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
export class ScyllaDBStore extends StoreBase {
  /**
   * Creates a store on servers, which connects at its first operation, at {@link setup} or at {@link start}.
   *
   * @throws {ConfigurationError} that lists every mistake.
   */
  constructor(config: ScyllaDBStoreConfig);
  /** @internal */
  constructor(config: ScyllaDBStoreConfig | Runtime);
  constructor(config: ScyllaDBStoreConfig | Runtime) {
    // Only `embedded` passes a runtime: a store on a local file needs no separate setup.
    if (config instanceof Runtime) super(config);
    else super(serverRuntime(config), creationOnServers(config));
  }

  /**
   * Returns a connected store on servers. The first start creates keyspace, tables and collection, unless `setup` is
   * `"never"`.
   */
  static async connect(config: ScyllaDBStoreConfig): Promise<ScyllaDBStore> {
    return StoreBase.started(new ScyllaDBStore(config));
  }

  /**
   * Returns a store on servers from a string such as `scylladb://user:password@host:9042/keyspace?dc=datacenter1`. The store
   * connects at its first operation, at {@link setup} or at {@link start}.
   *
   * @param config - the other options; its `cql` options override those of the string
   * @throws {ConfigurationError} that lists every mistake; its message never contains the string.
   */
  static fromConnString(connString: string, config: PartialServerConfig = {}): ScyllaDBStore {
    return new ScyllaDBStore({ ...config, cql: { ...parseConnString(connString), ...config.cql } });
  }

  /**
   * Returns a connected store with the configuration that {@link loadConfig} returns: on servers if it has `cql`, otherwise on
   * one local file.
   *
   * @param options - with `watch`, a change of the file is applied while the store runs, as by {@link reload}; a change that
   *   is refused is logged and emitted as `config-refused`, and the current configuration stays
   */
  static async fromConfig(options: FromConfigOptions = {}): Promise<ScyllaDBStore> {
    const { watch, ...sources } = options;
    const { config, file, fileState } = await loadWithFile(sources);
    const store = await ("cql" in config ? ScyllaDBStore.connect(config) : ScyllaDBStore.embedded(config));
    if (watch === undefined || watch === false || file === null) return store;
    store.reloadOnChange(
      () => loadConfig(sources),
      (onChange) => new ConfigWatch(file, onChange, fileState, watch === true ? {} : watch),
    );
    return store;
  }

  /**
   * Compares the stored schema with the one that this version of the package needs. Changes and creates nothing, and works where a
   * store cannot start: before {@link setup}, and on a newer schema.
   */
  static async schemaStatus(config: ScyllaDBStoreConfig | EmbeddedStoreConfig): Promise<SchemaStatus> {
    return "cql" in config ? schemaOnServers(config, (schema) => schema.schemaStatus()) : schemaOfFile(config).schemaStatus();
  }

  /** Returns the statements that create the schema, in order, for a DBA who applies them by hand. Connects to nothing. */
  static async schemaStatements(config: ScyllaDBStoreConfig | EmbeddedStoreConfig): Promise<readonly string[]> {
    return "cql" in config ? schemaOnServers(config, (schema) => schema.schemaStatements()) : schemaOfFile(config).schemaStatements();
  }

  /** Returns an open store on one local file, without servers. Several processes may share the file. */
  static async embedded(config: EmbeddedStoreConfig = {}): Promise<ScyllaDBStore> {
    return StoreBase.started(new ScyllaDBStore(embeddedRuntime(config)));
  }
}

/** Sources of the configuration, and whether to watch its file. */
export interface FromConfigOptions extends LoadOptions {
  /** Whether changes of the file are applied while the store runs. */
  readonly watch?: boolean | WatchOptions;
}
