/** How `setup()` creates the schema. */
import type { StoreConfig } from "../config/store-config.ts";
import type { Runtime } from "./runtime.ts";

/** What `setup()` creates the schema with, where a start does not create it. */
export interface SchemaCreation {
  /** The current configuration. */
  readonly config: StoreConfig;
  /** Returns a runtime whose start creates the schema. */
  create(config: StoreConfig): Runtime;
}
