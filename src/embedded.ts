/** The store on one local file alone: a bundle of an application that imports this entry contains no client of ScyllaDB or Qdrant. */
import type { EmbeddedStoreConfig } from "./config/option-types/embedded-store.ts";
import { embeddedRuntime, schemaOfFile } from "./runtime/embedded-runtime.ts";
import type { SchemaStatus } from "./ports/schema.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { StoreBase } from "./store.ts";

export * from "./api.ts";

/** Long-term memory on one local file: the class of the main entry without servers. */
export class ScyllaDBStore extends StoreBase {
  private constructor(runtime: Runtime) {
    super(runtime);
  }

  /** Returns an open store on one local file, without servers. Several processes may share the file. */
  static async embedded(config: EmbeddedStoreConfig = {}): Promise<ScyllaDBStore> {
    return StoreBase.started(new ScyllaDBStore(embeddedRuntime(config)));
  }

  /** Compares the schema of the file with the one that this version of the package needs. Changes and creates nothing. */
  static async schemaStatus(config: EmbeddedStoreConfig): Promise<SchemaStatus> {
    return schemaOfFile(config).schemaStatus();
  }

  /** Returns the statements that create the schema, in order. */
  static async schemaStatements(config: EmbeddedStoreConfig): Promise<readonly string[]> {
    return schemaOfFile(config).schemaStatements();
  }
}
