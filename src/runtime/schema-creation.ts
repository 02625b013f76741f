/** How `setup()` creates the schema. */
import type { EmbeddedStoreConfig } from "../config/option-types/embedded-store.ts";
import type { ScyllaDBStoreConfig } from "../config/option-types/server-store.ts";
import type { Runtime } from "./runtime.ts";

/** The configuration of a store on servers or on one local file. */
export type StoreConfig = ScyllaDBStoreConfig | EmbeddedStoreConfig;

/** What `setup()` creates the schema with, where a start does not create it. */
export interface SchemaCreation {
  /** The current configuration. */
  readonly config: StoreConfig;
  /** Returns a runtime whose start creates the schema. */
  create(config: StoreConfig): Runtime;
}
