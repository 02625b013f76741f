/** How `setup()` creates the schema. */
import type { StoreConfig } from "../config/store-config.ts";
import type { Runtime } from "./runtime.ts";

/** Creates the schema of a store whose start does not. */
export interface SchemaCreation {
  /** The current configuration. */
  readonly config: StoreConfig;
  /** Returns a runtime whose start creates the schema. */
  create(config: StoreConfig): Runtime;
}
