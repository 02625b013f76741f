/** Composes stores on one local file. */
import type { EmbeddedStoreConfig } from "../config/option-types/embedded-store.ts";
import { embeddedConfigSchema, parseConfig } from "../config/schema.ts";
import type { SchemaReader } from "../ports/schema.ts";
import { FileDatabase, fileSchema } from "./file-database.ts";
import { Runtime } from "./runtime.ts";

/**
 * Returns the runtime of a store on one local file, not open.
 *
 * @throws {ConfigurationError} that lists every mistake.
 */
export function embeddedRuntime(config: EmbeddedStoreConfig): Runtime {
  return Runtime.first(parseConfig(embeddedConfigSchema, config), (checked, context) => new FileDatabase(checked, context));
}

/** Reads the schema of a local file. */
export function schemaOfFile(config: EmbeddedStoreConfig): SchemaReader {
  return fileSchema(parseConfig(embeddedConfigSchema, config));
}
