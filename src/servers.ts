/** The store on servers alone: a bundle of an application that imports this entry contains no code of the local file. */
import { parseConnString } from "./config/conn-string.ts";
import type { ScyllaDBStoreConfig } from "./config/option-types/server-store.ts";
import type { SchemaStatus } from "./ports/schema.ts";
import { creationOnServers, schemaOnServers, serverRuntime, type PartialServerConfig } from "./runtime/server-runtime.ts";
import { StoreBase } from "./store.ts";

export * from "./api.ts";

/** Long-term memory on ScyllaDB (or Cassandra, or Astra DB) and Qdrant: the class of the main entry without the local file. */
export class ScyllaDBStore extends StoreBase {
  /** Creates a store, which connects at its first operation, at {@link setup} or at {@link start}. */
  constructor(config: ScyllaDBStoreConfig) {
    super(serverRuntime(config), creationOnServers(config));
  }

  /** Returns a connected store. The first start creates keyspace, tables and collection, unless `setup` is `"never"`. */
  static async connect(config: ScyllaDBStoreConfig): Promise<ScyllaDBStore> {
    return StoreBase.started(new ScyllaDBStore(config));
  }

  /** Returns a store from a string such as `scylladb://user:password@host:9042/keyspace?dc=datacenter1`. */
  static fromConnString(connString: string, config: PartialServerConfig = {}): ScyllaDBStore {
    return new ScyllaDBStore({ ...config, cql: { ...parseConnString(connString), ...config.cql } });
  }

  /** Compares the stored schema with the one that this version of the package needs. Changes nothing. */
  static async schemaStatus(config: ScyllaDBStoreConfig): Promise<SchemaStatus> {
    return schemaOnServers(config, (schema) => schema.schemaStatus());
  }

  /** Returns the statements that create the schema, in order. Connects to nothing. */
  static async schemaStatements(config: ScyllaDBStoreConfig): Promise<readonly string[]> {
    return schemaOnServers(config, (schema) => schema.schemaStatements());
  }
}
