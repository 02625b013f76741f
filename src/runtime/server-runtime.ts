/** Composes stores on servers. */
import type { ScyllaDBStoreConfig } from "../config/option-types/server-store.ts";
import { parseConfig, serverConfigSchema } from "../config/schema.ts";
import type { SchemaReader } from "../ports/schema.ts";
import { createContext } from "./context.ts";
import { Runtime } from "./runtime.ts";
import { ServerConnections } from "./server-connections.ts";
import { ServerDatabases } from "./server-databases.ts";
import type { SchemaCreation } from "./schema-creation.ts";

/** The options beside a connection string; options of `cql` override those of the string. */
export type PartialServerConfig = Omit<ScyllaDBStoreConfig, "cql"> & { cql?: Partial<ScyllaDBStoreConfig["cql"]> };

/**
 * Returns the runtime of a store on servers, not connected.
 *
 * @throws {ConfigurationError} that lists every mistake.
 */
export function serverRuntime(config: ScyllaDBStoreConfig): Runtime {
  return Runtime.first(parseConfig(serverConfigSchema, config), (checked, context) => new ServerDatabases(checked, context));
}

/** Returns how `setup()` creates the schema with `setup: "never"`; null with `setup: "auto"`, as each start creates it. */
export function creationOnServers(config: ScyllaDBStoreConfig): SchemaCreation | null {
  if (config.setup !== "never") return null;
  // Still a configuration on servers: a reload cannot change the kind of store.
  return { config, create: (current) => serverRuntime({ ...(current as ScyllaDBStoreConfig), setup: "auto" }) };
}

/** Reads the schema on servers, with connections of its own. */
export async function schemaOnServers<T>(given: ScyllaDBStoreConfig, read: (schema: SchemaReader) => Promise<T>): Promise<T> {
  const config = parseConfig(serverConfigSchema, given);
  const connections = new ServerConnections(config, createContext(config), null);
  try {
    return await read(connections);
  } finally {
    await connections.stop();
  }
}
